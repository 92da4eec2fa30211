"""The emulator as a process: it ends with whoever started it, and leaves nothing."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from berth_local.aws.emulator import Emulator
from berth_local.aws.installation import REPOSITORY
from berth_local.cluster.processes import all_pids, arguments
from berth_local.waiting import wait_until
from tests.deploy import probes

pytestmark = pytest.mark.deploy

STARTER = """
import sys
from pathlib import Path
from berth_local.aws.emulator import Emulator
from berth_local.aws.installation import install
from berth_local.site.steps import Steps
with Emulator(install(Steps(sys.stderr))) as aws:
    print(aws.folder, flush=True)
    sys.stdin.read()
"""


def _processes_of(folder: Path) -> list[list[str]]:
    """Emulator and sandboxes: all of them name the emulator's folder."""
    found = [arguments(pid) for pid in all_pids()]
    return [words for words in found if any(str(folder) in word for word in words)]


def test_nothing_is_left_of_an_emulator(aws: Emulator) -> None:
    """When an emulator is stopped, its sandboxes end with it, and its folder is gone."""
    with Emulator(aws.installation) as emulator:
        role = probes.role(emulator, "behaviour")
        probes.deploy(emulator, "behaviour", "behaviour", role_arn=role)(
            multiValueQueryStringParameters=None, body=""
        )
        folder = emulator.folder
        assert len(_processes_of(folder)) > 1

    wait_until(lambda: not _processes_of(folder), "processes are left", seconds=5)
    assert not folder.exists()


def test_an_emulator_ends_with_whoever_started_it() -> None:
    """Whoever starts an emulator and is killed leaves no process behind."""
    command = [sys.executable, "-c", STARTER]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout is not None
        folder = Path(starter.stdout.readline().strip())
        assert _processes_of(folder)

        starter.kill()

    wait_until(lambda: not _processes_of(folder), "the emulator lives on", seconds=5)
    shutil.rmtree(folder)


def test_another_ministack_is_refused_by_name(aws: Emulator, tmp_path: Path) -> None:
    """The launcher does not start on a MiniStack that it does not know, and names what is missing."""
    shadow = tmp_path / "ministack" / "services"
    shadow.mkdir(parents=True)
    (shadow / "kms.py").write_text("_resolve_key = lambda key_id_or_arn: None")
    changed = aws.installation._replace(emulator=tmp_path)

    with pytest.raises(RuntimeError) as refused, Emulator(changed):
        pass

    assert "ministack.services.kms._encrypt does not exist" in str(refused.value)
