"""Frozen dataclasses to JSON-able dicts and back, by the types of their fields alone.

Members that have their default value are left out, so a field added later with a default reads
older forms; members that are not known are passed over.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from types import UnionType
from typing import Any, TypeVar, cast, get_args, get_origin

T = TypeVar("T")


def encoded(value: Any) -> dict[str, Any]:
    """The dataclass instance ``value`` as dicts, lists and scalars."""
    members = ((field, getattr(value, field.name)) for field in fields(value))
    return {f.name: _form(member) for f, member in members if not _is_default(f, member)}


def decoded(kind: type[T], form: Mapping[str, Any]) -> T:
    """The instance of dataclass ``kind`` that ``form`` was made from."""
    known = (field for field in fields(cast("Any", kind)) if field.name in form)
    return kind(**{field.name: _member(field.type, form[field.name]) for field in known})


def _form(member: Any) -> Any:
    if isinstance(member, tuple):
        return [_form(item) for item in member]
    return encoded(member) if is_dataclass(member) else member


def _member(hint: Any, form: Any) -> Any:
    if get_origin(hint) is UnionType:
        hint = next(option for option in get_args(hint) if option is not type(None))
    if get_origin(hint) is tuple:
        return tuple(_member(get_args(hint)[0], item) for item in form)
    return decoded(hint, form) if isinstance(hint, type) and is_dataclass(hint) else form


def _is_default(field: Field[Any], member: Any) -> bool:
    return field.default is not MISSING and bool(member == field.default)
