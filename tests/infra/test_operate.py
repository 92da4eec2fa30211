"""The operator's commands with the settings of a stage."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from berth_local.authority import Authority
from infra.operate import main
from infra.policies import Installation
from infra.stage import AUTHORITY, Choices, write
from infra.stage import main as stage_main
from tests.builders import make_world
from tests.infra.conftest import OUTPUTS
from tests.infra.test_stage import COMMITTED
from tests.local.operators import SETTINGS

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The configuration of a project with a stage that has a store of its own, and its authority."""
    made = tmp_path / ".chalice"
    made.mkdir()
    (tmp_path / AUTHORITY).parent.mkdir()
    shutil.copyfile(Authority(tmp_path / "certificates").certificate, tmp_path / AUTHORITY)
    store = {
        "BERTH_STORE": f"sqlite:{tmp_path / 'store'}",
        "BERTH_KEYS": f"file:{tmp_path / 'key'}",
    }
    shipped = {"BERTH_EXTRA_CA_FILE": "/var/task/authority.pem"}
    stage = {"environment_variables": SETTINGS | store | shipped}
    (made / "config.json").write_text(json.dumps({"stages": {"prod": stage}}))
    return made


def test_a_command_has_the_settings_of_the_stage(folder: Path) -> None:
    """It finds the stage's store, and what the package has at its root beside the configuration."""
    world = make_world(path=str(folder.parent / "store"))

    ran = subprocess.run(
        [sys.executable, "-m", "infra.operate", "--folder", folder, "prod", "berth_local.organisation", "list"],
        cwd=ROOT,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip

    assert (ran.stdout, ran.stderr) == (f"{world.organisation.id}\n", "")


def test_a_stage_that_is_not_there_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is run, and the words name file and stage."""
    assert main(["--folder", str(folder), "nowhere", "berth_local.restored"]) == 2
    assert "config.json has no stage nowhere" in capsys.readouterr().err


def test_a_stage_is_not_led_back_to_the_lost_table_by_the_way(
    tmp_path: Path, installation: Installation, choices: Choices, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who writes the stage again after a restore has to say which table: nothing is written else."""
    folder = tmp_path / ".chalice"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(COMMITTED))
    write(folder, installation, replace(choices, table="berth-prod-restored"))
    before = (folder / "config.json").read_text()
    outputs = [{"OutputKey": key, "OutputValue": value} for key, value in OUTPUTS.items()]
    words = [
        "prod",
        "--public-url",
        "https://x",
        "--oidc-issuer",
        "https://y",
        "--oidc-client-id",
        "z",
    ]

    assert stage_main(words, folder, StringIO(json.dumps(outputs))) == 2
    assert "say --table berth-prod-restored" in capsys.readouterr().err
    assert (folder / "config.json").read_text() == before
    there = [*words, "--table", "berth-prod"]
    assert stage_main(there, folder, StringIO(json.dumps(outputs))) == 0


def test_a_restored_table_takes_the_place_of_the_stacks(
    tmp_path: Path, installation: Installation, choices: Choices
) -> None:
    """Settings and policies name it, and the former table is in none of them."""
    (tmp_path / ".chalice").mkdir()
    (tmp_path / ".chalice/config.json").write_text(json.dumps(COMMITTED))

    write(tmp_path / ".chalice", installation, replace(choices, table="berth-prod-restored"))

    text = "".join(path.read_text() for path in (tmp_path / ".chalice").glob("policy-prod-*.json"))
    assert "table/berth-prod-restored" in text
    assert 'table/berth-prod"' not in text
    stage = json.loads((tmp_path / ".chalice/config.json").read_text())["stages"]["prod"]
    assert stage["environment_variables"]["BERTH_TABLE"] == "berth-prod-restored"
