"""Every breakage, by what it breaks."""

from mutants.mutant import Mutant
from mutants.table import (
    access,
    agent,
    changes,
    conversation,
    decisions,
    moves,
    removal,
    restore,
    wake_ups,
)

ROOMS: tuple[tuple[str, tuple[Mutant, ...]], ...] = (
    ("Reports, wishes and time", decisions.ROWS),
    ("What is written with a change", changes.ROWS),
    ("The conversation with an agent", conversation.ROWS),
    ("The agent", agent.ROWS),
    ("Termination in the cluster", removal.ROWS),
    ("After a restore", restore.ROWS),
    ("Moving to another agent", moves.ROWS),
    ("Wake-ups", wake_ups.ROWS),
    ("Who may do what", access.ROWS),
)

MUTANTS: tuple[Mutant, ...] = tuple(row for _, rows in ROOMS for row in rows)
