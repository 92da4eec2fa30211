"""What holds after the store was restored from a backup, or an agent's token had leaked: eras."""

from mutants.mutant import Mutant

_DECIDE = "chalicelib/domain/workspaces/decide.py"
_RECONCILE = "chalicelib/usecases/agents/reconcile.py"
_CORE = "berth_agent/core.py"
_RESTORE = ("tests/usecases/agents/test_restore.py",)
_ERAS = ("tests/usecases/agents/test_eras.py",)
_AGENT = ("tests/agent/test_eras.py",)

ROWS = (
    Mutant(
        name="obeys-before-it-reports",
        meaning="After a restore an agent is given orders before it said what there is.",
        file=_RECONCILE,
        text="    if talk.agent.owes_report:\n",
        replacement="    if talk.agent.owes_report and talk.agent.retired_at:\n",
        tests=_RESTORE,
    ),
    Mutant(
        name="rests-though-it-owes-a-report",
        meaning="After a restore an agent without news is told that there is nothing.",
        file=_RECONCILE,
        text="        and not agent.owes_report\n",
        replacement="",
        tests=_RESTORE,
    ),
    Mutant(
        name="sent-before-it-was-seen",
        meaning="A workspace of a backup is sent before its cluster said what became of it.",
        file="chalicelib/usecases/agents/orders.py",
        text=" or state.epoch < talk.agent.restored:",
        replacement=":",
        tests=_RESTORE,
    ),
    Mutant(
        name="withheld-is-sent",
        meaning="What is gone from a cluster since the backup is made anew though nobody asked.",
        file=_DECIDE,
        text="    if state.withheld:\n        return Order.NOTHING\n",
        replacement="",
        tests=_RESTORE,
    ),
    Mutant(
        name="gone-since-the-backup-is-lost",
        meaning="What a full sync does not name after a restore is taken for lost and sent again.",
        file="chalicelib/usecases/agents/absences.py",
        text="is_restored = state.epoch < talk.agent.restored",
        replacement="is_restored = state.epoch < 0",
        tests=_RESTORE,
    ),
    Mutant(
        name="generation-of-the-backup",
        meaning="A restored wish has a generation that its cluster has overtaken long since.",
        file=_DECIDE,
        text="    return replace(state, generation=max(state.generation, seen.generation) + LEAP)\n",
        replacement="    return state\n",
        tests=_RESTORE,
    ),
    Mutant(
        name="next-generation-of-the-backup",
        meaning="The first wish after a restore has a generation that its cluster may hold a claim of.",
        file=_DECIDE,
        text="        return replace(state, leaps=True)\n",
        replacement="        return state\n",
        tests=_RESTORE,
    ),
    Mutant(
        name="claims-are-what-lives",
        meaning="After a restore no later generation than that of the live object is believed to be claimed.",
        file=_DECIDE,
        text="    is_known = seen.generation == state.generation == state.acknowledged\n",
        replacement="    is_known = 0 < seen.generation <= state.generation\n",
        tests=("tests/domain/test_scenarios.py",),
    ),
    Mutant(
        name="number-of-a-lost-wish",
        meaning="After a restore a wish is believed to live because a lost one of the same number does.",
        file=_DECIDE,
        text="    is_known = seen.generation == state.generation == state.acknowledged\n",
        replacement="    is_known = seen.generation == state.generation\n",
        tests=("tests/domain/test_scenarios.py",),
    ),
    Mutant(
        name="generation-without-a-bound",
        meaning="A lie after a restore pushes a generation beyond what the wire can carry.",
        file=_DECIDE,
        text="    if is_known or seen.generation > _FARTHEST:\n",
        replacement="    if is_known:\n",
        tests=_RESTORE,
    ),
    Mutant(
        name="end-since-the-backup-is-forgotten",
        meaning="A workspace that was terminated after the backup is wanted again.",
        file=_DECIDE,
        text="        is_ours = state.is_leaving and seen.tombstone <= state.generation\n",
        replacement="        is_ours = seen.tombstone is not None\n",
        tests=_RESTORE,
    ),
    Mutant(
        name="wish-outlives-a-lost-end",
        meaning="A wish since the restore counts over the termination before it, which it did not know of.",
        file=_DECIDE,
        text="        is_ours = state.is_leaving and seen.tombstone <= state.generation\n",
        replacement="        is_ours = seen.tombstone <= state.generation\n",
        tests=_RESTORE,
    ),
    Mutant(
        name="former-era-is-heard",
        meaning="What was said before a restore counts after it.",
        file=_RECONCILE,
        text="    if request.era not in (None, agent.era):\n",
        replacement="    if request.era == -1:\n",
        tests=(*_ERAS, *_RESTORE),
    ),
    Mutant(
        name="orders-of-a-former-era",
        meaning="An agent carries out orders that were given before a restore.",
        file=_CORE,
        text="            self._worklist.void()\n",
        replacement="",
        tests=_AGENT,
    ),
    Mutant(
        name="speaks-in-the-middle-of-its-work",
        meaning="After a restore an agent reports what its last order has half done.",
        file=_CORE,
        text="        return not self._entering\n",
        replacement="        return True\n",
        tests=_AGENT,
    ),
)
