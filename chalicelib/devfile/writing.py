"""A tree as YAML that this room, and every other reader, takes for the same tree."""

import re
from typing import Any

import yaml

from chalicelib.devfile.scalars import NumberTooLarge, resolved

_BREAKS = re.compile("[\x85\u2028\u2029]")


def written(*trees: Any) -> str:
    """YAML of plain values, one document for each: no anchors, and quotes around what anybody could misread."""
    return yaml.dump_all(
        trees,
        Dumper=_Plain,
        sort_keys=False,
        allow_unicode=True,
        width=120,
        explicit_start=len(trees) > 1,
    )


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, _: Any) -> bool:
        """Write everything out, however often it is there."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Quotes for what JSON or YAML 1.2 reads as a number and YAML 1.1 does not (``2e0``), escapes for
    line breaks of Unicode, which the emitter would fold."""
    style = '"' if _BREAKS.search(text) else None if _is_text(text) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


def _is_text(text: str) -> bool:
    try:
        return resolved(text) == text
    except NumberTooLarge:
        return False


_Plain.add_representer(str, _text)
