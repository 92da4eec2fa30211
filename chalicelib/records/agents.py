"""The agent's item: one read tells who is calling and whether anything is under way."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from chalicelib.domain.agents.agent import Agent, AgentSettings
from chalicelib.ports.store import (
    Absent,
    AtMost,
    Check,
    Condition,
    Equals,
    Exists,
    Item,
    Key,
    Put,
    Store,
    Update,
    Value,
    Write,
)
from chalicelib.records import keys
from chalicelib.records.attributes import (
    SCHEMA,
    milliseconds,
    moment,
    moment_or_none,
    number,
    settings_of,
    text,
)
from chalicelib.records.pages import every_item

_ADMITS: tuple[Condition, ...] = (Exists(), AtMost("cordoned", 0), AtMost("retired", 0))

Digests = Sequence[tuple[bytes, float | None]]


@dataclass(frozen=True, slots=True)
class AgentPage:
    """Agents in order of id; ``next`` goes on."""

    agents: tuple[Agent, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Leader:
    """Which instance of an agent leads its cluster, as its ``prerequisites`` message says."""

    epoch: int
    instance: str
    software: str
    namespace: str


def load(store: Store, organisation_id: str, agent_id: str) -> Agent | None:
    """Return the agent, a retired one too. One read."""
    item = store.get(keys.agent(organisation_id, agent_id))
    return None if item is None else from_item(item, organisation_id)


def load_by(store: Store, organisation_id: str, key: Key) -> Agent | None:
    """Return the agent that has this key, as a failed condition names it; None where none has."""
    agent_id = keys.last_part(key.sort)
    is_agent = key.sort.startswith(keys.AGENTS) and key == keys.agent(organisation_id, agent_id)
    return load(store, organisation_id, agent_id) if is_agent else None


def load_page(
    store: Store, organisation_id: str, *, after: str | None = None, limit: int | None = None
) -> AgentPage:
    """Return a page of the organisation's agents, retired ones too."""
    page = store.query(
        keys.of_organisation(organisation_id), prefix=keys.AGENTS, after=after, limit=limit
    )
    return AgentPage(tuple(from_item(item, organisation_id) for item in page.items), page.next)


def every_agent(store: Store, organisation_id: str) -> Iterator[Agent]:
    """Yield all of the organisation's agents, retired ones too."""
    partition = keys.of_organisation(organisation_id)
    for item in every_item(store, partition, keys.AGENTS):
        yield from_item(item, organisation_id)


def put_new(agent: Agent) -> Put:
    """Write a new agent."""
    attributes: dict[str, Value] = {
        "v": SCHEMA,
        "name": agent.name,
        "settings": _stored(agent.settings),
        "version": agent.version,
        "created": milliseconds(agent.created_at),
        "tokens": _stored_digests(agent.token_digests),
        "intent": agent.intent,
    }
    return Put(Item(keys.agent(agent.organisation_id, agent.id), attributes), when=[Absent()])


def change_settings(agent: Agent, name: str, settings: AgentSettings) -> Update:
    """Write name and settings, if nobody else changed the agent since; its agent hears of it."""
    return _change(agent, {"name": name, "settings": _stored(settings)})


def change_tokens(agent: Agent, digests: Digests, *, epoch: int | None = None) -> Update:
    """Write which tokens hold, if nobody else changed the agent since; with ``epoch`` a new era
    begins."""
    begun: dict[str, Value] = {} if epoch is None else {"epoch": epoch}
    return _change(agent, {"tokens": _stored_digests(digests)} | begun)


def restored(agent: Agent, epoch: int) -> Update:
    """Write that a new era begins with ``epoch``, in which the agent reports before it obeys."""
    return _change(agent, _of_restore(epoch))


def put_restored(item: Item, epoch: int) -> Put:
    """Write an agent's item of elsewhere where there is none, as ``restored`` would change it."""
    return Put(Item(item.key, {**item.attributes, **_of_restore(epoch)}), when=[Absent()])


def reported(agent: Agent) -> Update:
    """Write that all was reported since the restore; fails when somebody newer leads meanwhile."""
    key = keys.agent(agent.organisation_id, agent.id)
    return Update(key, set={"owes_report": False}, when=[Equals("epoch", agent.epoch)])


def retire(agent: Agent, at: float) -> Update:
    """Write that the agent is no more: none of its tokens holds."""
    return _change(agent, {"retired": milliseconds(at), "tokens": []})


