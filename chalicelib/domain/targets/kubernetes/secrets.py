"""The Secrets of a workspace's variables. They travel apart from the other objects."""

from base64 import b64encode
from collections.abc import Iterable

from chalicelib.domain.targets.kubernetes import metadata, names
from chalicelib.domain.targets.target import Object
from chalicelib.domain.variables.variable import Variable, VariableKind

SECRET_OF_KIND = {
    VariableKind.ENVIRONMENT: names.ENVIRONMENT_SECRET,
    VariableKind.FILE: names.FILES_SECRET,
}


def secret_names(kinds: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the Secrets for variables of these kinds."""
    present = set(kinds)
    return tuple(name for kind, name in SECRET_OF_KIND.items() if kind in present)


def render_secrets(
    workspace_id: str, agent_id: str, variables: Iterable[Variable]
) -> tuple[Object, ...]:
    """Return one Secret for each kind of variable that occurs."""
    values: dict[str, dict[str, str]] = {}
    for variable in variables:
        entries = values.setdefault(SECRET_OF_KIND[variable.kind], {})
        entries[variable.name] = b64encode(variable.value.encode()).decode()
    return tuple(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": metadata.member(name, workspace_id, agent_id),
            "type": "Opaque",
            "data": dict(sorted(values[name].items())),
        }
        for name in SECRET_OF_KIND.values()
        if name in values
    )
