"""Docker archives: what containerd reads, and that equal input gives equal bytes."""

import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from images.archive import archive


@pytest.fixture
def layers(tmp_path: Path) -> list[Path]:
    """Two different layer files; their content need not be a tar for the archive's sake."""
    lower, upper = tmp_path / "lower.tar", tmp_path / "upper.tar"
    lower.write_bytes(b"lower" * 400)
    upper.write_bytes(b"upper" * 400)
    return [lower, upper]


def test_layers_keep_their_order_and_digests(layers: list[Path], tmp_path: Path) -> None:
    """The configuration lists each layer's digest, lowest first, and the manifest points at the same bytes."""
    out = archive(layers, tmp_path / "image.tar", ["localhost/berth-x:dev"], {"User": "33333:0"})

    with tarfile.open(out) as tar:
        content = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]  # regular files only
    manifest = json.loads(content["manifest.json"])[0]
    image = json.loads(content[manifest["Config"]])
    digests = [hashlib.sha256(layer.read_bytes()).hexdigest() for layer in layers]
    assert manifest["RepoTags"] == ["localhost/berth-x:dev"]
    assert image["rootfs"]["diff_ids"] == [f"sha256:{digest}" for digest in digests]
    assert [content[path] for path in manifest["Layers"]] == [
        layer.read_bytes() for layer in layers
    ]
    assert image["config"] == {"User": "33333:0"}
    assert manifest["Config"] == f"{hashlib.sha256(content[manifest['Config']]).hexdigest()}.json"


def test_the_same_layers_give_the_same_bytes(layers: list[Path], tmp_path: Path) -> None:
    """Two archives of the same layers are equal, whatever the layers' modification times are."""
    first = archive(layers, tmp_path / "first.tar", ["localhost/berth-x:dev"], {}).read_bytes()
    layers[0].touch()
    second = archive(layers, tmp_path / "second.tar", ["localhost/berth-x:dev"], {}).read_bytes()

    assert first == second


def test_a_failed_archive_leaves_the_earlier_one(layers: list[Path], tmp_path: Path) -> None:
    """When a layer is missing, the archive of the last good build stays as it was, and no part beside it."""
    folder = tmp_path / "out"
    target = archive(layers, folder / "image.tar", ["localhost/berth-x:dev"], {})
    before = target.read_bytes()

    with pytest.raises(FileNotFoundError):
        archive([*layers, tmp_path / "absent.tar"], target, ["localhost/berth-x:dev"], {})
    assert target.read_bytes() == before
    assert list(folder.iterdir()) == [target]


def test_an_image_without_layers_is_refused(tmp_path: Path) -> None:
    """An empty list of layers is an error that names the image."""
    with pytest.raises(ValueError, match="localhost/berth-x:dev"):
        archive([], tmp_path / "image.tar", ["localhost/berth-x:dev"], {})
