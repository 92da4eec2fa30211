"""Asking the one table of roles, and refusing by it."""

from chalicelib.domain.access.roles import Action, Person, may
from chalicelib.domain.errors import Forbidden


def require(person: Person, action: Action) -> None:
    """Refuse what the person's role does not allow. For things whose existence is no secret; of
    another's workspace nothing is told (``Missing``)."""
    if not may(person, action):
        raise Forbidden(
            "not-allowed", f"Your role, {person.role.value}, does not allow this ({action.value})."
        )
