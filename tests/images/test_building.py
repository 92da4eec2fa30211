"""What every image is built with: sources of packages, the cache, layers."""

import os
import re
import tarfile
import threading
from pathlib import Path

import pytest

from images import workspace
from images.cache import Cache, recipe_of
from images.catalogue import IMAGES, REPOSITORY
from images.debian import BuildError, Stage, suite_sources
from images.layers import write_layer
from images.runtime import write_code_layer

DEBIAN = "Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\n"


def test_only_the_suites_own_sources_are_taken(tmp_path: Path) -> None:
    """Of the machine's sources, Debian 12's are used and those of vendors, other suites and sources are not."""
    folder = tmp_path / "sources.list.d"
    folder.mkdir()
    vendor = "Types: deb\nURIs: https://vendor.example\nSuites: bookworm\nComponents: stable\n"
    disabled = f"Enabled: no\n{DEBIAN}"
    (folder / "debian.sources").write_text(f"# a comment\n{DEBIAN}\n{vendor}\n{disabled}")
    line = "deb [arch=amd64] http://mirror.example/security bookworm-security main contrib"
    others = "deb http://mirror.example/debian trixie main\ndeb-src http://mirror.example/debian bookworm main"
    (tmp_path / "sources.list").write_text(f"{line}\n{others}\n# {line}\n")

    assert list(suite_sources(tmp_path)) == [line, DEBIAN.strip()]


def test_a_machine_without_sources_of_the_suite_has_none(tmp_path: Path) -> None:
    """On another Debian, mmdebstrap is left to its own sources."""
    assert list(suite_sources(tmp_path)) == []


def test_links_of_a_stage_stay_inside_it(tmp_path: Path) -> None:
    """An absolute link is followed inside the stage, and a missing file names what to do."""
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/real").write_text("inside")
    (tmp_path / "usr/bin/link").symlink_to("/usr/bin/real")
    (tmp_path / "usr/bin/loop").symlink_to("loop")
    stage = Stage(tmp_path)

    assert stage.resolve("/usr/bin/link").read_text() == "inside"
    with pytest.raises(BuildError, match="add the package that holds it"):
        stage.resolve("/usr/bin/absent")
    with pytest.raises(BuildError, match="too many links"):
        stage.resolve("/usr/bin/loop")


def test_a_layer_depends_on_content_alone(tmp_path: Path) -> None:
    """Times, owners, umask, hard links and the order of creation leave no trace in a layer."""
    layers = []
    for number, names in enumerate((["a", "b"], ["b", "a"])):
        folder = tmp_path / str(number)
        folder.mkdir(mode=0o700 + number)
        for name in names:
            (folder / name).write_text("same")
            (folder / name).chmod(0o4700 if name == "a" else 0o666)
            os.utime(folder / name, (number, number))
        if number:
            os.link(folder / "b", folder / "c")
        else:
            (folder / "c").write_text("same")
        (folder / "link").symlink_to("a")
        layers.append(write_layer(folder, tmp_path / f"{number}.tar", prefix="opt/x"))

    assert layers[0].read_bytes() == layers[1].read_bytes()
    with tarfile.open(layers[0]) as tar:
        modes = {member.name: member.mode for member in tar}
    assert modes["opt/x/a"] == 0o755
    assert modes["opt/x/b"] == 0o644


def test_the_code_layer_is_the_same_every_time(tmp_path: Path) -> None:
    """Byte code does not differ from build to build, sets of constants included."""
    (tmp_path / "package").mkdir()
    names = ", ".join(f'"{letter}"' for letter in "abcdefghijklmnop")
    (tmp_path / "package/module.py").write_text(
        f"def known(name):\n    return name in {{{names}}}\n"
    )

    first, second = (
        write_code_layer(tmp_path, ["package"], tmp_path / f"{number}.tar").read_bytes()
        for number in range(2)
    )

    assert first == second


class Builds:
    """Counts how often something was really built."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, folder: Path) -> None:
        self.count += 1
        (folder / "built").write_text(str(self.count))


def test_a_recipe_is_built_once(tmp_path: Path) -> None:
    """The same recipe is taken from the cache, another one is built and replaces it, `refresh` builds again."""
    cache, builds = Cache(tmp_path), Builds()

    for recipe, refresh in (
        ("a" * 64, False),
        ("a" * 64, False),
        ("b" * 64, False),
        ("b" * 64, True),
    ):
        folder = cache.folder("image", recipe, builds, refresh=refresh)

    assert builds.count == 3
    assert (folder / "built").read_text() == "3"
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_dir()] == [folder.name]


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    """After a failure the next call builds again, and no half folder is taken for a whole one."""

    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise BuildError("no network")

    cache, builds = Cache(tmp_path), Builds()
    with pytest.raises(BuildError, match="no network"):
        cache.folder("image", "a" * 64, fail)

    assert (cache.folder("image", "a" * 64, builds) / "built").exists()
    assert builds.count == 1


def test_two_builds_at_once_are_one(tmp_path: Path) -> None:
    """Whoever comes second waits and takes what the first one built."""
    cache, builds = Cache(tmp_path), Builds()
    threads = [
        threading.Thread(target=cache.folder, args=("image", "a" * 64, builds)) for _ in range(4)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert builds.count == 1


def test_a_recipe_is_its_names_and_contents(tmp_path: Path) -> None:
    """A changed byte or name gives another recipe; byte code of the builder does not."""
    (tmp_path / "one").write_text("x")
    before = recipe_of(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__/one.pyc").write_text("x")
    same = recipe_of(tmp_path)
    (tmp_path / "one").rename(tmp_path / "two")

    assert same == before
    assert recipe_of(tmp_path) != before


def test_no_image_runs_as_root() -> None:
    """Every image names a user of its own, so that `runAsNonRoot` holds."""
    users = {name: str(image.config["User"]).partition(":")[0] for name, image in IMAGES.items()}

    assert users
    assert not {name for name, user in users.items() if user in {"", "0", "root"}}


def test_the_dockerfile_of_the_workspace_image_has_the_same_packages() -> None:
    """Both recipes of the workspace image, ours and Docker's, install the same and name the same user."""
    dockerfile = (REPOSITORY / "images/workspace/Dockerfile").read_text()
    installed = dockerfile.split("--no-install-recommends")[1].split("&&")[0].replace("\\", " ")

    assert sorted(installed.split()) == sorted(workspace.PACKAGES)
    assert f"USER {workspace.USER_ID}:0" in dockerfile


@pytest.mark.parametrize("name", ["agent", "proxy"])
def test_the_dockerfiles_of_our_programs_hold_the_same_code(name: str) -> None:
    """What the image's code layer holds is what its Dockerfile copies."""
    dockerfile = (REPOSITORY / f"images/{name}/Dockerfile").read_text()
    copied = re.findall(r"^COPY (\S+) /opt/berth/(\S+)$", dockerfile, re.MULTILINE)

    assert copied == [(part, part) for part in IMAGES[name].code]
