"""Whether the hashed locks still say what their `.in` files ask for, told without the network.

uv writes below each pin who wanted it (`via -r agent.in`), so both directions can be compared: everything asked for is
pinned with a hash, and nothing is pinned as asked for that is not. One package has one version in all locks
but those of `APART`.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from checks.tree import ROOT

SETS = {"requirements.txt": "requirements.in"} | {
    f"requirements/{name}.txt": f"requirements/{name}.in"
    for name in (
        "agent",
        "awscli",
        "cli",
        "dev",
        "emulator",
        "interface",
        "proxy",
        "runtime",
        "toolchain",
    )
}
APART = frozenset({"requirements/emulator.txt"})
"""Environments that no program of ours shares: MiniStack demands a botocore of its own."""
REFERENCE = "requirements/dev.txt"
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;]+)")


class Pin(NamedTuple):
    """One entry of a lock."""

    version: str
    hashed: bool
    wanted_by: frozenset[str]


def pins(text: str) -> dict[NormalizedName, Pin]:
    """Return the pins of a lock by canonical name."""
    found: dict[NormalizedName, Pin] = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", text):
        if match := _PIN.match(block):
            wanted_by = frozenset(re.findall(r"-r (\S+\.in)", block))
            found[canonicalize_name(match["name"])] = Pin(
                match["version"], "--hash=sha256:" in block, wanted_by
            )
    return found


def direct(path: Path) -> dict[NormalizedName, Requirement]:
    """Return what a `.in` file itself asks for, by canonical name; its `-r` lines are other files' business."""
    lines = (line.split("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    wanted = (Requirement(line) for line in lines if line and not line.startswith("-"))
    return {canonicalize_name(requirement.name): requirement for requirement in wanted}


def findings(root: Path) -> Iterator[str]:
    """Return every difference between a lock and what it was made from."""
    reference = pins((root / REFERENCE).read_text(encoding="utf-8"))
    for lock, source in SETS.items():
        text = (root / lock).read_text(encoding="utf-8")
        locked = pins(text)
        if "://" in text:
            yield f"{lock}: error: names an address; locks hold names, versions and hashes"
        yield from (
            f"{lock}: error: {name} has no hash" for name, pin in locked.items() if not pin.hashed
        )
        for name, pin in locked.items() if lock not in APART else ():
            if name in reference and reference[name].version != pin.version:
                yield f"{lock}: error: {name} {pin.version} differs from {reference[name].version} in {REFERENCE}"
        yield from _unlike_source(root, lock, source, locked)


def _unlike_source(
    root: Path, lock: str, source: str, locked: dict[NormalizedName, Pin]
) -> Iterator[str]:
    wanted = direct(root / source)
    said = {name for name, pin in locked.items() if source in pin.wanted_by}
    for name, requirement in wanted.items():
        if name not in said:
            yield f"{lock}: error: {source} asks for {name}; run make lock"
        elif not requirement.specifier.contains(locked[name].version, prereleases=True):
            yield f"{lock}: error: {source} asks for {requirement}, {locked[name].version} is locked; run make lock"
    yield from (
        f"{lock}: error: {source} no longer asks for {name}; run make lock"
        for name in said - wanted.keys()
    )


def main(root: Path = ROOT) -> int:
    """Print every difference; 1 when there is one."""
    found = list(findings(root))
    print(*found, sep="\n", end="\n" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
