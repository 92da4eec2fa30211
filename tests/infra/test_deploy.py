import json
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.deploy import api, down, main, project, up
from infra.package import Refused, architecture_of, copy_project
from infra.policies import Installation
from infra.stage import AUTHORITY, Choices, write

ROOT = Path(__file__).parents[2]


def git(root: Path, *arguments: str) -> None:
    """Run git in a tree as somebody."""
    names = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
    subprocess.run(["git", *names, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with the code that is deployed, and a release of it."""
    root = tmp_path / "tree"
    copy_project(ROOT, root)
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "First")
    git(root, "tag", "v1")
    return root


def test_release_brings_its_code_and_leaves_the_stages(tree: Path) -> None:
    """Rolling back takes app, library and locks of the release, and the configuration of today."""
    (tree / "chalicelib/later.py").write_text("NAME = 1\n")
    (tree / "app.py").write_text("raise SystemExit\n")
    config = tree / ".chalice/config.json"
    config.write_text(config.read_text().replace('"dev"', '"today"'))

    with project("today", "v1", tree) as folder:
        assert (folder / "app.py").read_text() == (ROOT / "app.py").read_text()
        assert not (folder / "chalicelib/later.py").exists()
        assert "today" in json.loads((folder / ".chalice/config.json").read_text())["stages"]


def test_release_that_is_none_is_refused(tree: Path) -> None:
    """A release that git does not know ends it before anything is built."""
    with pytest.raises(Refused, match="no release v2"), project("dev", "v2", tree):
        pass


def test_record_of_what_chalice_made_is_kept(tree: Path) -> None:
    """Chalice finds what it made before, and what it makes then is kept though it fails afterwards."""
    record = tree / ".chalice/deployed/dev.json"
    record.parent.mkdir()
    record.write_text("before")

    def fail_halfway() -> str:
        with project("dev", "", tree) as folder:
            found = (folder / ".chalice/deployed/dev.json").read_text()
            (folder / ".chalice/deployed/dev.json").write_text(f"after {found}")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()

    assert record.read_text() == "after before"


def test_record_goes_with_what_it_is_about(tree: Path) -> None:
    """Once Chalice has taken a stage away, its record is gone here too."""
    record = tree / ".chalice/deployed/dev.json"
    record.parent.mkdir()
    record.write_text("before")

    with project("dev", "", tree) as folder:
        (folder / ".chalice/deployed/dev.json").unlink()

    assert not record.exists()


def test_stage_that_nobody_wrote_is_refused(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A stage that is not in the configuration is neither built nor deployed nor taken away."""
    with pytest.raises(Refused, match=r"no stage prod in .chalice/config.json"):
        up("prod", "", tree)
    with pytest.raises(Refused, match=r"prod.json is not there"):
        down("prod", tree)
    assert main(["up", "nobody-wrote-this"]) == 2
    assert "error: There is no stage nobody-wrote-this" in capsys.readouterr().err


def test_api_of_a_stage_is_named(tree: Path) -> None:
    """Who gives the API a name is told its id; of a stage that is not deployed, that it is not."""
    record = tree / ".chalice/deployed/dev.json"
    record.parent.mkdir()
    made = [{"name": "sweep"}, {"name": "rest_api", "rest_api_id": "a1b2c3"}]
    record.write_text(json.dumps({"resources": made}))

    assert api("dev", tree) == "a1b2c3"
    with pytest.raises(Refused, match="deploy the stage prod first"):
        api("prod", tree)


def test_authority_of_ones_own_is_shipped_and_trusted(
    tree: Path, installation: Installation, choices: Choices
) -> None:
    """What lies in `vendor` is copied to be packaged, and the stage says where functions find it."""
    stages = tree / ".chalice"
    write(stages, installation, choices)
    without = settings_of(stages)
    (tree / "vendor").mkdir()
    (tree / AUTHORITY).write_text("PEM")

    write(stages, installation, choices)

    assert "BERTH_EXTRA_CA_FILE" not in without
    assert settings_of(stages)["BERTH_EXTRA_CA_FILE"] == "/var/task/authority.pem"
    with project("prod", "", tree) as folder:
        assert (folder / "vendor/authority.pem").read_text() == "PEM"


def settings_of(stages: Path) -> dict[str, str]:
    """Return the settings of the stage `prod`."""
    config = json.loads((stages / "config.json").read_text())
    found: dict[str, str] = config["stages"]["prod"]["environment_variables"]
    return found


def test_stage_is_for_the_machines_that_it_says(tree: Path) -> None:
    """A stage without a word about it is for x86_64, one that says arm64 for that."""
    config = json.loads((tree / ".chalice/config.json").read_text())
    config["stages"]["arm"] = {"lambda_architecture": "arm64"}
    (tree / ".chalice/config.json").write_text(json.dumps(config))

    assert [architecture_of(tree, stage) for stage in ("dev", "arm")] == ["x86_64", "arm64"]


def test_nothing_but_the_deployment_is_copied(tree: Path) -> None:
    """A copy to deploy from has no bytecode of this machine, and nothing that git would not take."""
    cache = tree / "chalicelib/__pycache__"
    cache.mkdir()
    (cache / "log.cpython-311.pyc").write_bytes(b"stale")
    shutil.copyfile(ROOT / ".gitignore", tree / ".gitignore")

    with project("dev", "", tree) as folder:
        assert list(folder.rglob("*.pyc")) == []
        assert {path.name for path in folder.iterdir()} == {
            ".chalice",
            "app.py",
            "chalicelib",
            "requirements.txt",
        }
