"""The agent: what it says, what it hears, and how it applies."""

from mutants.mutant import Mutant

_CONVERSATION = "berth_agent/conversation.py"
_LEDGER = "berth_agent/ledger.py"
_CORE = "berth_agent/core.py"
_STOPS = "berth_agent/stops.py"
_APPLIER = "berth_agent/applier.py"
_CLAIM = "berth_agent/claim.py"
_PRUNE = "berth_agent/prune.py"
_WORKLIST = "berth_agent/worklist.py"
_LEASE = "berth_kube/lease.py"
_REACH = "berth_kube/reach.py"
_TESTS = ("tests/agent/test_core.py",)
_LIVES = ("tests/simulation/cluster/test_lives.py",)
_GUARDS = ("tests/simulation/cluster/test_guards.py",)
_LEADS = ("tests/kube/test_lease.py",)
_DOOR = ("tests/kube/test_reach.py",)
_UNCOUNTED = "no rule counts the questions of an outage"

ROWS = (
    Mutant(
        name="intent-before-the-last-page",
        meaning="An agent takes an intent for heard while orders of it are still to come.",
        file=_CONVERSATION,
        text="        if self._transfer is None and not response.more:\n",
        replacement="        if True:\n",
        tests=_TESTS,
    ),
    Mutant(
        name="confirmed-on-send",
        meaning="A report counts as heard once it was sent.",
        file=_CONVERSATION,
        text="        self._sent = {report.workspace_id: report for report in reports}\n",
        replacement=(
            "        self._sent = {report.workspace_id: report for report in reports}\n"
            "        for report in reports:\n"
            "            self._ledger._unsent.pop(report.workspace_id, None)\n"
        ),
        tests=_TESTS,
    ),
    Mutant(
        name="receipt-of-another-version",
        meaning="The receipt for an older report confirms a newer one.",
        file=_LEDGER,
        text="if report is None or report.resource_version != receipt.resource_version:",
        replacement="if report is None:",
        tests=_TESTS,
        unseen="an answer that is awaited is always to what was sent",
    ),
    Mutant(
        name="receipt-confirms-what-came-later",
        meaning="What happened while an answer was under way counts as told.",
        file=_LEDGER,
        text="            if self._said.get(receipt.workspace_id) is report:\n",
        replacement="            if receipt.workspace_id in self._said:\n",
        tests=_TESTS,
    ),
    Mutant(
        name="reports-without-numbers",
        meaning="Of two reports of one object's version nobody can tell which is newer.",
        file=_LEDGER,
        text="            number = max(number, said.resource_version + 1)\n",
        replacement="",
        tests=_TESTS,
        unseen="",
    ),
    Mutant(
        name="absence-from-an-answer-deletes",
        meaning="A workspace that a full answer does not name is removed.",
        file=_CORE,
        text="        collect = self._conversation.answered(response, moment)\n",
        replacement=(
            "        named = {order.workspace_id for order in response.orders}\n"
            "        for each in self._ledger.known():\n"
            "            if each not in named and response.orders:\n"
            "                self._worklist.resume(each, 1)\n"
            "        collect = self._conversation.answered(response, moment)\n"
        ),
        tests=(*_TESTS, "tests/agent/test_reports.py"),
    ),
    Mutant(
        name="acts-before-it-leads",
        meaning="An agent speaks and acts while another one holds the Lease.",
        file=_CORE,
        text="return list(self._proceed(moment)) if self._leading else []",
        replacement="return list(self._proceed(moment))",
        tests=_TESTS,
    ),
    Mutant(
        name="leads-beyond-its-lease",
        meaning="A leader that froze goes on to write after its Lease has passed to another.",
        file=_LEASE,
        text="        if not self.is_leader():\n            raise LostLease(",
        replacement='        if self._held.holder_identity == "":\n            raise LostLease(',
        tests=_LEADS,
    ),
    Mutant(
        name="epoch-of-the-former",
        meaning="A new leader has the epoch of the one before it.",
        file=_LEASE,
        text="return self._spec(lease.spec.lease_transitions + 1) if is_ours else None",
        replacement="return self._spec(lease.spec.lease_transitions) if is_ours else None",
        tests=_LEADS,
    ),
    Mutant(
        name="leads-again-unawares",
        meaning="Who slept while the Lease went round takes it again, and is fenced for ever by its own.",
        file=_LEASE,
        text="self._renewal(lease) if led else self._claim(lease, now)",
        replacement="(self._renewal(lease) if led else None) or self._claim(lease, now)",
        tests=_LEADS,
    ),
    Mutant(
        name="refused-order-in-the-way",
        meaning="An order that the agent refused, of a generation made up, blocks all true ones.",
        file="berth_agent/worklist.py",
        text="                if outcome.by_us:\n",
        replacement="                if outcome.by_us and outcome.error.status:\n",
        tests=("tests/agent/test_worklist.py",),
    ),
    Mutant(
        name="namespace-of-another",
        meaning="An order puts an object into a namespace that is not its workspace's.",
        file="berth_agent/ownership.py",
        text='    if inside != place or not metadata.get("name"):\n',
        replacement='    if not inside or not metadata.get("name"):\n',
        tests=("tests/agent/test_ownership.py",),
    ),
    Mutant(
        name="stop-without-a-look",
        meaning="A workspace is told as stopped though a pod of it may still write.",
        file=_STOPS,
        text="        if left == 0:\n            return report\n",
        replacement="        if not left:\n            return report\n",
        tests=("tests/agent/test_stops.py",),
    ),
    Mutant(
        name="stop-after-any-look",
        meaning="A look that found a pod makes a stop sure.",
        file=_STOPS,
        text="        if left == 0:\n            return report\n",
        replacement="        if left is not None:\n            return report\n",
        tests=("tests/agent/test_stops.py",),
    ),
    Mutant(
        name="start-over-the-last-pod",
        meaning="A start does not wait for the last pod of the run before: two write to one volume.",
        file=_APPLIER,
        text="        if starts and pods_left(self._client, group.order.workspace_id):\n",
        replacement="        if starts and self._client is None:\n",
        tests=_LIVES,
    ),
    Mutant(
        name="deployment-without-swap",
        meaning="The Deployment is written over one that was not read.",
        file=_APPLIER,
        text='    same = {"resourceVersion": live.metadata.resource_version, "uid": live.metadata.uid}\n',
        replacement="    same: dict[str, str] = {}\n",
        tests=_GUARDS,
    ),
    Mutant(
        name="claim-not-verified",
        meaning="Who was overtaken goes on to write.",
        file=_CLAIM,
        text="    if not same or found.spec_digest != group.order.spec_digest:\n",
        replacement="    if not same and not found:\n",
        tests=_GUARDS,
    ),
    Mutant(
        name="claim-by-the-older",
        meaning="An older order claims a workspace that a newer one holds.",
        file=_CLAIM,
        text="    if live.metadata.annotations.generation_number > group.order.generation:\n",
        replacement="    if group.order.generation < 0:\n",
        tests=_GUARDS,
    ),
    Mutant(
        name="claim-without-swap",
        meaning="Of two that claim at once both believe that they hold it.",
        file=_CLAIM,
        text='        body["metadata"]["resourceVersion"] = live.metadata.resource_version\n',
        replacement="",
        tests=_GUARDS,
    ),
    Mutant(
        name="lower-generation-overwrites",
        meaning="The Deployment of a newer generation is written over by an older order.",
        file=_APPLIER,
        text="            if found > group.order.generation:\n                raise Overtaken\n",
        replacement="",
        tests=_GUARDS,
        survives="the claim, which is read again just before the write, says the same",
    ),
    Mutant(
        name="scaled-by-hand-is-left",
        meaning="A workspace that somebody scaled by hand counts as applied.",
        file=_APPLIER,
        text="        and live.spec.replicas == _replicas(group)\n",
        replacement="",
        tests=_LIVES,
    ),
    Mutant(
        name="applied-without-its-secrets",
        meaning="An order whose Secrets are missing is applied all the same.",
        file=_APPLIER,
        text="        if _needs_secrets(live, group.order):\n            raise SecretsMissing\n",
        replacement="        if group.order.secret_names or live:\n            return\n",
        tests=_LIVES,
    ),
    Mutant(
        name="secrets-pruned-by-a-partial",
        meaning="Secrets that an order does not carry are deleted, though it names them.",
        file=_PRUNE,
        text="        if name not in group.order.secret_names:\n",
        replacement=(
            '        if name not in [each["metadata"]["name"] for each in group.order.secrets or ()]:\n'
        ),
        tests=_GUARDS,
    ),
    Mutant(
        name="prune-on-absence",
        meaning="What carries no mark of the set is deleted because the set does not name it.",
        file=_PRUNE,
        text='selector=f"{labels.PART_OF}={group.part_of}"',
        replacement='selector=""',
        tests=_GUARDS,
        unseen="nobody there puts objects of their own into a workspace's namespace",
    ),
    Mutant(
        name="volumes-are-pruned",
        meaning="A volume that left the set is deleted.",
        file=_PRUNE,
        text="_NEVER = (kinds.NAMESPACE, kinds.VOLUME_CLAIM, kinds.SECRET)",
        replacement="_NEVER = (kinds.NAMESPACE, kinds.SECRET)",
        tests=_GUARDS,
        unseen="no workspace there ever has fewer volumes than before",
    ),
    Mutant(
        name="namespace-of-another-adopted",
        meaning="A namespace that carries another's labels is written to.",
        file=_APPLIER,
        text="        elif not self._owner.owns(live, group.order.workspace_id):\n",
        replacement="        elif live.metadata.name != group.place:\n",
        tests=_GUARDS,
        unseen="nobody there makes a namespace of a workspace's name",
    ),
    Mutant(
        name="order-for-anything",
        meaning="An order may hold objects of other namespaces.",
        file="berth_agent/ownership.py",
        text='    if inside != place or not metadata.get("name"):\n',
        replacement='    if not metadata.get("name"):\n',
        tests=("tests/agent/test_ownership.py",),
        unseen="its control plane orders nothing of the kind",
    ),
    Mutant(
        name="older-order-replaces-newer",
        meaning="An order that comes late takes the place of a newer one that waits.",
        file=_WORKLIST,
        text="    return new.generation > known.generation\n",
        replacement="    return True\n",
        tests=_TESTS,
    ),
    Mutant(
        name="order-replaces-termination",
        meaning="An order that comes late takes the place of a termination under way.",
        file=_WORKLIST,
        text="        return ranks[type(new)] > ranks[type(known)]\n",
        replacement="        return True\n",
        tests=_TESTS,
    ),
    Mutant(
        name="missing-secrets-not-asked-for",
        meaning="An agent that lacks Secrets waits for the next full sync.",
        file=_CORE,
        text="            self._conversation.distrust()\n",
        replacement="",
        tests=_TESTS,
    ),
    Mutant(
        name="every-watch-asks-a-server-that-is-down",
        meaning="Each watch of an agent asks at its own pace while the API server is down.",
        file=_REACH,
        text="                self._answers.clear()\n",
        replacement="                pass\n",
        tests=_DOOR,
        unseen=_UNCOUNTED,
    ),
    Mutant(
        name="outage-that-never-ends",
        meaning="Watches go on asking one by one after the API server has answered.",
        file=_REACH,
        text="            self._answers.set()\n",
        replacement="            pass\n",
        tests=_DOOR,
        unseen=_UNCOUNTED,
    ),
)
