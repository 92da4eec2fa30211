"""``berth image check``: what an image lacks for workspaces, told without running it."""

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from berth_cli.failures import Exit
from berth_cli.image_check.layers import Unreadable
from berth_cli.image_check.rules import findings
from berth_cli.image_check.sources import Image, read_image
from images.archive import archive
from tests.cli.installation import REPOSITORY

Files = Mapping[str, str | int | tuple[int, int]]
"""By path: mode of a file, or with its group; a text is where a link leads to. A slash at the end: a folder."""

PLAIN: Files = {
    "bin/": 0o755,
    "bin/dash": 0o755,
    "bin/sh": "dash",
    "etc/": 0o755,
    "etc/passwd": 0o664,
    "usr/bin/": 0o755,
    "usr/bin/git": 0o755,
}


def tar_of(files: Files, place: Path) -> Path:
    """Write the files as a tar; those whose names begin with ``=`` are hard links."""
    with tarfile.open(place, "w") as tar:
        for path, stated in files.items():
            member = tarfile.TarInfo(path.rstrip("/"))
            member.mode, member.gid = stated if isinstance(stated, tuple) else (0o644, 0)
            if isinstance(stated, int):
                member.mode = stated
            if path.endswith("/"):
                member.type = tarfile.DIRTYPE
            elif isinstance(stated, str):
                is_hard = stated.startswith("=")
                member.type = tarfile.LNKTYPE if is_hard else tarfile.SYMTYPE
                member.linkname = stated.removeprefix("=")
            tar.addfile(member, io.BytesIO())
    return place


def image_of(
    folder: Path,
    *layers: Files,
    architecture: str = "amd64",
    settings: Mapping[str, object] | None = None,
) -> Image:
    """Read an image with these layers as ``docker save`` would write it."""
    written = [tar_of(files, folder / f"layer-{place}") for place, files in enumerate(layers)]
    saved = archive(
        written, folder / "saved.tar", ["one:1"], settings or {}, architecture=architecture
    )
    return read_image(saved)


def codes(image: Image) -> list[tuple[str, bool]]:
    """What is found, and whether it is needed."""
    return [(each.code, each.needed) for each in findings(image)]


def test_an_image_with_all_that_is_asked_for_is_fit(tmp_path: Path) -> None:
    """A shell by a link, git, and a user list that group 0 may write: there is nothing to say."""
    assert codes(image_of(tmp_path, PLAIN)) == []


def test_an_empty_image_lacks_a_shell(tmp_path: Path) -> None:
    """What is needed comes first; what Berth brings itself is a notice."""
    found = codes(image_of(tmp_path, {"data/": 0o755}))
    assert found == [("shell", True), ("git", False), ("passwd", False)]


@pytest.mark.parametrize(
    "files, settings, expected",
    [
        ({"etc/passwd": 0o644}, {}, ("passwd", False)),
        ({"etc/passwd": (0o664, 5)}, {}, ("passwd", False)),
        ({"bin/dash": 0o600}, {}, ("shell", True)),
        ({"root/": 0o700, "root/bin/": 0o755}, {"Env": ["PATH=/bin:/usr/bin:/root/bin"]}, ("unreadable-path", True)),
        ({"app/": 0o755}, {"WorkingDir": "/app"}, ("not-writable", False)),
        ({"usr/bin/sudo": 0o4755}, {}, ("sudo", False)),
        ({}, {"Env": ["LD_PRELOAD=/x.so"]}, ("environment", False)),
    ],
)  # fmt: skip
def test_each_thing_that_is_missing_is_told(
    tmp_path: Path, files: Files, settings: Mapping[str, object], expected: tuple[str, bool]
) -> None:
    """One thing is wrong with the image, and that is said and nothing else."""
    assert codes(image_of(tmp_path, {**PLAIN, **files}, settings=settings)) == [expected]


def test_an_image_for_another_machine_is_not_fit(tmp_path: Path) -> None:
    """Workspaces run on what Berth's own images are made for."""
    assert codes(image_of(tmp_path, PLAIN, architecture="riscv64")) == [("platform", True)]
    assert codes(image_of(tmp_path, PLAIN, architecture="arm64")) == []


@pytest.mark.parametrize(
    "layer, expected",
    [
        ({"bin/.wh.dash": 0o644}, [("shell", True)]),
        ({"bin/.wh..wh..opq": 0o644}, [("shell", True)]),
        ({"usr/.wh.bin": 0o644}, [("git", False)]),
        ({"etc/passwd": 0o644}, [("passwd", False)]),
        ({"bin/bash": "=usr/bin/git", "bin/.wh.sh": 0o644}, []),
        ({"bin": "usr/bin", "usr/bin/sh": "git"}, []),
    ],
)
def test_a_later_layer_counts(
    tmp_path: Path, layer: Files, expected: list[tuple[str, bool]]
) -> None:
    """A layer replaces files, takes some away, empties folders, and links to what was there."""
    assert codes(image_of(tmp_path, PLAIN, layer)) == expected


