"""Every key of the store, one function a kind; no other module spells one.

A key starts with its organisation, but for the short list of instance rows at the end. An agent's
workspaces share one partition, so that they are read by table key, strongly consistent. Parts may
hold no separator and no control character: no text of a user can reach another's key.
"""

import hashlib

from chalicelib.ports.store import Key

# What the sort keys of a kind start with, for queries.
MEMBERS = "USER#"
AGENTS = "AGENT#"
TOKENS = "TOKEN#"
WORKSPACES = "WS#"
STATES = "WS#"
PENDING = "PENDING#"
QUOTAS = "QUOTA#"
SEALED = "SEALED#"
EVENTS = "EVENT#"
SHORT_LIVED = ("SESSION#", "INVITATION#", "ADMISSION#", "IDEM#", "SYNC#")
"""Of use only where and when they were made."""
AUDIT_RECORDS = "RECORD#"
AUDIT_CHECKPOINTS = "CHECKPOINT#"

IDENTITIES = "IDENTITY"
DUES = "DUE"
DRAINS = "DRAIN"
AUDIT_HEADS = "AUDIT"


def of_organisation(org: str) -> str:
    """Partition: the organisation, its people, agents, credentials, quotas and workspaces."""
    return _join("ORG", org)


def of_agent(org: str, agent: str) -> str:
    """Partition: what one agent's conversation reads and writes."""
    return _join("ORG", org, "AGENT", agent)


def of_workspace(org: str, workspace: str) -> str:
    """Partition: the large and the many of one workspace."""
    return _join("ORG", org, "WS", workspace)


def of_audit(org: str) -> str:
    """Partition: the organisation's audit records and their checkpoints."""
    return _join("ORG", org, "AUDIT")


def organisation(org: str) -> Key:
    """Name and settings."""
    return Key(of_organisation(org), "ORG")


def member(org: str, user: str) -> Key:
    """A person's identity, name and role."""
    return Key(of_organisation(org), _join("USER", user))


def agent(org: str, agent_id: str) -> Key:
    """An agent's record."""
    return Key(of_organisation(org), _join("AGENT", agent_id))


def token(org: str, token_id: str) -> Key:
    """A personal token."""
    return Key(of_organisation(org), _join("TOKEN", token_id))


def session(org: str, session_id: str) -> Key:
    """A browser's session; expires."""
    return Key(of_organisation(org), _join("SESSION", session_id))


def invitation(org: str, invitation_id: str) -> Key:
    """A one-time code that makes a person a member; expires."""
    return Key(of_organisation(org), _join("INVITATION", invitation_id))


def admission(org: str, admission_id: str) -> Key:
    """A person's way into one endpoint; expires."""
    return Key(of_organisation(org), _join("ADMISSION", admission_id))


def idempotency(org: str, user: str, key: str) -> Key:
    """What an ``Idempotency-Key`` of a person led to; expires. The key is free text: hashed."""
    return Key(of_organisation(org), _join("IDEM", user, _sha256(key)))


def user_quota(org: str, user: str) -> Key:
    """Count of a person's workspaces."""
    return Key(of_organisation(org), _join("QUOTA", "USER", user))


def agent_quota(org: str, agent_id: str) -> Key:
    """Count of an agent's workspaces."""
    return Key(of_organisation(org), _join("QUOTA", "AGENT", agent_id))


def organisation_quota(org: str) -> Key:
    """Count of the organisation's workspaces."""
    return Key(of_organisation(org), _join("QUOTA", "ORGANISATION", org))


def workspace(org: str, workspace_id: str) -> Key:
    """A workspace's record: cold, written once."""
    return Key(of_organisation(org), _join("WS", workspace_id))


def state(org: str, agent_id: str, workspace_id: str) -> Key:
    """A workspace's hot item, which reconcile writes."""
    return Key(of_agent(org, agent_id), _join("WS", workspace_id))


def pending(org: str, agent_id: str, workspace_id: str) -> Key:
    """Exists while the agent has something to hear of the workspace."""
    return Key(of_agent(org, agent_id), _join("PENDING", workspace_id))


def orphan(org: str, agent_id: str, workspace_id: str) -> Key:
    """A workspace that the agent reported and nobody owns."""
    return Key(of_agent(org, agent_id), _join("ORPHAN", workspace_id))