def cordon(agent: Agent, *, cordoned: bool, draining: bool) -> Update:
    """Write whether the agent takes new workspaces, and whether it starts those that it has.

    As numbers, so that a condition of the store can ask for them: see ``admits`` and ``starts``.
    """
    return _change(agent, {"cordoned": int(cordoned), "draining": int(draining)})


def admits(organisation_id: str, agent_id: str) -> Update:
    """Tell the agent of a new workspace; fails where it takes none."""
    key = keys.agent(organisation_id, agent_id)
    return Update(key, add={"intent": 1}, when=_ADMITS)


def will_admit(organisation_id: str, agent_id: str) -> Check:
    """Fail where the agent takes no new workspace; there is nothing to hear of yet."""
    return Check(keys.agent(organisation_id, agent_id), _ADMITS)


def receives(organisation_id: str, agent_id: str, *, starts: bool) -> Update:
    """Tell the agent of a workspace that moved there; fails where it is retired, or would have to
    start it and is drained. Its place was kept: a cordon since keeps it out no more."""
    when: list[Condition] = [Exists(), AtMost("retired", 0)]
    when += [AtMost("draining", 0)] if starts else []
    return Update(keys.agent(organisation_id, agent_id), add={"intent": 1}, when=when)


def starts(organisation_id: str, agent_id: str) -> Update:
    """Tell the agent of something to start; fails while it is drained."""
    return Update(
        keys.agent(organisation_id, agent_id),
        add={"intent": 1},
        when=[Exists(), AtMost("draining", 0)],
    )


def introduced(agent: Agent, leader: Leader, at: float) -> Update:
    """Write who leads; fails when somebody newer does, or the agent was retired meanwhile."""
    return Update(
        keys.agent(agent.organisation_id, agent.id),
        set={
            "epoch": leader.epoch,
            "instance": leader.instance,
            "software": leader.software,
            "namespace": leader.namespace,
            "heard": milliseconds(at),
        },
        when=[Equals("created", milliseconds(agent.created_at)), AtMost("epoch", leader.epoch)],
    )


def unchanged(agent: Agent) -> Check:
    """Fail when somebody changed the agent since it was read."""
    return Check(keys.agent(agent.organisation_id, agent.id), [Equals("version", agent.version)])


def addressed(writes: Iterable[Write]) -> Iterator[str]:
    """Yield the ids of the agents that have something to hear after these writes."""
    for write in writes:
        if isinstance(write, Update) and "intent" in write.add:
            yield keys.last_part(write.key.sort)


def from_item(item: Item, organisation_id: str) -> Agent:
    """Return the agent that an item holds."""
    stored = item.attributes
    return Agent(
        id=keys.last_part(item.key.sort),
        organisation_id=organisation_id,
        name=text(stored, "name"),
        settings=settings_of(AgentSettings, stored.get("settings")),
        version=number(stored, "version"),
        created_at=moment(stored, "created"),
        token_digests=_digests(stored.get("tokens")),
        retired_at=moment_or_none(stored, "retired"),
        epoch=number(stored, "epoch"),
        instance=text(stored, "instance"),
        software=text(stored, "software"),
        intent=number(stored, "intent"),
        heard_at=moment_or_none(stored, "heard"),
        namespace=text(stored, "namespace"),
        restored=number(stored, "restored"),
        owes_report=stored.get("owes_report") is True,
        cordoned=number(stored, "cordoned") > 0,
        draining=number(stored, "draining") > 0,
    )


def _of_restore(epoch: int) -> dict[str, Value]:
    return {"epoch": epoch, "restored": epoch, "owes_report": True}


def _change(agent: Agent, attributes: Mapping[str, Value]) -> Update:
    return Update(
        keys.agent(agent.organisation_id, agent.id),
        set=attributes,
        add={"version": 1, "intent": 1},
        when=[Equals("version", agent.version)],
    )


def _stored(settings: AgentSettings) -> Value:
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(settings).items()
    }


def _stored_digests(digests: Digests) -> list[Value]:
    return [
        {"digest": digest, "until": None if until is None else math.floor(until * 1000)}
        for digest, until in digests
    ]


def _digests(stored: Value) -> tuple[tuple[bytes, float | None], ...]:
    found = (
        [entry for entry in stored if isinstance(entry, dict)] if isinstance(stored, list) else []
    )
    return tuple(
        (digest, moment_or_none(entry, "until"))
        for entry in found
        if isinstance(digest := entry.get("digest"), bytes)
    )
