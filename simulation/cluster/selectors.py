"""Label and field selectors, as queries write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

Predicate = Callable[[Mapping[str, Any]], bool]
_SET = re.compile(r"(\S+)\s+(in|notin)\s+\(([^)]*)\)")
_SPLIT = re.compile(r",(?![^(]*\))")


@lru_cache(maxsize=1024)
def selecting(labels: str, fields: str) -> Predicate | None:
    """Return whether an object is selected; None when every one is.

    Raises ``ValueError`` for what cannot be read.
    """
    wanted = [_label(term.strip()) for term in _SPLIT.split(labels) if term.strip()]
    stated = [_field(term.strip()) for term in fields.split(",") if term.strip()]
    if not wanted and not stated:
        return None

    def selected(thing: Mapping[str, Any]) -> bool:
        found = thing["metadata"].get("labels") or {}
        return all(test(found) for test in wanted) and all(test(thing) for test in stated)

    return selected


def fields_in(selector: str) -> list[str]:
    """Names of the fields that a field selector compares."""
    return [_parted(term.strip())[0] for term in selector.split(",") if term.strip()]


def _label(term: str) -> Predicate:
    if among := _SET.fullmatch(term):
        values = tuple(value.strip() for value in among[3].split(","))
        if among[2] == "in":
            return lambda labels: labels.get(among[1]) in values
        return lambda labels: labels.get(among[1]) not in values
    if term.startswith("!"):
        return lambda labels: term[1:] not in labels
    name, sign, value = _parted(term)
    if not sign:
        return lambda labels: name in labels
    if sign == "!=":
        return lambda labels: labels.get(name) != value
    return lambda labels: labels.get(name) == value


def _field(term: str) -> Predicate:
    name, sign, value = _parted(term)
    if not sign:
        raise ValueError(f"invalid selector: '{term}'; can't understand '{term}'")
    path = name.split(".")

    def selected(thing: Mapping[str, Any]) -> bool:
        found: Any = thing
        for step in path:
            found = found.get(step) if isinstance(found, dict) else None
        return ((found or "") == value) is (sign != "!=")

    return selected


def _parted(term: str) -> tuple[str, str, str]:
    for sign in ("!=", "==", "="):
        name, found, value = term.partition(sign)
        if found:
            return name.strip(), sign, value.strip()
    return term, "", ""
