"""The built images: equal when built twice, and running as they will in a cluster."""

import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from berth_cli.image_check.rules import findings
from berth_cli.image_check.sources import read_image
from chalicelib.wire import VERSION
from images.architectures import AMD64, ARM64, Architecture
from images.cache import Cache, default_cache
from images.catalogue import IMAGES, Variant, build_base, build_image
from tests.images.conftest import unpacked

pytestmark = pytest.mark.cluster


@pytest.mark.parametrize(
    "name, architecture",
    [("tools", AMD64), ("agent", AMD64), ("workspace", AMD64), ("agent", ARM64)],
    ids=["tools", "agent", "workspace", "agent-arm64"],
)
def test_two_builds_are_equal(name: str, architecture: Architecture, tmp_path: Path) -> None:
    """Built again with an empty cache, from packages fetched again, the layer has the very same bytes."""
    variant = Variant(architecture)
    first = build_base(name, Cache(default_cache() / "images"), variant) / "layer.tar"
    second = build_base(name, Cache(tmp_path), variant) / "layer.tar"

    compared = subprocess.run(["cmp", first, second], capture_output=True, check=False)
    assert compared.stdout == b""
    assert compared.returncode == 0


@pytest.mark.parametrize("name", ["agent", "proxy", "tools"])
def test_images_for_arm64_hold_no_other_machine_code(name: str) -> None:
    """Every program and library is AArch64's (ELF machine 183), and the byte code is that of the other image."""
    cache = Cache(default_cache() / "images")
    layers = [
        contents(build_base(name, cache, Variant(each)) / "layer.tar") for each in (AMD64, ARM64)
    ]
    machines = [
        {int.from_bytes(data[18:20], "little") for data in layer.values() if data[:4] == b"\x7fELF"}
        for layer in layers
    ]
    assert machines == [{62}, {183}]
    compiled = [{path for path in layer if path.endswith(".pyc")} for layer in layers]
    alike = compiled[0] & compiled[1]
    assert len(alike) > 0.99 * max(map(len, compiled)) > 500
    assert [path for path in alike if layers[0][path] != layers[1][path]] == []


def contents(layer: Path) -> dict[str, bytes]:
    """What the regular files of a layer begin with, or whole where they are byte code."""
    with tarfile.open(layer) as tar:
        files = ((member, tar.extractfile(member)) for member in tar if member.isreg())
        return {
            member.name: file.read(-1 if member.name.endswith(".pyc") else 20)
            for member, file in files
            if file is not None
        }


def test_the_image_that_comes_with_berth_is_fit(tmp_path: Path) -> None:
    """`berth image check` has nothing to say of it."""
    built = build_image("workspace", tmp_path, Cache(default_cache() / "images"), Variant())
    assert list(findings(read_image(built))) == []


@pytest.mark.parametrize("name", sorted(IMAGES))
def test_an_archive_has_its_bill_beside_it(name: str, tmp_path: Path) -> None:
    """Built for a registry, an image has that registry's name, its version as label, and its bill of materials."""
    prefix = "registry.example.org/berth"
    archive = build_image(name, tmp_path, Cache(default_cache() / "images"), Variant(prefix=prefix))

    with tarfile.open(archive) as tar:
        manifest = json.load(tar.extractfile("manifest.json"))[0]  # type: ignore[arg-type]  # it is a file
        config = json.load(tar.extractfile(manifest["Config"]))["config"]  # type: ignore[arg-type]  # it is one, too
    assert f"{prefix}/{IMAGES[name].name}:{VERSION}" in manifest["RepoTags"]
    assert config["Labels"]["org.opencontainers.image.version"] == VERSION
    bill = json.loads((tmp_path / f"{name}.cdx.json").read_text())
    kinds = {each["purl"].partition("/")[0] for each in bill["components"]}
    assert (
        kinds
        == {
            "agent": {"pkg:deb", "pkg:pypi"},
            "proxy": {"pkg:deb", "pkg:pypi"},
            "tools": {"pkg:deb", "pkg:pypi", "pkg:npm"},
            "workspace": {"pkg:deb"},
        }[name]
    )


@pytest.fixture(scope="module", params=["agent", "proxy"])
def root(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root folder of one of our programs' images."""
    return unpacked(request.param, tmp_path_factory.mktemp("root") / request.param)


def run(root: Path, *words: str) -> str:
    """What a command says inside a root folder, as the image's user."""
    argv = ["/usr/sbin/chroot", "--userspec=65532:65532", str(root), *words]
    outcome = subprocess.run(
        argv, capture_output=True, text=True, env={"PYTHONUTF8": "1"}, check=False
    )
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout


def test_python_has_all_that_our_programs_import(root: Path) -> None:
    """TLS with the public authorities, the wheels, and time zones are there; no shell is."""
    script = (
        "import ssl, asyncio, sqlite3, zoneinfo, kubernetes.client, msgspec, pydantic, urllib3;"
        "zoneinfo.ZoneInfo('Europe/Berlin');"
        "print(len(ssl.create_default_context().get_ca_certs()))"
    )

    authorities = run(root, "/usr/bin/python3", "-c", script)

    assert int(authorities) > 100
    assert not (root / "bin/sh").exists()
    assert not (root / "usr/bin/perl").exists()


def test_the_proxys_data_plane_starts(tmp_path: Path) -> None:
    """HAProxy finds its libraries in the image."""
    root = unpacked("proxy", tmp_path / "proxy")

    assert run(root, "/usr/sbin/haproxy", "-v").startswith("HAProxy version 2.6")


def test_our_code_is_a_small_layer_above(tmp_path: Path) -> None:
    """The whole image holds the program where Python looks for it."""
    archive = build_image("agent", tmp_path, Cache(default_cache() / "images"))

    listing = subprocess.run(
        ["tar", "-xOf", archive, "manifest.json"], capture_output=True, text=True, check=True
    )
    [code] = listing.stdout.split('"Layers":[')[1].split("]")[0].replace('"', "").split(",")[1:]
    layer = subprocess.run(["tar", "-xOf", archive, code], capture_output=True, check=True)
    names = (
        subprocess.run(["tar", "-t"], input=layer.stdout, capture_output=True, check=True)
        .stdout.decode()
        .split()
    )
    assert "opt/berth/chalicelib/wire/__init__.py" in names
    assert "opt/berth/berth_kube/__init__.py" in names
    assert len(layer.stdout) < 5_000_000
