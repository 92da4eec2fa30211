"""What the cluster says before it starts anything, and how it waits."""

from pathlib import Path

import pytest

from berth_local.cluster.__main__ import main
from berth_local.cluster.cluster import Cluster
from berth_local.cluster.errors import ClusterError
from berth_local.cluster.prerequisites import missing_packages
from berth_local.cluster.waiting import wait_until


@pytest.mark.parametrize("name", ["", "A", "a_b", "-a", "a-", "a/b", "..", "a" * 41, "a\n"])
def test_name_that_could_leave_its_folder_is_refused(name: str) -> None:
    """A name becomes a folder and a control group, so only plain ones pass."""
    with pytest.raises(ClusterError, match="cannot name a cluster"):
        Cluster(name)


def test_cluster_that_does_not_run_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """The command line says which cluster is missing and how to start it, and ends with 1."""
    assert main(["exec", "nobody-started-this", "--", "true"]) == 1
    assert "No cluster nobody-started-this runs here: start it with" in capsys.readouterr().err


def test_command_must_be_given(capsys: pytest.CaptureFixture[str]) -> None:
    """`run` without a command starts nothing."""
    assert main(["run", "x"]) == 1
    assert "put it behind `--`" in capsys.readouterr().err


def test_missing_packages_are_found_by_what_they_bring(tmp_path: Path) -> None:
    """A command on the PATH or a file proves a package."""
    (tmp_path / "file").touch()
    proofs = {
        "has-command": "sh",
        "has-file": str(tmp_path / "file"),
        "no-command": "no-such-command-here",
        "no-file": str(tmp_path / "none"),
    }

    assert missing_packages(proofs) == ["no-command", "no-file"]


def test_waiting_ends_with_the_condition() -> None:
    """It looks until the condition holds, and no longer."""
    answers = iter([False, False, True])

    wait_until(lambda: next(answers), "the third look")

    assert list(answers) == []


def test_waiting_in_vain_shows_the_end_of_the_log(tmp_path: Path) -> None:
    """The error says for what it waited, how long, and the log's last 15 lines."""
    log = tmp_path / "etcd.log"
    log.write_text("".join(f"line {number}\n" for number in range(40)))

    with pytest.raises(ClusterError) as failure:
        wait_until(lambda: False, "etcd to be healthy", deadline=0.1, log=log)

    text = str(failure.value)
    assert text.startswith("Waited 0.1 s in vain for etcd to be healthy.")
    assert text.count("\n  line ") == 15
    assert text.endswith("line 39")
