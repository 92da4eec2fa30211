"""A resolver for tests: files by the spelling of their references."""

from collections.abc import Mapping
from textwrap import dedent

from chalicelib.devfile import (
    DevfileRefused,
    Imported,
    ImportMissing,
    ImportRefused,
    Problem,
    Reading,
    Reference,
    WebAddress,
    flattened,
    read,
)


class Shelf:
    """Files by reference. Whatever is on another host than ``host.example`` is refused."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = {name: dedent(text) for name, text in files.items()}
        self.asked: list[Reference] = []

    def fetch(self, reference: Reference) -> Imported:
        """Return the file; what a registry gives stands at an address."""
        self.asked.append(reference)
        name = str(reference)
        if "://" in name and not name.startswith("https://host.example/"):
            raise ImportRefused(f"{name} is on no allowed host.")
        if name not in self._files:
            raise ImportMissing(f"There is no {name}.")
        is_local = "://" not in name
        return Imported(self._files[name], reference if is_local else WebAddress(name))


def problems_with(text: str, files: Mapping[str, str]) -> tuple[Problem, ...]:
    """Why ``text`` is refused when it may import ``files``."""
    try:
        read(dedent(text), Reading(resolver=Shelf(files)))
    except DevfileRefused as refused:
        return refused.problems
    return ()


def flat(text: str, files: Mapping[str, str]) -> dict[str, object]:
    """``text`` flattened."""
    return flattened(dedent(text), Reading(resolver=Shelf(files)))
