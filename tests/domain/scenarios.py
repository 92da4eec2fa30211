"""The life of a workspace as a table: what is stored, what happens, what is sent, what is stored then.

Read a row as: *given* desired, actual, generation and acknowledgement, *when* a person wishes
something or a report arrives (or both, in this order), *then* this is sent, and this is stored.
"""

from dataclasses import dataclass, replace

from chalicelib.domain.workspaces.decide import Order, Outcome, Sighting
from chalicelib.domain.workspaces.states import ActualState as A
from chalicelib.domain.workspaces.states import DesiredState as D
from chalicelib.domain.workspaces.workspace import WorkspaceState
from tests.domain.sightings import absent, again, buried, ending, refused, seen, state

NOTHING, SPEC, TERMINATE = Order.NOTHING, Order.SPEC, Order.TERMINATE
STORED, STALE, COLLECT = Outcome.STORED, Outcome.STALE, Outcome.COLLECT


@dataclass(frozen=True)
class Scenario:
    """One row. ``then`` is (desired, actual, generation, acknowledged)."""

    title: str
    given: WorkspaceState
    then: tuple[D, A, int, int]
    sends: Order
    wish: D | None = None
    report: Sighting | None = None
    outcome: Outcome = STORED


def row(title: str, given: WorkspaceState, **rest: object) -> Scenario:
    """A row, title first."""
    return Scenario(title, given, **rest)  # type: ignore[arg-type] # the table names the fields


NEW = state(D.RUNNING, A.CREATION_REQUESTED)
RUNS = state(D.RUNNING, A.RUNNING, 1, 1)
STOPS = state(D.STOPPED, A.RUNNING, 2, 1)
STOPPED = state(D.STOPPED, A.STOPPED, 2, 2)
RESTARTS = state(D.RESTART_REQUESTED, A.RUNNING, 2, 1)
ENDS = state(D.TERMINATED, A.RUNNING, 2, 1)
ENDING = state(D.TERMINATED, A.TERMINATING, 2, 2)
ENDED = state(D.TERMINATED, A.TERMINATED, 2, 2)
MOVES = state(D.MOVE_REQUESTED, A.RUNNING, 2, 1)
CAME = replace(state(D.RUNNING, A.CREATION_REQUESTED, 3, 2, live=0), stay=3)
CALLED_OFF = replace(state(D.RUNNING, A.RUNNING, 3, 1), stay=3)
AS_RESTORED = replace(RUNS, leaps=True)
WITHHELD = replace(state(D.RUNNING, A.UNKNOWN, 1, 1, live=0), withheld=True)

