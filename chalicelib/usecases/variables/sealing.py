"""Sealing and opening the variables of a workspace.

The context is computed here, from what the caller is allowed to touch, and bound into the seal: a
row that was copied to another workspace or organisation does not open.
"""

import json
from collections.abc import Sequence

from chalicelib.domain.variables.variable import Variable, VariableKind
from chalicelib.ports.keys import Context
from chalicelib.ports.sealing import Sealed, Sealer

_SCHEMA = "1"


def seal(sealer: Sealer, owned: tuple[str, str], variables: Sequence[Variable]) -> Sealed | None:
    """Seal the variables of a workspace (organisation and workspace id); None without any."""
    if not variables:
        return None
    rows = [[each.name, each.kind.value, each.value] for each in variables]
    return sealer.seal(json.dumps(rows, ensure_ascii=False).encode(), _context(*owned))


def open_sealed(sealer: Sealer, owned: tuple[str, str], sealed: Sealed) -> tuple[Variable, ...]:
    """Return the variables of a workspace (organisation and workspace id): one use of the master key."""
    rows = json.loads(sealer.open(sealed, _context(*owned)))
    return tuple(Variable(name, VariableKind(kind), value) for name, kind, value in rows)


def _context(organisation_id: str, workspace_id: str) -> Context:
    return {
        "organisation": organisation_id,
        "workspace": workspace_id,
        "purpose": "variables",
        "schema": _SCHEMA,
    }