def test_links_that_lead_nowhere_are_nothing(tmp_path: Path) -> None:
    """A circle of links, and one out of the image, end."""
    links: Files = {**PLAIN, "bin/sh": "bash", "bin/bash": "sh", "usr/bin/bash": "../../../nowhere"}
    assert codes(image_of(tmp_path, links)) == [("shell", True)]


def layout_of(saved: Path, folder: Path) -> Path:
    """Write what ``docker save`` wrote as an OCI layout."""
    with tarfile.open(saved) as tar:
        tar.extractall(folder / "from", filter="data")
    ((entry),) = json.loads((folder / "from" / "manifest.json").read_text())
    layout = folder / "layout"
    (layout / "blobs" / "sha256").mkdir(parents=True)

    def blob(content: bytes, name: str) -> dict[str, str]:
        (layout / "blobs" / "sha256" / name).write_bytes(content)
        return {"digest": f"sha256:{name}"}

    parts = [(folder / "from" / each).read_bytes() for each in (entry["Config"], *entry["Layers"])]
    config, *layers = (blob(part, f"{number:064}") for number, part in enumerate(parts))
    manifest = {"config": config, "layers": layers}
    listed = blob(json.dumps(manifest).encode(), "a" * 64)
    index = {"manifests": [blob(json.dumps({"manifests": [listed]}).encode(), "b" * 64)]}
    (layout / "index.json").write_text(json.dumps(index))
    (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return layout


def packed(folder: Path, place: Path) -> Path:
    """A folder as a tar."""
    with tarfile.open(place, "w") as tar:
        tar.add(folder, ".")
    return place


def forms(tmp_path: Path) -> Iterable[Path]:
    """Yield one image in every form that is read."""
    files: Files = {**PLAIN, "etc/passwd": 0o644}
    layer = tar_of(files, tmp_path / "layer.tar")
    saved = archive([layer], tmp_path / "saved.tar", ["one:1"], {})
    layout = layout_of(saved, tmp_path)
    rootfs = tmp_path / "rootfs"
    with tarfile.open(layer) as tar:
        tar.extractall(rootfs, filter="tar")
    yield from (layer, saved, layout, packed(layout, tmp_path / "layout.tar"), rootfs)


def test_every_form_of_an_image_is_read_alike(tmp_path: Path) -> None:
    """A tar of files, a saved image, a layout, its tar, and a folder of files say the same."""
    assert [codes(read_image(place)) for place in forms(tmp_path)] == [[("passwd", False)]] * 5


def test_what_is_no_image_is_said(tmp_path: Path) -> None:
    """A file of another kind, and an archive that lacks a part, are refused in words."""
    text = tmp_path / "text"
    text.write_text("hello")
    with pytest.raises(Unreadable, match="no folder and no tar"):
        read_image(text)
    broken = tmp_path / "broken.tar"
    with tarfile.open(broken, "w") as tar:
        content = b'[{"Config": "nowhere.json", "Layers": []}]'
        member = tarfile.TarInfo("manifest.json")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    with pytest.raises(Unreadable, match=r"has no nowhere\.json"):
        read_image(broken)
    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / "oci-layout").touch()
    (strange / "index.json").write_text("[]")
    with pytest.raises(Unreadable, match="not described"):
        read_image(strange)


def berth(*words: str | Path) -> tuple[int, str, str]:
    """Run ``berth image`` to its end: code, output, errors."""
    done = subprocess.run(
        [sys.executable, "-m", "berth_cli", "image", *map(str, words)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def test_the_verb_ends_by_what_is_missing(tmp_path: Path) -> None:
    """Fit is 0, something missing is 1, no image is 2; programs get the same as JSON."""
    fit = tar_of(PLAIN, tmp_path / "fit.tar")
    assert berth("check", fit) == (Exit.DONE, f"{fit}: fit for workspaces\n", "")
    bare = tar_of({"data/": 0o755}, tmp_path / "bare.tar")
    code, output, _ = berth("check", bare)
    assert (code, output.splitlines()[-1]) == (Exit.FAILED, f"{bare}: 1 missing")
    assert output.startswith(f"{bare}: missing: There is no /bin/sh")
    code, output, _ = berth("check", "--json", bare)
    answer = json.loads(output)
    assert (code, answer["fit"], answer["findings"][0]["code"]) == (Exit.FAILED, False, "shell")
    code, _, errors = berth("check", tmp_path / "nowhere")
    assert code == Exit.USAGE
    assert "cannot be read as an image" in errors
