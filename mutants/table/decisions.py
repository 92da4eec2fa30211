"""What the control plane makes of a report, a wish, and time."""

from mutants.mutant import Mutant

_DECIDE = "chalicelib/domain/workspaces/decide.py"
_TRANSITIONS = "chalicelib/domain/workspaces/transitions.py"
_LIFECYCLE = "chalicelib/domain/workspaces/lifecycle.py"
_SWEEP = "chalicelib/usecases/workspaces/sweep.py"
_SCENARIOS = ("tests/domain/test_scenarios.py",)
_RECONCILE = ("tests/usecases/agents/test_reconcile.py",)

ROWS = (
    Mutant(
        name="reports-in-any-order",
        meaning="An older report overwrites what a newer one said.",
        file=_DECIDE,
        text="if (seen.epoch, seen.resource_version) < (state.epoch, state.resource_version):",
        replacement="if False:",
        tests=_SCENARIOS,
    ),
    Mutant(
        name="reports-ordered-without-epoch",
        meaning="The report of a former leader counts when its version is higher.",
        file=_DECIDE,
        text="if (seen.epoch, seen.resource_version) < (state.epoch, state.resource_version):",
        replacement="if seen.resource_version < state.resource_version:",
        tests=_SCENARIOS,
    ),
    Mutant(
        name="restart-ends-on-any-stop",
        meaning="A stop of an earlier generation ends a restart that has not begun.",
        file=_DECIDE,
        text="        and state.live_generation == state.generation\n    )",
        replacement="    )",
        tests=_SCENARIOS,
    ),
    Mutant(
        name="restart-ends-without-a-stop",
        meaning="A restart is over as soon as its generation lives, though a pod still runs.",
        file=_DECIDE,
        text="        and state.actual is effect.reached\n",
        replacement="",
        tests=_SCENARIOS,
    ),
    Mutant(
        name="end-is-not-absorbing",
        meaning="A report brings a terminated workspace back into another state.",
        file=_DECIDE,
        text="    if state.actual is ActualState.TERMINATED:\n        return _after_termination(seen)\n",
        replacement="",
        tests=_SCENARIOS,
    ),
    Mutant(
        name="absence-ends",
        meaning="A workspace counts as terminated because nothing is seen of it, without a tombstone.",
        file=_DECIDE,
        text="if seen.absent and seen.tombstone == state.generation:",
        replacement="if seen.absent:",
        tests=_SCENARIOS,
    ),
    Mutant(
        name="any-tombstone-ends",
        meaning="The tombstone of an earlier order confirms a later termination.",
        file=_DECIDE,
        text="if seen.absent and seen.tombstone == state.generation:",
        replacement="if seen.absent and seen.tombstone is not None:",
        tests=_SCENARIOS,
        unseen="an honest agent writes only tombstones that were ordered, and an end is ordered once",
    ),
    Mutant(
        name="absence-deletes",
        meaning="What a full sync does not name is wanted terminated.",
        file=_DECIDE,
        text="_shown(state.with_nothing_live(), ActualState.UNKNOWN, reasons.LOST, now)",
        replacement=(
            "_shown(replace(state.with_nothing_live(), desired=DesiredState.TERMINATED),"
            " ActualState.UNKNOWN, reasons.LOST, now)"
        ),
        tests=_SCENARIOS,
    ),
    Mutant(
        name="resurrect-on-full-sync",
        meaning="A full sync that does not name an ended workspace wants it again.",
        file=_DECIDE,
        text='what should exist is sent again.\n    """\n',
        replacement=(
            'what should exist is sent again.\n    """\n'
            "    if state.desired is DesiredState.TERMINATED:\n"
            "        return replace(state, desired=DesiredState.RUNNING,"
            " generation=state.generation + 1)\n"
        ),
        tests=_SCENARIOS,
    ),
    Mutant(
        name="absence-is-not-noticed",
        meaning="What was lost from a cluster is never sent again.",
        file=_DECIDE,
        text="    return None if after == state else after\n",
        replacement="    return None\n",
        tests=_SCENARIOS,
        unseen="its agents see all that happens in a cluster, so that an absence is reported as well",
    ),
    Mutant(
        name="foreign-tombstone-acknowledges",
        meaning="A tombstone that nobody asked for counts as the wanted generation.",
        file=_DECIDE,
        text="return 0 if seen.absent or seen.tombstone is not None else seen.generation",
        replacement="return seen.generation",
        tests=_SCENARIOS,
        unseen="nobody there writes a tombstone that was not ordered",
    ),
    Mutant(
        name="acknowledgement-falls",
        meaning="The acknowledged generation goes back to that of the latest report.",
        file=_DECIDE,
        text="acknowledged=max(state.acknowledged, live if live <= state.generation else 0)",
        replacement="acknowledged=live if live <= state.generation else 0",
        tests=_SCENARIOS,
    ),
    Mutant(
        name="acknowledgement-ahead-of-the-wish",
        meaning="An agent acknowledges a generation that nobody asked for.",
        file=_DECIDE,
        text="acknowledged=max(state.acknowledged, live if live <= state.generation else 0)",
        replacement="acknowledged=max(state.acknowledged, live)",
        tests=_SCENARIOS,
    ),
    Mutant(
        name="secrets-never-sent",
        meaning="An order comes without the Secrets that its cluster lacks.",
        file=_DECIDE,
        text='if state.secrets_digest not in ("", state.live_secrets_digest):',
        replacement="if False:",
        tests=_SCENARIOS,
    ),
    Mutant(
        name="secrets-always-sent",
        meaning="Secrets are opened and sent though the cluster has them.",
        file=_DECIDE,
        text='if state.secrets_digest not in ("", state.live_secrets_digest):',
        replacement='if state.secrets_digest != "":',
        tests=_SCENARIOS,
    ),
    Mutant(
        name="termination-sent-once",
        meaning="A termination is not sent any more once its tombstone was seen, done or not.",
        file=_DECIDE,
        text="return Order.NOTHING if terminated else Order.TERMINATE",
        replacement=(
            "heard = state.live_generation == state.generation\n"
            "        return Order.NOTHING if terminated or heard else Order.TERMINATE"
        ),
        tests=_SCENARIOS,
        unseen="an agent goes on with a termination by its own tombstone, whoever began it",
    ),
    Mutant(
        name="revenant-is-left",
        meaning="What lives on after its termination was confirmed is left where it is.",
        file=_DECIDE,
        text="        return Decision(None, Outcome.STORED, Order.TERMINATE)",
        replacement="        return Decision(None, Outcome.STORED, Order.NOTHING)",
        tests=(*_SCENARIOS, *_RECONCILE),
        unseen="nobody there brings objects back after the end",
    ),
    Mutant(
        name="later-generation-is-believed",
        meaning="A cluster that is ahead of a restored store is shown as if all were well.",
        file=_DECIDE,
        text="    if seen.generation > state.generation:\n        return ActualState.UNKNOWN, reasons.AHEAD\n",
        replacement="",
        tests=_SCENARIOS,
        unseen="no store is restored from a backup there yet",
    ),
    Mutant(
        name="tombstone-collected-too-early",
        meaning="The tombstone may go as soon as it was seen, before the end is confirmed.",
        file=_DECIDE,
        text="collect = after.actual is ActualState.TERMINATED",
        replacement="collect = seen.tombstone is not None",
        tests=_SCENARIOS,
    ),
    Mutant(
        name="wish-after-the-end",
        meaning="Somebody who clicks start brings a workspace back that is to be terminated.",
        file=_TRANSITIONS,
        text="    if state.desired is DesiredState.TERMINATED:\n",
        replacement="    if not state.workspace_id:\n",
        tests=_SCENARIOS,
    ),
    Mutant(
        name="wish-without-a-generation",
        meaning="A new wish has the generation of the one before it.",
        file=_TRANSITIONS,
        text="generation=state.generation + (LEAP if state.leaps else 1),",
        replacement="generation=state.generation,",
        tests=_SCENARIOS,
    ),
    Mutant(
        name="repeated-wish-is-a-change",
        meaning="A double click makes a generation, and an audit record, of its own.",
        file=_TRANSITIONS,
        text="    if desired is state.desired",
        replacement="    if state.generation < 0 and desired is state.desired",
        tests=(*_SCENARIOS, "tests/domain/test_histories.py"),
    ),
    Mutant(
        name="run-is-not-begun-anew",
        meaning="The longest run counts from the first start, however often it was started since.",
        file=_TRANSITIONS,
        text="        started_at=now if desired is DesiredState.RUNNING else None,\n",
        replacement="",
        tests=("tests/usecases/workspaces/test_sweep.py",),
        unseen="when a run has to end is no rule there, only what a stop may overwrite",
    ),
    Mutant(
        name="sweep-overwrites-a-wish",
        meaning="The sweep stops what ran long though its owner wants a restart by now.",
        file=_LIFECYCLE,
        text="    running = state.desired is DesiredState.RUNNING and",
        replacement=(
            "    if state.desired is not DesiredState.TERMINATED and settings.longest_run_seconds:\n"
            "        return state.desired_at + settings.longest_run_seconds\n"
            "    running = state.desired is DesiredState.RUNNING and"
        ),
        tests=("tests/domain/test_lifecycle.py",),
    ),
    Mutant(
        name="sweep-trusts-its-hint",
        meaning="A row of the sweep that is out of date is taken for the state's own.",
        file=_SWEEP,
        text="if state is None or workspace is None or not dues.is_of(due, state):",
        replacement="if state is None or workspace is None:",
        tests=("tests/usecases/workspaces/test_sweep.py",),
        unseen="it costs a look that changes nothing: rows and states go together in a transaction",
    ),
    Mutant(
        name="deserted-at-once",
        meaning="The grace of an owner or an agent that left is not waited for.",
        file=_SWEEP,
        text="return left_at is not None and ports.clock.now() >= left_at + settings.orphan_grace_seconds",
        replacement="return left_at is not None",
        tests=("tests/usecases/workspaces/test_sweep.py",),
        unseen="nobody leaves there",
    ),
)