def sync_page(org: str, agent_id: str, sync_id: str, page: int) -> Key:
    """Which workspaces one page of a full transfer named; expires. The transfer's id is free text."""
    return Key(of_agent(org, agent_id), _join("SYNC", _sha256(sync_id), f"{page:06}"))


def sync_pages(sync_id: str) -> str:
    """What the sort keys of the pages of one full transfer start with."""
    return _join("SYNC", _sha256(sync_id)) + "#"


def plan(org: str, workspace_id: str) -> Key:
    """The frozen rendering."""
    return Key(of_workspace(org, workspace_id), "PLAN")


def sealed(org: str, workspace_id: str, chunk: int) -> Key:
    """One chunk of the sealed variables, counted from 0."""
    return Key(of_workspace(org, workspace_id), _join("SEALED", f"{chunk:04}"))


def event(org: str, workspace_id: str, at: float, event_id: str) -> Key:
    """Something that happened to a workspace at ``at`` (seconds since the epoch)."""
    return Key(of_workspace(org, workspace_id), _join("EVENT", _milliseconds(at), event_id))


def audit_record(org: str, subject: str, number: int) -> Key:
    """One accepted change and who made it: the ``number``-th of its subject."""
    return Key(of_audit(org), _join("RECORD", subject, f"{number:010}"))


def audit_records(subject: str) -> str:
    """What the sort keys of the audit records of one subject start with."""
    return _join("RECORD", subject) + "#"


def audit_checkpoint(org: str, number: int) -> Key:
    """Which audit record was the newest of each subject that had changed."""
    return Key(of_audit(org), _join("CHECKPOINT", f"{number:010}"))


# Instance rows: the only ones outside an organisation.


def identity(issuer: str, subject: str) -> Key:
    """Which organisations a person of an issuer belongs to."""
    return Key(IDENTITIES, _sha256(f"{issuer}\0{subject}"))


def bootstrap() -> Key:
    """Whether the instance has its first owner."""
    return Key("BOOTSTRAP", "BOOTSTRAP")


def once(purpose: str, token_id: str) -> Key:
    """That a signed token was used; put when absent; expires."""
    return Key("ONCE", _join(purpose, token_id))


def due(at: float, org: str, agent_id: str, workspace_id: str) -> Key:
    """That the sweep shall look at a workspace at ``at``. Ids only."""
    return Key(DUES, _join(_milliseconds(at), org, agent_id, workspace_id))


def drain(org: str, agent_id: str) -> Key:
    """That an agent is being drained, until all that it has was asked to go. Ids only."""
    return Key(DRAINS, _join(org, agent_id))


def drain_parts(sort: str) -> tuple[str, str]:
    """Return organisation and agent of a DRAIN row's sort key."""
    org, agent_id = sort.split("#")
    return org, agent_id


def quota_parts(sort: str) -> tuple[str, str]:
    """Return kind and id of whose counter a QUOTA row is."""
    _, kind, subject_id = sort.split("#")
    return kind, subject_id


def due_parts(sort: str) -> tuple[float, str, str, str]:
    """Return time (seconds), organisation, agent and workspace of a DUE row's sort key."""
    at, org, agent_id, workspace_id = sort.split("#")
    return int(at) / 1000, org, agent_id, workspace_id


def audit_head(org: str, subject: str) -> Key:
    """A subject's newest audit record, until a checkpoint holds it. Ids and a digest only."""
    return Key(AUDIT_HEADS, _join(org, subject))


def audit_heads(org: str) -> str:
    """What the sort keys of one organisation's heads start with."""
    return _join(org) + "#"


def audit_head_parts(sort: str) -> tuple[str, str]:
    """Return organisation and subject of a head's sort key. Raises ValueError for what is none."""
    org, subject = sort.split("#")
    _join(org, subject)
    return org, subject


def last_part(sort: str) -> str:
    """Return the id that a sort key ends with."""
    return sort.rsplit("#", 1)[-1]


def _milliseconds(at: float) -> str:
    return f"{round(at * 1000):013}"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _join(*parts: str) -> str:
    for part in parts:
        if not part or "#" in part or not part.isprintable():
            raise ValueError(f"a part of a key is empty or holds a separator: {part!r}")
    return "#".join(parts)
