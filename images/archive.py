"""Docker archives: layer tars and a configuration in one file for ``ctr images import`` or ``docker load``.

The format is that of ``docker save`` (moby image specification v1.2): `manifest.json`, the configuration
named by its digest, and one folder per layer. The same input always gives the same bytes.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

EPOCH = "1970-01-01T00:00:00Z"


def archive(
    layers: Sequence[Path],
    out: Path,
    names: Sequence[str],
    config: Mapping[str, object],
    *,
    architecture: str = "amd64",
) -> Path:
    """Write `layers` (uncompressed tars, lowest first) as an image with these names to `out`, and return `out`.

    `config` is the `config` object of the image specification (``Entrypoint``, ``Cmd``, ``Env``, ``User``, ...).
    `out` appears whole or not at all. Raises `ValueError` without layers, `OSError` when a file fails.
    """
    if not layers:
        raise ValueError(f"image {names[0]}: an image needs at least one layer")
    digests = [sha256_of(layer) for layer in layers]
    image = _image_json(digests, config, architecture)
    image_name = f"{hashlib.sha256(image).hexdigest()}.json"
    members = dict(zip((f"{digest}/layer.tar" for digest in digests), layers, strict=True))
    paths = [f"{digest}/layer.tar" for digest in digests]
    manifest = _json([{"Config": image_name, "RepoTags": list(names), "Layers": paths}])
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with tarfile.open(partial, "w", format=tarfile.PAX_FORMAT) as tar:
            _add_bytes(tar, "manifest.json", manifest)
            _add_bytes(tar, image_name, image)
            for member, layer in members.items():
                _add_file(tar, member, layer)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    return out


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _image_json(digests: Sequence[str], config: Mapping[str, object], architecture: str) -> bytes:
    return _json(
        {
            "architecture": architecture,
            "os": "linux",
            "created": EPOCH,
            "config": dict(config),
            "rootfs": {
                "type": "layers",
                "diff_ids": [f"sha256:{digest}" for digest in digests],
            },
            "history": [{"created": EPOCH} for _ in digests],
        }
    )


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)  # TarInfo's own defaults: mtime 0, owner 0, mode 0644
    member.size = size
    return member


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    tar.addfile(_member(name, len(content)), io.BytesIO(content))


def _add_file(tar: tarfile.TarFile, name: str, path: Path) -> None:
    with path.open("rb") as file:
        tar.addfile(_member(name, path.stat().st_size), file)