# fmt: off
SCENARIOS = [
    # Creation
    row("a new workspace is sent",
        NEW, sends=SPEC, then=(D.RUNNING, A.CREATION_REQUESTED, 1, 0)),
    row("it is sent until it is acknowledged",
        NEW, report=absent(), sends=SPEC, then=(D.RUNNING, A.CREATION_REQUESTED, 1, 0)),
    row("once applied it is sent no more",
        NEW, report=seen(A.STARTING, 1), sends=NOTHING, then=(D.RUNNING, A.STARTING, 1, 1)),
    row("states may be skipped",
        NEW, report=seen(A.RUNNING, 1), sends=NOTHING, then=(D.RUNNING, A.RUNNING, 1, 1)),
    row("what was refused is sent again, with its reason shown",
        NEW, report=refused(), sends=SPEC, then=(D.RUNNING, A.ERROR, 1, 0)),
    row("what is applied and not ready keeps its intent",
        NEW, report=seen(A.FAILED, 1), sends=NOTHING, then=(D.RUNNING, A.FAILED, 1, 1)),
    row("a failed one may heal",
        state(D.RUNNING, A.FAILED, 1, 1), report=seen(A.RUNNING, 1), sends=NOTHING, then=(D.RUNNING, A.RUNNING, 1, 1)),
    row("stopped before it ever was, it is made stopped",
        NEW, wish=D.STOPPED, sends=SPEC, then=(D.STOPPED, A.CREATION_REQUESTED, 2, 0)),
    row("ended before it ever was, it leaves a tombstone",
        NEW, wish=D.TERMINATED, report=buried(2), sends=NOTHING, outcome=COLLECT, then=(D.TERMINATED, A.TERMINATED, 2, 2)),
    # Stop and start
    row("a stop is sent",
        RUNS, wish=D.STOPPED, sends=SPEC, then=(D.STOPPED, A.RUNNING, 2, 1)),
    row("a stop is sent while the old generation lives",
        STOPS, report=seen(A.RUNNING, 1), sends=SPEC, then=(D.STOPPED, A.RUNNING, 2, 1)),
    row("a stop under way is not sent again",
        STOPS, report=seen(A.STOPPING, 2), sends=NOTHING, then=(D.STOPPED, A.STOPPING, 2, 2)),
    row("a stop ends",
        STOPS, report=seen(A.STOPPED, 2), sends=NOTHING, then=(D.STOPPED, A.STOPPED, 2, 2)),
    row("a start is sent",
        STOPPED, wish=D.RUNNING, sends=SPEC, then=(D.RUNNING, A.STOPPED, 3, 2)),
    row("the same wish twice is one",
        RUNS, wish=D.RUNNING, sends=NOTHING, then=(D.RUNNING, A.RUNNING, 1, 1)),
    # Restart
    row("a restart stops first",
        RUNS, wish=D.RESTART_REQUESTED, sends=SPEC, then=(D.RESTART_REQUESTED, A.RUNNING, 2, 1)),
    row("a restart waits for the pods to go",
        RESTARTS, report=seen(A.STOPPING, 2), sends=NOTHING, then=(D.RESTART_REQUESTED, A.STOPPING, 2, 2)),
    row("a restart runs again by itself, as a new generation",
        RESTARTS, report=seen(A.STOPPED, 2), sends=SPEC, then=(D.RUNNING, A.STOPPED, 3, 2)),
    row("an older stop does not end a restart",
        RESTARTS, report=seen(A.STOPPED, 1), sends=SPEC, then=(D.RESTART_REQUESTED, A.STOPPED, 2, 1)),
    row("a stopped one may be restarted",
        STOPPED, wish=D.RESTART_REQUESTED, report=seen(A.STOPPED, 3), sends=SPEC, then=(D.RUNNING, A.STOPPED, 4, 3)),
    row("a wish to end beats a restart",
        RESTARTS, wish=D.TERMINATED, report=seen(A.STOPPED, 2), sends=TERMINATE, then=(D.TERMINATED, A.STOPPED, 3, 2)),
    row("a wish to stop beats a restart",
        RESTARTS, wish=D.STOPPED, report=seen(A.STOPPED, 2), sends=SPEC, then=(D.STOPPED, A.STOPPED, 3, 2)),
    # Termination
    row("an end is sent",
        RUNS, wish=D.TERMINATED, sends=TERMINATE, then=(D.TERMINATED, A.RUNNING, 2, 1)),
    row("an end is sent until it is confirmed",
        ENDS, report=ending(2), sends=TERMINATE, then=(D.TERMINATED, A.TERMINATING, 2, 2)),
    row("absence alone confirms no end",
        ENDS, report=absent(), sends=TERMINATE, then=(D.TERMINATED, A.TERMINATING, 2, 1)),
    row("an older tombstone confirms no end",
        ENDS, report=buried(1), sends=TERMINATE, then=(D.TERMINATED, A.TERMINATING, 2, 1)),
    row("the tombstone of its generation confirms the end",
        ENDING, report=buried(2), sends=NOTHING, outcome=COLLECT, then=(D.TERMINATED, A.TERMINATED, 2, 2)),
    row("a tombstone that is still there is collected again",
        ENDED, report=buried(2), sends=NOTHING, outcome=COLLECT, then=(D.TERMINATED, A.TERMINATED, 2, 2)),
    row("what comes back after the end is removed again",
        ENDED, report=seen(A.RUNNING, 2), sends=TERMINATE, then=(D.TERMINATED, A.TERMINATED, 2, 2)),
    # Moving to another agent: for the one that it leaves it is an end
    row("a move is sent as an end",
        RUNS, wish=D.MOVE_REQUESTED, sends=TERMINATE, then=(D.MOVE_REQUESTED, A.RUNNING, 2, 1)),
    row("a move waits for what is still there",
        MOVES, report=ending(2), sends=TERMINATE, then=(D.MOVE_REQUESTED, A.TERMINATING, 2, 2)),
    row("absence alone gives nothing up",
        MOVES, report=absent(), sends=TERMINATE, then=(D.MOVE_REQUESTED, A.TERMINATING, 2, 1)),
    row("an older tombstone gives nothing up",
        MOVES, report=buried(1), sends=TERMINATE, then=(D.MOVE_REQUESTED, A.TERMINATING, 2, 1)),
    row("the tombstone of its generation gives it up",
        MOVES, report=buried(2), sends=NOTHING, outcome=COLLECT, then=(D.MOVE_REQUESTED, A.TERMINATED, 2, 2)),
    row("what moves may be terminated, by a tombstone of that wish",
        MOVES, wish=D.TERMINATED, report=buried(2), sends=TERMINATE, then=(D.TERMINATED, A.TERMINATING, 3, 2)),
    row("what came is sent to its new agent",
        CAME, sends=SPEC, then=(D.RUNNING, A.CREATION_REQUESTED, 3, 2)),
    row("what came and is not there yet is not lost",
        CAME, report=absent(), sends=SPEC, then=(D.RUNNING, A.CREATION_REQUESTED, 3, 2)),
    row("what came is acknowledged as ever",
        CAME, report=seen(A.RUNNING, 3), sends=NOTHING, then=(D.RUNNING, A.RUNNING, 3, 3)),
    row("the tombstone of an earlier stay is collected",
        CAME, report=buried(1), sends=SPEC, outcome=COLLECT, then=(D.RUNNING, A.CREATION_REQUESTED, 3, 2)),
    row("a tombstone of this stay is nobody's wish",
        CAME, report=buried(3), sends=SPEC, then=(D.RUNNING, A.ERROR, 3, 2)),
    row("called off before it began, it lives on",
        CALLED_OFF, report=seen(A.RUNNING, 1), sends=SPEC, then=(D.RUNNING, A.RUNNING, 3, 1)),
    row("called off too late, its removal goes on",
        CALLED_OFF, report=ending(2), sends=SPEC, then=(D.RUNNING, A.TERMINATING, 3, 1)),
    row("and then it is made anew",
        CALLED_OFF, report=buried(2), sends=SPEC, outcome=COLLECT, then=(D.RUNNING, A.CREATION_REQUESTED, 3, 1)),
    # Reports that must not be believed
    row("an older report changes nothing",
        RUNS, report=seen(A.FAILED, 1, resource_version=9), sends=NOTHING, outcome=STALE, then=(D.RUNNING, A.RUNNING, 1, 1)),
    row("a report of an older epoch changes nothing",
        RUNS, report=seen(A.FAILED, 1, epoch=0, resource_version=99), sends=NOTHING, outcome=STALE, then=(D.RUNNING, A.RUNNING, 1, 1)),
    row("a newer epoch may count anew",
        RUNS, report=seen(A.FAILED, 1, epoch=2, resource_version=1), sends=NOTHING, then=(D.RUNNING, A.FAILED, 1, 1)),
    row("an acknowledgement never falls",
        STOPPED, report=seen(A.RUNNING, 1), sends=SPEC, then=(D.STOPPED, A.RUNNING, 2, 2)),
    row("a claim of the end of what is wanted is not believed",
        RUNS, report=buried(1), sends=SPEC, then=(D.RUNNING, A.ERROR, 1, 1)),
    row("a tombstone beside what is wanted is an error",
        RUNS, report=ending(1), sends=SPEC, then=(D.RUNNING, A.ERROR, 1, 1)),
    row("what vanished is not known and sent again",
        RUNS, report=absent(), sends=SPEC, then=(D.RUNNING, A.UNKNOWN, 1, 1)),
    row("a generation that was never made acknowledges nothing",
        RUNS, report=seen(A.RUNNING, 7), sends=SPEC, then=(D.RUNNING, A.UNKNOWN, 1, 1)),
    # The first report after a restore from a backup
    row("what is as the backup says goes on",
        RUNS, report=again(seen(A.RUNNING, 1)), sends=NOTHING, then=(D.RUNNING, A.RUNNING, 1, 1)),
    row("its next generation passes those that were lost",
        AS_RESTORED, wish=D.STOPPED, sends=SPEC, then=(D.STOPPED, A.RUNNING, 1 + 2**20, 1)),
    row("and so does what follows a restart of the backup",
        replace(RESTARTS, acknowledged=2), report=again(seen(A.STOPPED, 2)), sends=SPEC, then=(D.RUNNING, A.STOPPED, 2 + 2**20, 2)),
    row("a wish is not taken to live because a lost one of its number does",
        STOPS, report=again(seen(A.RUNNING, 2)), sends=SPEC, then=(D.STOPPED, A.RUNNING, 2 + 2**20, 2)),
    row("what is not yet as the backup says is sent above those that were lost",
        STOPPED, report=again(seen(A.RUNNING, 1)), sends=SPEC, then=(D.STOPPED, A.RUNNING, 2 + 2**20, 2)),
    row("a generation that was lost is passed, and the wish sent anew",
        RUNS, report=again(seen(A.RUNNING, 7)), sends=SPEC, then=(D.RUNNING, A.RUNNING, 7 + 2**20, 7)),
    row("where no generation is to be seen, those that may have been lost are passed",
        RUNS, report=again(seen(A.STARTING, 0)), sends=SPEC, then=(D.RUNNING, A.STARTING, 1 + 2**20, 1)),
    row("an end that was lost is an end",
        RUNS, report=again(buried(2)), sends=NOTHING, outcome=COLLECT, then=(D.TERMINATED, A.TERMINATED, 2, 2)),
    row("an end that was lost goes on",
        RUNS, report=again(ending(2)), sends=TERMINATE, then=(D.TERMINATED, A.TERMINATING, 2, 2)),
    row("an end that was lost is final although a wish since has its generation",
        STOPPED, report=again(buried(2)), sends=TERMINATE, then=(D.TERMINATED, A.TERMINATING, 2 + 2**20, 2)),
    row("a removal of an earlier stay is no end even then",
        CALLED_OFF, report=again(buried(2)), sends=SPEC, outcome=COLLECT, then=(D.RUNNING, A.CREATION_REQUESTED, 3, 1)),
    row("an end of the backup with a later tombstone ends with that",
        ENDS, report=again(buried(7)), sends=NOTHING, outcome=COLLECT, then=(D.TERMINATED, A.TERMINATED, 7, 7)),
    row("what is gone is not sent unasked",
        RUNS, report=again(absent()), sends=NOTHING, then=(D.RUNNING, A.UNKNOWN, 1, 1)),
    row("an end of the backup is sent where nothing is left",
        ENDS, report=again(absent()), sends=TERMINATE, then=(D.TERMINATED, A.TERMINATING, 2, 1)),
    row("a move of the backup is withheld where nothing is left: it may be over",
        MOVES, report=again(absent()), sends=NOTHING, then=(D.MOVE_REQUESTED, A.UNKNOWN, 2, 1)),
    row("a move of the backup goes on where something is left",
        MOVES, report=again(seen(A.RUNNING, 1)), sends=TERMINATE, then=(D.MOVE_REQUESTED, A.RUNNING, 2 + 2**20, 1)),
    row("what is withheld stays so while it is gone",
        WITHHELD, report=absent(), sends=NOTHING, then=(D.RUNNING, A.UNKNOWN, 1, 1)),
    row("what is withheld and lives after all goes on",
        WITHHELD, report=seen(A.RUNNING, 1), sends=NOTHING, then=(D.RUNNING, A.RUNNING, 1, 1)),
    row("what is withheld is sent to who wishes it again",
        WITHHELD, wish=D.RUNNING, sends=SPEC, then=(D.RUNNING, A.UNKNOWN, 2, 1)),
    row("what is withheld can be ended",
        WITHHELD, wish=D.TERMINATED, sends=TERMINATE, then=(D.TERMINATED, A.UNKNOWN, 2, 1)),
]
# fmt: on
