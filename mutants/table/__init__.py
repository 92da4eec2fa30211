"""Every breakage, by what it breaks."""

from mutants.mutant import Mutant
from mutants.table import access, agent, changes, conversation, decisions, removal, restore

MUTANTS: tuple[Mutant, ...] = (
    *decisions.ROWS,
    *changes.ROWS,
    *conversation.ROWS,
    *agent.ROWS,
    *removal.ROWS,
    *restore.ROWS,
    *access.ROWS,
)
