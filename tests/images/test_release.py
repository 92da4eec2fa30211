"""What an image is called, what it says of itself, and its bill of materials: from a small layer, without a build."""

import base64
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

from chalicelib.wire import VERSION
from images import release
from images.architectures import ARM64
from images.sbom import Subject, write_bill
from images.tools.build import HERE as TOOLS

PACKAGES = f"{'a' * 64}  busybox-static_1%3a1.35.0-4+deb12u1+b1_arm64.deb\n"
STATUS = """Package: bash
Status: install ok installed
Architecture: arm64
Version: 5.2.15-2+b13

Package: gone
Status: deinstall ok config-files
Architecture: arm64
Version: 1
"""


def base(folder: Path, **files: str) -> Path:
    """A folder as the cache keeps it for a base layer."""
    (folder / "packages.txt").write_text(PACKAGES)
    with tarfile.open(folder / "layer.tar", "w") as layer:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            layer.addfile(member, io.BytesIO(text.encode()))
    return folder


def bill(folder: Path, **files: str) -> dict[str, Any]:
    """The bill of a layer with these files."""
    subject = Subject("berth-agent", VERSION, ARM64)
    lock = TOOLS / "package-lock.json"
    written = write_bill(subject, base(folder, **files), lock, folder / "agent.cdx.json")
    found: dict[str, Any] = json.loads(written.read_text())
    return found


def test_an_image_is_called_by_its_version() -> None:
    """Below any prefix it has two tags: of the version, and `dev` for what was built last."""
    assert release.names("berth-agent") == [
        "localhost/berth-agent:dev",
        f"localhost/berth-agent:{VERSION}",
    ]
    assert release.names("berth-agent", "registry.example.org/berth/")[1] == (
        f"registry.example.org/berth/berth-agent:{VERSION}"
    )


def test_an_image_says_where_it_comes_from() -> None:
    """Its labels have version, licence and commit, under the names of the OCI."""
    labels = release.labels("berth-agent")
    prefix = "org.opencontainers.image."
    assert all(name.startswith(prefix) for name in labels)
    assert labels[f"{prefix}version"] == VERSION
    assert labels[f"{prefix}licenses"] == "Apache-2.0"
    assert labels.get(f"{prefix}revision", "") == release.revision()


def test_the_bill_names_what_is_inside(tmp_path: Path) -> None:
    """Debian packages with their hashes, wheels, packages of a whole Debian, and npm's, each by its package URL."""
    found = bill(
        tmp_path,
        **{
            "usr/lib/python3/dist-packages/Foo_Bar-1.2.dist-info/METADATA": (
                "Metadata-Version: 2.1\nName: Foo_Bar\nVersion: 1.2\n\nName: not a field\n"
            ),
            "./var/lib/dpkg/status": STATUS,
        },
    )
    components = {each["purl"]: each for each in found["components"]}
    assert set(components) == {
        "pkg:deb/debian/busybox-static@1%3A1.35.0-4%2Bdeb12u1%2Bb1?arch=arm64",
        "pkg:deb/debian/bash@5.2.15-2%2Bb13?arch=arm64",
        "pkg:pypi/foo-bar@1.2",
        "pkg:npm/%40xterm/xterm@6.0.0",
        "pkg:npm/%40xterm/addon-fit@0.11.0",
    }
    (busybox,) = (each for each in components.values() if each["name"] == "busybox-static")
    assert busybox["version"] == "1:1.35.0-4+deb12u1+b1"
    assert busybox["hashes"] == [{"alg": "SHA-256", "content": "a" * 64}]
    xterm = components["pkg:npm/%40xterm/xterm@6.0.0"]["hashes"][0]
    assert xterm["alg"] == "SHA-512"
    assert base64.b64encode(bytes.fromhex(xterm["content"])).decode().startswith("TQwDdQGtww")
    assert (found["bomFormat"], found["specVersion"]) == ("CycloneDX", "1.6")
    assert found["metadata"]["component"]["version"] == VERSION


def test_the_same_image_has_the_same_bill(tmp_path: Path) -> None:
    """Written twice, the bill has the same bytes: no time, no random number."""
    digests = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        bill(tmp_path / name)
        written = (tmp_path / name / "agent.cdx.json").read_bytes()
        digests.add(hashlib.sha256(written).hexdigest())
    assert len(digests) == 1
