"""The agent's conversation with the control plane: ``POST /agent/v1/reconcile``.

The agent reports facts about live objects; the control plane answers what it stored and what to
apply. Who the agent is comes from its credential alone, never from the body.
"""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.wire import PROTOCOL

Object: TypeAlias = dict[str, Any]
"""A Kubernetes object as JSON."""

WorkspaceId = Annotated[str, Field(pattern=r"\Aws-[0-9a-z]{12}\z")]
MAX_NUMBER = 2**53
"""The largest whole number that every reader of JSON holds exactly (RFC 8259, 6); no store holds all larger ones."""

Whole = Annotated[int, Field(strict=True, ge=-MAX_NUMBER, le=MAX_NUMBER)]
"""A number on the wire is a number: text with digits would pass all bounds of the JSON reader."""
Count = Annotated[int, Field(strict=True, ge=0, le=MAX_NUMBER)]
Transitions = Annotated[int, Field(strict=True, ge=0, lt=2**32)]
"""Of a Lease. The control plane keeps them below the era in one number."""
Text = Annotated[str, Field(max_length=512)]
Name = Annotated[str, Field(max_length=128)]
Protocol = Annotated[int, Field(ge=1, le=PROTOCOL)]


class Message(BaseModel):
    """Unknown fields are ignored, so that either side may be a version ahead."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Condition(Message):
    """One condition of a Deployment, as Kubernetes states it."""

    type: Name
    status: Literal["True", "False", "Unknown"]
    reason: Name = ""
    message: Text = ""


class DeploymentFacts(Message):
    """What the live Deployment says. ``replicas`` is the wish, the rest is its status."""

    generation: Count
    observed_generation: Count = 0
    replicas: Count = 1
    current: Count = 0
    """``status.replicas``: pods that exist and are not terminating."""
    updated: Count = 0
    available: Count = 0
    conditions: tuple[Condition, ...] = Field(default=(), max_length=8)


class Trouble(Message):
    """One notable fact of a pod, a container, a claim or a Warning event, as Kubernetes states it.

    ``source`` is ``container``, ``init``, ``pod``, ``event`` or ``claim``; ``name`` the container's
    name where there is one; ``reason`` Kubernetes's own word (``ImagePullBackOff``,
    ``Unschedulable``, ...); ``detail`` of a container is why it ended last (``OOMKilled``, ...).
    """

    source: Literal["container", "init", "pod", "event", "claim"]
    name: Name = ""
    reason: Name
    detail: Name = ""
    exit_code: Whole | None = None
    message: Text = ""


class ApplyError(Message):
    """The API server refused an object of the order with this generation."""

    generation: Count
    kind: Name
    name: Name = ""
    status: Count
    reason: Name = ""
    message: Text = ""
    final: bool
    """True when trying the same again cannot help."""


class WorkspaceReport(Message):
    """Facts about one workspace in the cluster, about 250 bytes.

    ``resource_version`` orders reports of one ``epoch``; ``generation`` is read off the live
    Deployment or, once a termination began, off the tombstone.
    """

    workspace_id: WorkspaceId
    resource_version: Count
    generation: Count = 0
    namespace: Literal["Absent", "Active", "Terminating"]
    tombstone: Count | None = None
    """Generation of the tombstone, when there is one."""
    pods: Count | None = 0
    """Pods that exist and did not end, terminating ones too; None where they are not counted yet."""
    deployment: DeploymentFacts | None = None
    troubles: tuple[Trouble, ...] = Field(default=(), max_length=8)
    apply_error: ApplyError | None = None
    spec_digest: Name = ""
    secrets_digest: Name = ""


class FullSync(Message):
    """Place of this request in a full transfer of one or more pages."""

    id: Name
    page: Count = 0
    last: bool = True


class ReconcileRequest(Message):
    """One message of the agent. At most 500 reports and 1 MB."""

    protocol: Protocol = PROTOCOL
    update_type: Literal["full", "partial"]
    epoch: Transitions
    """Transitions of the agents' Lease: a newer holder has a higher epoch and fences older ones."""
    era: Count | None = None
    """The ``era`` of the last answer; None: heard of none, and the present one is meant."""
    instance: Name
    """Identity of this agent process, for people."""
    version: Name = ""
    intent: int = Field(default=-1, strict=True, ge=-1, le=MAX_NUMBER)
    """The ``intent`` of the last answer that was processed whole; -1 when there is none."""
    full_sync: FullSync | None = None
    reports: tuple[WorkspaceReport, ...] = Field(default=(), max_length=500)
    cursor: str | None = Field(default=None, max_length=2048)
    """Of the last answer with ``more``: go on there."""
    listening: bool | None = None
    """True: wake-ups are heard, so that fewer polls will do. False: a channel is wanted. None: neither,
    as of an agent that is trying its channel, or knows of none."""


