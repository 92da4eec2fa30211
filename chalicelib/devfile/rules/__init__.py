"""The rules that no schema can hold: references between elements, and what is safe to run.

Each rule looks at the whole document through ``View`` and reports every breach, so one reading
says all there is to say.
"""

from chalicelib.devfile.document import View
from chalicelib.devfile.review import Review
from chalicelib.devfile.rules import (
    commands,
    containers,
    endpoints,
    events,
    inert,
    limits,
    main,
    names,
    projects,
    volumes,
)

_RULES = (
    limits.check,
    names.check,
    containers.check,
    endpoints.check,
    volumes.check,
    commands.check,
    events.check,
    projects.check,
    inert.check,
    main.check,
)


def check_rules(root: View, review: Review) -> None:
    """Report every breach of every rule in ``root``, whose variables are substituted."""
    for check in _RULES:
        check(root, review)
