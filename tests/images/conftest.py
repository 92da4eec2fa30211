"""Images and bundles for the tests, built once for all of them."""

import subprocess
from pathlib import Path

import pytest

from images.cache import Cache, default_cache
from images.catalogue import build_base
from tests.images import pod


def unpacked(name: str, folder: Path) -> Path:
    """The base layer of an image, from the cache, as a folder."""
    folder.mkdir()
    layer = build_base(name, Cache(default_cache() / "images")) / "layer.tar"
    subprocess.run(["tar", "-C", folder, "-xf", layer], check=True)
    return folder


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an init container copies to /.berth."""
    return unpacked("tools", tmp_path_factory.mktemp("tools") / "root") / "bundle"


@pytest.fixture(scope="session", params=["debian", "busybox", "empty"])
def image(
    request: pytest.FixtureRequest, bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The root folder of a user's image, from a whole Debian down to no file at all."""
    folder = tmp_path_factory.mktemp("image") / "root"
    if request.param == "busybox":
        return pod.busybox_image(folder, bundle / "bin/busybox")
    if request.param == "empty":
        return pod.empty_image(folder)
    unpacked("workspace", folder)
    for name in pod.MOUNT_POINTS:
        (folder / name).mkdir(exist_ok=True)
    return folder