Outcome: TypeAlias = Literal["stored", "stale", "unknown", "collect"]
"""What became of a report: stored; older than what is known and so dropped; of no workspace of this
agent; stored as ``Terminated``, so that its tombstone may be deleted."""


class Receipt(Message):
    """The control plane's word on one report."""

    workspace_id: str
    resource_version: int
    outcome: Outcome


class ApplyOrder(Message):
    """Bring the whole object group of a workspace to this generation.

    ``objects`` is the complete group in order of application, the parent ConfigMap first after the
    namespace and the Deployment last, without Secrets. ``secrets`` is None when the agent has the
    Secrets of ``secrets_digest`` already; ``secret_names`` always names all that belong.
    """

    action: Literal["apply"] = "apply"
    workspace_id: str
    generation: int
    spec_digest: str
    secrets_digest: str
    secret_names: tuple[str, ...]
    objects: tuple[Object, ...]
    secrets: tuple[Object, ...] | None = None


class TerminateOrder(Message):
    """Write the tombstone, then remove everything of the workspace, its volume too."""

    action: Literal["terminate"] = "terminate"
    workspace_id: str
    generation: int


Order: TypeAlias = Annotated[ApplyOrder | TerminateOrder, Field(discriminator="action")]


class WakeChannel(Message):
    """Where an agent hears that there is something to ask for: a GET that is held open until then.

    ``held``: ``url`` is a path of the control plane, asked with the agent's own credential, and the
    answer is a ``WakeResponse``. ``queue``: ``url`` is whole and signed, and so a secret; it is asked
    without a credential, and the answer is that of ``ReceiveMessage`` of Amazon SQS. A wake-up says
    nothing, and may be lost, late or doubled.
    """

    kind: Name
    """``held`` or ``queue``; an agent ignores a channel of another kind."""
    url: str = Field(repr=False)
    seconds: Count | None = None
    """How long from now it is good; None: as long as it answers."""


class WakeResponse(Message):
    """The end of a held ``GET /agent/v1/wake``: whether there is something to ask for."""

    woken: bool


class ReconcileResponse(Message):
    """Receipts of what was sent, and orders. ``more``: ask again at once with ``cursor``."""

    receipts: tuple[Receipt, ...] = ()
    orders: tuple[Order, ...] = ()
    more: bool = False
    cursor: str | None = None
    intent: int = 0
    """To be sent back with the next request once the orders of this answer were taken up."""
    next_poll_ms: int = 10_000
    full_sync_ms: int = 3_600_000
    era: int | None = None
    """To be sent back. Another one than was sent: nothing of the message was taken, and everything
    is to be reported anew; an order of the era before is void."""
    wake: WakeChannel | None = None
    """Where to listen from now on; None: nothing is new about that."""


class PrerequisitesRequest(Message):
    """The first message of an agent that became leader: ``POST /agent/v1/prerequisites``."""

    protocol: Protocol = PROTOCOL
    epoch: Transitions
    instance: Name
    version: Name = ""
    namespace: Name
    """The agent's own namespace: the proxy runs there."""


class PrerequisitesResponse(Message):
    """The proxy's objects (Deployment, Service, ConfigMap and Secret of the agent's namespace)."""

    objects: tuple[Object, ...] = ()
    digest: str = ""
    era: int | None = None
    """As of an answer to ``reconcile``."""
