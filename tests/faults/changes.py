"""Four changes at once, each of another kind: a workspace is created, stopped, started, terminated."""

import json
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import httpx

from berth_kube.kinds import CONFIG_MAP, NAMESPACE
from berth_kube.transport import Request
from tests.faults import rules
from tests.faults.history import WATCHED, Version
from tests.faults.installation import Installation
from tests.site.developer import Json, new_name
from tests.site.devfiles import devfile
from tests.site.waiting import first

ASK_SECONDS = 60
SETTLED_SECONDS = 150
"""For everything, after a fault: watches notice after 75 s that their connection is half-open."""


@dataclass(slots=True)
class Fleet:
    """All workspaces so far. ``doomed``: those whose end was asked for."""

    installation: Installation
    living: list[str] = field(default_factory=list)
    doomed: set[str] = field(default_factory=set)

    def recruit(self, *states: str) -> list[str]:
        """Ids of workspaces that are in these states now, one for each; no other lives."""
        owner = self.installation.owner
        while len(self.living) < len(states):
            self.living.append(owner.create(devfile())["id"])
        shown = {each: owner.read(each)["actual"] for each in self.living}
        chosen = list[str]()
        for state in states:
            left = [each for each in self.living if each not in chosen]
            chosen.append(next((each for each in left if shown[each] == state), left[0]))
        for each, state in zip(chosen, states, strict=True):
            owner.want(each, state)
        for each in set(self.living) - set(chosen):
            self.terminate(each)
        for each, state in zip(chosen, states, strict=True):
            owner.await_state(each, state)
        return chosen

    def terminate(self, workspace_id: str) -> Json:
        """Ask for an end."""
        self.doomed.add(workspace_id)
        if workspace_id in self.living:
            self.living.remove(workspace_id)
        return self.installation.owner.terminate(workspace_id)


class Changes:
    """They are asked for at once, each until it is accepted; then everything is to settle."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._here = fleet.installation
        self.stopping, self.starting, self.ending = fleet.recruit("Running", "Stopped", "Running")
        self.created = ""
        self._before = self._here.history.latest()
        self._asked: list[Future[Json]] = []

    def ask(self) -> None:
        """Ask for all four, and wait for none."""
        owner, name = self._here.owner, new_name("fault")
        asks: list[Callable[[], Json]] = [
            partial(owner.create_once, str(uuid.uuid4()), devfile(), name),
            partial(owner.want, self.stopping, "Stopped"),
            partial(owner.want, self.starting, "Running"),
            partial(self._fleet.terminate, self.ending),
        ]
        people = ThreadPoolExecutor(len(asks))
        self._asked = [people.submit(self._insist, ask) for ask in asks]
        people.shutdown(wait=False)

    def await_first_answer(self) -> None:
        """Return as soon as one is accepted."""
        first(lambda: any(each.done() for each in self._asked), "an answer", seconds=ASK_SECONDS)

    def await_begun(self) -> None:
        """Return as soon as the agent has written something of them: the change is under way."""
        first(
            lambda: self._here.history.has_seen(_is_claim, after=self._before),
            "a change that is under way",
            seconds=ASK_SECONDS,
            pause=0.005,
        )

    def await_accepted(self) -> None:
        """Return when all are accepted."""
        self.created = str(self._asked[0].result(ASK_SECONDS)["id"])
        for each in self._asked:
            each.result(ASK_SECONDS)
        if self.created not in self._fleet.living:
            self._fleet.living.append(self.created)

    def await_settled(self) -> None:
        """Return when nothing is unsettled; AssertionError with what is, and with any rule that was broken."""
        self.await_accepted()
        left: list[str] = []

        def is_settled() -> bool:
            left[:] = self._unsettled()
            return not left

        try:
            first(is_settled, "settled", seconds=SETTLED_SECONDS, pause=0.3)
        except TimeoutError as error:
            said = self._here.agent.log.read_text()[-3000:]
            raise AssertionError("\n".join([str(error), *left, said])) from None
        assert rules.broken(self._here.history.versions(), self._fleet.doomed) == []

    def _unsettled(self) -> list[str]:
        shown = [
            self._here.owner.answer_of(partial(self._here.owner.read, each))
            for each in (self.created, self.stopping, self.starting, self.ending)
        ]
        known = [each for each in shown if each is not None]
        if len(known) < len(shown):
            return ["the control plane does not answer"]
        return rules.unsettled(known, self.live())

    def live(self) -> list[Version]:
        """Every object of a workspace that is there, tombstones under their workspace's id."""
        found = list[Version]()
        for kind in WATCHED:
            answer = self._here.admin.send(Request("GET", kind.path()))
            assert answer.status == 200, answer.body
            for each in json.loads(answer.body)["items"]:
                found.append(
                    Version(kind, "LISTED", int(each["metadata"]["resourceVersion"]), each)
                )
        return [each for each in found if each.workspace_id.startswith("ws-")]

    def _insist(self, ask: Callable[[], Json]) -> Json:
        """Ask until there is an answer; a fault of the server is none."""

        def answer() -> Json | None:
            try:
                return self._here.owner.answer_of(ask)
            except httpx.HTTPStatusError as error:
                if error.response.status_code < 500:
                    raise
                return None

        return first(answer, "an answer", seconds=ASK_SECONDS)


def _is_claim(version: Version) -> bool:
    """Whether the agent wrote it at the beginning of a change."""
    return version.kind is NAMESPACE or (version.kind is CONFIG_MAP and version.generation > 0)
