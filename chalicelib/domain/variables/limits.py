"""What variables may be: names, numbers and sizes, every problem at once."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from chalicelib.domain.errors import Problem
from chalicelib.domain.variables.variable import Variable, VariableKind

MAX_VARIABLES = 100
MAX_NAME = 255
MAX_BYTES = {VariableKind.ENVIRONMENT: 32 * 1024, VariableKind.FILE: 128 * 1024}
MAX_BYTES_IN_ALL = 512 * 1024

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_RESERVED = frozenset({"PROJECTS_ROOT", "PROJECT_SOURCE"})
_RESERVED_PREFIX = "BERTH_"


def check(variables: Sequence[Variable]) -> list[Problem]:
    """Return everything that is wrong with the variables of one workspace. No value is quoted."""
    return [
        *_whole(variables),
        *(p for place, each in enumerate(variables) for p in _single(place, each)),
    ]


def _whole(variables: Sequence[Variable]) -> Iterator[Problem]:
    if len(variables) > MAX_VARIABLES:
        message = f"There are {len(variables)} variables; a workspace may have {MAX_VARIABLES}."
        yield Problem("too-many-variables", message, "#/variables")
    size = sum(len(each.value.encode()) for each in variables)
    if size > MAX_BYTES_IN_ALL:
        message = f"The values have {size} bytes together; at most {MAX_BYTES_IN_ALL} are allowed."
        yield Problem("variables-too-large", message, "#/variables")
    for name, times in Counter(each.name for each in variables).items():
        if times > 1:
            message = f"Variable {name[:MAX_NAME]!r} is given {times} times; give it once."
            yield Problem("variable-repeated", message, "#/variables")


def _single(place: int, variable: Variable) -> Iterator[Problem]:
    name = variable.name
    if not _NAME.fullmatch(name) or len(name) > MAX_NAME:
        message = (
            "A name has letters, digits and underscores, no digit first, and at most 255 of them."
        )
        yield Problem("variable-name", message, f"#/variables/{place}/name")
    elif name in _RESERVED or name.startswith(_RESERVED_PREFIX):
        message = f"The name {name} is kept for Berth; take another one."
        yield Problem("variable-name-reserved", message, f"#/variables/{place}/name")
    pointer = f"#/variables/{place}/value"
    limit = MAX_BYTES[variable.kind]
    if len(variable.value.encode()) > limit:
        message = (
            f"The value has more than {limit} bytes, the most for the kind {variable.kind.value}."
        )
        yield Problem("variable-too-large", message, pointer)
    if variable.kind is VariableKind.ENVIRONMENT and "\0" in variable.value:
        message = "An environment variable cannot hold a NUL character; use a file variable."
        yield Problem("variable-value", message, pointer)
