"""What the JSON schemas find, in words for people: one finding per fault, saying what to do."""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.devfile.document import Path, View
from chalicelib.devfile.findings import ProblemCode
from chalicelib.devfile.quoting import quoted
from chalicelib.devfile.review import Review

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

_TYPES = {
    "array": "a list",
    "boolean": "`true` or `false`",
    "integer": "a whole number",
    "object": "a mapping",
    "string": "text",
}

_SUPPORTED_KINDS = {
    "components": ("container", "volume"),
    "commands": ("exec", "apply", "composite"),
    "projects": ("git",),
    "starterProjects": ("git", "zip"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One error of the schema and where its explanation goes."""

    path: Path
    demand: Any
    """The value of the schema's keyword that was not met."""
    instance: Any
    schema: Any
    message: str
    review: Review
    settled: frozenset[Path]
    """Paths that have been dealt with already."""

    def report(self, code: ProblemCode, message: str, path: Path | None = None) -> None:
        """Refuse the devfile for this fault."""
        self.review.problem(code, self.path if path is None else path, message)

    @property
    def is_incomplete(self) -> bool:
        """Whether the mapping lost a key, so that nothing can be said to be missing."""
        return self.path in self.review.document.incomplete

    @property
    def subject(self) -> str:
        """How to speak of the node."""
        if not self.path:
            return "The devfile"
        if isinstance(self.path[-1], str):
            return quoted(self.path[-1])
        owner = str(self.path[-2]).removesuffix("s")
        return f"The {owner} {View(self.instance, self.path).name}"


def explain(error: "ValidationError", review: Review, settled: frozenset[Path]) -> None:
    """Report ``error``, unless it lies within what is ``settled``."""
    path = tuple(error.absolute_path)
    if any(path[: len(done)] == done for done in settled):
        return
    fault = Fault(
        path, error.validator_value, error.instance, error.schema, error.message, review, settled
    )
    _EXPLANATIONS.get(str(error.validator), _explain_other)(fault)


def _explain_missing(fault: Fault) -> None:
    if fault.is_incomplete:
        return
    for name in (name for name in fault.demand if name not in fault.instance):
        if (*fault.path, name) != ("schemaVersion",):  # reported with the versions to choose from
            fault.report("missing", f"{fault.subject} needs `{name}`.")


def _explain_unknown(fault: Fault) -> None:
    known = fault.schema["properties"]
    for name in fault.instance:
        inner = (*fault.path, name)
        if name not in known and inner not in fault.settled:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean `{close[0]}`?" if close else f"it may have {_listed(known)}."
            fault.report("unknown-key", f"{fault.subject} has no {quoted(name)}; {hint}", inner)


def _explain_kinds(fault: Fault) -> None:
    if not isinstance(fault.instance, dict):
        return  # the type is reported
    kinds = [name for option in fault.demand for name in option["required"]]
    present = [name for name in kinds if name in fault.instance]
    if fault.is_incomplete or any((*fault.path, key) in fault.settled for key in fault.instance):
        return
    if present:
        message = f"{fault.subject} is {_listed(present, 'and')} at once; keep one of them."
        fault.report("kind-several", message)
    else:
        choice = (
            _SUPPORTED_KINDS.get(str(fault.path[0]), tuple(kinds))
            if len(fault.path) == 2
            else kinds
        )
        message = f"{fault.subject} has no kind; give it one of {_listed(choice)}."
        fault.report("kind-missing", message)


def _explain_type(fault: Fault) -> None:
    wanted = _TYPES[fault.demand]
    if fault.instance is None:
        message = f"{fault.subject} has no value; write {wanted}, or remove the line."
    else:
        message = f"{fault.subject} is {wanted}, not {_described(fault.instance)}"
        message += (
            "; put it in quotes."
            if fault.demand == "string" and _is_scalar(fault.instance)
            else "."
        )
    fault.report("wrong-type", message)


def _explain_choice(fault: Fault) -> None:
    if not isinstance(fault.instance, str):
        return  # the type is reported
    message = f"{fault.subject} is one of {_listed(fault.demand)}, not {quoted(fault.instance)}."
    fault.report("not-one-of", message)


def _explain_pattern(fault: Fault) -> None:
    if fault.path == ("schemaVersion",):
        return
    if fault.path and fault.path[-1] in ("name", "id"):
        form = "lower-case letters, digits and `-`, with a letter or digit at both ends"
        message = f"{quoted(fault.instance)} is no name; use {form}."
    else:
        message = f"{fault.subject} does not have the form of a version such as `1.0.0`: {quoted(fault.instance)}."
    fault.report("wrong-form", message)


def _explain_length(fault: Fault) -> None:
    message = f"{quoted(fault.instance)} has {len(fault.instance)} characters; {fault.demand} is the most."
    fault.report("too-long", message)


def _explain_other(fault: Fault) -> None:
    fault.report("schema", f"{fault.subject} does not follow the schema: {fault.message[:200]}.")


_EXPLANATIONS: dict[str, Callable[[Fault], None]] = {
    "additionalProperties": _explain_unknown,
    "enum": _explain_choice,
    "maxLength": _explain_length,
    "oneOf": _explain_kinds,
    "pattern": _explain_pattern,
    "required": _explain_missing,
    "type": _explain_type,
}


def _described(value: Any) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return f"the text {quoted(value)}" if isinstance(value, str) else f"the number `{value}`"


def _is_scalar(value: Any) -> bool:
    return not isinstance(value, dict | list)


def _listed(names: Iterable[str], word: str = "or") -> str:
    *most, last = [f"`{name}`" for name in names]
    return f"{', '.join(most)} {word} {last}" if most else last
