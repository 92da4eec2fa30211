"""Breakages of cordons, drains, and of the way of a workspace from one agent to another."""

from mutants.mutant import Mutant

_DECIDE = "chalicelib/domain/workspaces/decide.py"
_CHANGES = "chalicelib/records/changes.py"
_AGENTS = "chalicelib/records/agents.py"
_HANDOVER = "chalicelib/usecases/agents/handover.py"
_MOVE = "chalicelib/usecases/workspaces/move.py"
_MOVES = ("tests/usecases/workspaces/test_move.py",)
_DRAINS = ("tests/usecases/agents/test_drain.py",)
_RARE = "its race is rare among few people; the use case's test has it happen"

ROWS: tuple[Mutant, ...] = (
    Mutant(
        name="given-up-by-absence",
        meaning="A workspace is handed over when nothing is reported of it, tombstone or not.",
        file=_DECIDE,
        text="    if seen.absent and seen.tombstone == state.generation:\n",
        replacement="    if seen.absent:\n",
        tests=("tests/domain/test_scenarios.py",),
    ),
    Mutant(
        name="handed-over-twice",
        meaning="A handover does not ask whether the state is still what was read.",
        file=_CHANGES,
        text='            Delete(key, when=[Equals("version", before.version)]),\n'
        "            Delete(keys.pending(org, was.agent_id, workspace_id)),\n",
        replacement="            Delete(key),\n"
        "            Delete(keys.pending(org, was.agent_id, workspace_id)),\n",
        survives="the record's own new place, the counters and the audit chain refuse a second one too",
    ),
    Mutant(
        name="left-behind-state",
        meaning="The agent that is left keeps the state of what moved.",
        file=_CHANGES,
        text='            Delete(key, when=[Equals("version", before.version)]),\n'
        "            Delete(keys.pending(org, was.agent_id, workspace_id)),\n",
        replacement="            Delete(keys.pending(org, was.agent_id, workspace_id)),\n",
        tests=_MOVES,
    ),
    Mutant(
        name="stay-not-begun",
        meaning="An earlier removal binds the workspace where it comes back to.",
        file="chalicelib/domain/workspaces/transitions.py",
        text="replace(after, stay=after.generation, withheld=False)",
        replacement="replace(after, withheld=False)",
        tests=_MOVES,
    ),
    Mutant(
        name="place-not-kept",
        meaning="A move takes no place in the quota of the agent that it goes to.",
        file=_MOVE,
        text="        *quotas.taken_by(org, target.id, limits_of(moving.organisation)),\n",
        replacement="",
        tests=_MOVES,
    ),
    Mutant(
        name="place-not-freed",
        meaning="What was handed over counts at the agent that it left for ever.",
        file=_HANDOVER,
        text="        quotas.freed_by(org, talk.agent.id),\n",
        replacement="",
        tests=_MOVES,
    ),
    Mutant(
        name="old-workload-goes-along",
        meaning="The new agent is given the workload of the old one: its labels, class, images.",
        file=_HANDOVER,
        text="        plans.put_again(*made),\n",
        replacement="",
        tests=_MOVES,
    ),
    Mutant(
        name="move-from-a-retired-agent",
        meaning="A workspace leaves an agent that can never confirm that it is gone there.",
        file=_MOVE,
        text="    if agent is None or agent.retired_at is not None:\n",
        replacement="    if agent is None:\n",
        tests=_MOVES,
        unseen="no agent is retired in a random seed",
    ),
    Mutant(
        name="cordon-raced",
        meaning="A creation that has read the agent before its cordon passes it.",
        file=_AGENTS,
        text='(Exists(), AtMost("cordoned", 0), AtMost("retired", 0))',
        replacement='(Exists(), AtMost("retired", 0))',
        tests=_DRAINS,
        unseen=_RARE,
    ),
    Mutant(
        name="drain-raced",
        meaning="A start that has read the agent before its drain passes it.",
        file=_CHANGES,
        text="    if change.is_start:\n",
        replacement="    if not change.after.version:\n",
        tests=_DRAINS,
    ),
)
