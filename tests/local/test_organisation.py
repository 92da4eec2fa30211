"""The operator's commands that carry an organisation elsewhere, as the guide runs them."""

import subprocess
from pathlib import Path

import pytest

from tests.builders import World, create, make_world
from tests.local.operators import SETTINGS, run
from tests.usecases.conftest import VARIABLES


class Installation:
    """A store of its own; the master key is everybody's."""

    def __init__(self, folder: Path, key: Path) -> None:
        folder.mkdir()
        self.store = folder / "store"
        self._environment = {"BERTH_STORE": f"sqlite:{self.store}", "BERTH_KEYS": f"file:{key}"}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command here."""
        return run("berth_local.organisation", *words, environment=SETTINGS | self._environment)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """The master key of the world of ``make_world``."""
    path = tmp_path / "key"
    path.write_bytes(bytes(range(32)))
    return path


@pytest.fixture
def here(tmp_path: Path, key: Path) -> Installation:
    """Where the organisation is."""
    return Installation(tmp_path / "here", key)


@pytest.fixture
def world(here: Installation) -> World:
    """An organisation with a workspace."""
    made = make_world(path=str(here.store))
    create(made, "demo", *VARIABLES)
    return made


def test_an_organisation_is_carried_to_another_store(
    here: Installation, world: World, tmp_path: Path, key: Path
) -> None:
    """Three commands: which are here, out of here, into there; only its owner may read the file."""
    org, file = world.organisation.id, tmp_path / "acme.jsonl"
    assert here.run("list").stdout == f"{org}\n"
    out = here.run("export", org, str(file))
    assert (out.returncode, out.stderr) == (0, "")
    assert file.stat().st_mode & 0o777 == 0o600
    there = Installation(tmp_path / "there", key)
    taken = there.run("import", str(file))
    assert (taken.returncode, taken.stderr) == (0, "")
    assert taken.stdout.startswith(f"{org} (acme): ")
    assert there.run("list").stdout == f"{org}\n"
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "acme.jsonl",
        "here",
        "key",
        "there",
    ]


@pytest.mark.parametrize("spoilt", ["cut", "nothing", "no file"])
def test_what_cannot_be_taken_in_is_told_in_a_line(
    here: Installation, tmp_path: Path, spoilt: str
) -> None:
    """Code 1, a sentence and no traceback; the store stays empty."""
    file = tmp_path / "acme.jsonl"
    if spoilt == "cut":
        begun = (
            '{"kind": "berth-organisation", "format": 1, "organisation": "org-1", "name": "x"}\n'
        )
        file.write_text(begun)
    elif spoilt == "nothing":
        file.write_text("")
    done = here.run("import", str(file))
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert here.run("list").stdout == ""


def test_an_unknown_organisation_leaves_no_file(
    here: Installation, world: World, tmp_path: Path
) -> None:
    """What is not here cannot be exported, and no half of a file remains."""
    assert world.organisation.id
    done = here.run("export", "org-999999999999", str(tmp_path / "acme.jsonl"))
    assert done.returncode == 1
    assert done.stderr == "org-999999999999 is not here; `list` names those that are\n"
    assert not list(tmp_path.glob("*acme*"))
