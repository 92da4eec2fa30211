"""What is in an image, as a software bill of materials: CycloneDX 1.6 in JSON (ECMA-424).

Read off what was built and not off what was asked for: the Debian packages with their hashes, the metadata of the
wheels in the layer, npm's lock. Packages are named by package URLs (purl). The same image always gives the same bytes.
"""

import base64
import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from pathlib import Path
from urllib.parse import quote, unquote

from images.architectures import Architecture

_DEB = re.compile(
    r"(?P<hash>[0-9a-f]{64})  (?P<name>[^_]+)_(?P<version>[^_]+)_(?P<arch>[^.]+)\.deb"
)
_DPKG_STATUS = "var/lib/dpkg/status"


@dataclass(frozen=True, slots=True)
class Component:
    """One package."""

    name: str
    version: str
    purl: str
    hashes: Mapping[str, str]
    """Hexadecimal, by the algorithm's name in CycloneDX; of what was fetched, where that is known."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The image that the bill is of."""

    name: str
    version: str
    architecture: Architecture


def write_bill(subject: Subject, base: Path, npm_lock: Path | None, out: Path) -> Path:
    """Write the bill of an image to `out`. `base`: folder of its base layer; `npm_lock`: what npm brought into it."""
    found = {each.purl: each for each in _components(base, npm_lock)}
    whole = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": _subject(subject)},
        "components": [_shown(found[purl]) for purl in sorted(found)],
    }
    out.write_text(json.dumps(whole, indent=1) + "\n")
    return out


def _components(base: Path, npm_lock: Path | None) -> Iterator[Component]:
    packages = base / "packages.txt"
    if packages.exists():
        yield from _archives(packages.read_text())
    if npm_lock is not None:
        yield from _npm(npm_lock)
    with tarfile.open(base / "layer.tar") as layer:
        for member in layer:
            file = layer.extractfile(member) if member.isreg() else None
            if file is None:
                continue
            if member.name.endswith(".dist-info/METADATA"):
                yield _wheel(file.read())
            elif member.name.removeprefix("./") == _DPKG_STATUS:
                yield from _installed(file.read().decode())


def _archives(text: str) -> Iterator[Component]:
    for line in text.splitlines():
        found = _DEB.fullmatch(line)
        if found is None:
            raise ValueError(f"packages.txt: {line!r} is no line of sha256sum on a .deb")
        version = unquote(found["version"])
        yield _debian(found["name"], version, found["arch"], {"SHA-256": found["hash"]})


def _installed(status: str) -> Iterator[Component]:
    for stanza in status.split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", stanza, re.MULTILINE))
        if fields.get("Status", "").endswith(" installed"):
            yield _debian(fields["Package"], fields["Version"], fields["Architecture"], {})


def _debian(name: str, version: str, architecture: str, hashes: Mapping[str, str]) -> Component:
    purl = f"pkg:deb/debian/{quote(name, safe='')}@{quote(version, safe='~')}?arch={architecture}"
    return Component(name, version, purl, hashes)


def _wheel(metadata: bytes) -> Component:
    fields = BytesHeaderParser().parsebytes(metadata)
    name, version = fields["Name"], fields["Version"]
    plain = re.sub(r"[-_.]+", "-", name).lower()
    return Component(name, version, f"pkg:pypi/{plain}@{quote(version, safe='')}", {})


def _npm(lock: Path) -> Iterator[Component]:
    for path, package in json.loads(lock.read_text())["packages"].items():
        name = path.removeprefix("node_modules/")
        if name:
            digest = base64.b64decode(package["integrity"].removeprefix("sha512-")).hex()
            purl = f"pkg:npm/{quote(name)}@{package['version']}"
            yield Component(name, package["version"], purl, {"SHA-512": digest})


def _subject(subject: Subject) -> dict[str, object]:
    return {
        "type": "container",
        "bom-ref": subject.name,
        "name": subject.name,
        "version": subject.version,
        "properties": [{"name": "berth:architecture", "value": subject.architecture.name}],
    }


def _shown(component: Component) -> dict[str, object]:
    shown: dict[str, object] = {
        "type": "library",
        "bom-ref": component.purl,
        "name": component.name,
        "version": component.version,
        "purl": component.purl,
    }
    if component.hashes:
        shown["hashes"] = [
            {"alg": algorithm, "content": value} for algorithm, value in component.hashes.items()
        ]
    return shown
