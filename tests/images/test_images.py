"""The built images: equal when built twice, and running as they will in a cluster."""

import subprocess
from pathlib import Path

import pytest

from images.cache import Cache, default_cache
from images.catalogue import build_base, build_image
from tests.images.conftest import unpacked

pytestmark = pytest.mark.cluster


@pytest.mark.parametrize("name", ["tools", "agent", "workspace"])
def test_two_builds_are_equal(name: str, tmp_path: Path) -> None:
    """Built again with an empty cache, from packages fetched again, the layer has the very same bytes."""
    first = build_base(name, Cache(default_cache() / "images")) / "layer.tar"
    second = build_base(name, Cache(tmp_path)) / "layer.tar"

    compared = subprocess.run(["cmp", first, second], capture_output=True, check=False)
    assert compared.stdout == b""
    assert compared.returncode == 0


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
