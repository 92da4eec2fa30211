"""The cluster's own images, read back from their archives."""

import io
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

from berth_local.cluster import images


@pytest.fixture(scope="module", autouse=True)
def _busybox() -> None:
    if shutil.which("busybox") is None:
        pytest.fail("busybox is missing: apt-get install busybox-static", pytrace=False)


def read(path: Path) -> tuple[list[str], dict[str, Any], list[tarfile.TarInfo]]:
    """The names, the configuration and the entries of the only layer of an archive."""
    with tarfile.open(path) as tar:
        (manifest,) = json.load(member(tar, "manifest.json"))
        config = json.load(member(tar, manifest["Config"]))
        (layer,) = manifest["Layers"]
        with tarfile.open(fileobj=io.BytesIO(member(tar, layer).read())) as content:
            entries = content.getmembers()
    return manifest["RepoTags"], config["config"], entries


def member(tar: tarfile.TarFile, name: str) -> Any:
    """A file of the archive."""
    return tar.extractfile(name)


def test_busybox_has_a_shell_and_a_folder_for_everyone(tmp_path: Path) -> None:
    """Every applet is a link to the one program, and any uid may write to /tmp."""
    names, config, entries = read(images.build_busybox(tmp_path))

    by_name = {entry.name: entry for entry in entries}
    assert names == ["localhost/busybox:1"]
    assert config["Env"] == [f"PATH={images.PATH}"]
    assert by_name["bin/sh"].linkname == "busybox"
    assert by_name["bin/busybox"].mode == 0o755
    assert by_name["tmp"].mode == 0o1777
    assert {entry.uid for entry in entries} == {0}


def test_pause_sleeps(tmp_path: Path) -> None:
    """The pause image does nothing, for ever."""
    names, config, _entries = read(images.build_pause(tmp_path))

    assert names == ["localhost/pause:1"]
    assert config["Entrypoint"] == ["/bin/sleep", "infinity"]


def test_empty_image_has_no_file(tmp_path: Path) -> None:
    """Its only layer has no entry at all."""
    names, _config, entries = read(images.build_empty(tmp_path))

    assert names == ["localhost/empty:1"]
    assert entries == []


def test_same_packages_give_the_same_bytes(tmp_path: Path) -> None:
    """Two caches hold equal archives, and a second call returns the first's file."""
    first, second = images.build_busybox(tmp_path / "1"), images.build_busybox(tmp_path / "2")

    assert first.read_bytes() == second.read_bytes()
    before = first.stat().st_mtime_ns
    assert images.build_busybox(tmp_path / "1") == first
    assert first.stat().st_mtime_ns == before
