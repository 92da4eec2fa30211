"""Waiting for a state: what is shown meanwhile, and how it ends."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import pytest

from berth_cli.failures import Exit
from chalicelib import bootstrap
from chalicelib.ports.store import Item, Key, Page, StoreBusy, Write
from tests.cli.installation import Installation, Shell, berth_command

LONG = "the registry answers that there is no such image; " * 8


@dataclass(frozen=True)
class BusyStore:
    """A store that refuses everything for now."""

    def get(self, key: Key) -> Item | None:
        raise StoreBusy(key)

    def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        raise StoreBusy(keys)

    def query(self, partition: str, **_: object) -> Page:
        raise StoreBusy(partition)

    def write(self, write: Write) -> None:
        raise StoreBusy(write)

    def transact(self, writes: Iterable[Write]) -> None:
        raise StoreBusy(writes)


def line_of(process: subprocess.Popen[str]) -> str:
    """The next line of progress."""
    assert process.stderr is not None
    return process.stderr.readline().rstrip("\n")


def test_outside_a_terminal_each_phase_is_a_plain_line(berth: Shell) -> None:
    """A pipe gets one line for each phase, without a control character, and the result on its own stream."""
    made = berth.installation.running("plain")
    with berth.started("stop", "plain", "--timeout", "30") as process:
        assert line_of(process) == "Running"
        berth.installation.agent.report(made["id"], 2, 0, pods=1)
        assert line_of(process) == "Stopping"
        berth.installation.agent.report(made["id"], 2, 0)
        assert line_of(process) == "Stopped"
        out, rest = process.communicate(timeout=30)

    assert (process.returncode, rest) == (Exit.DONE, "")
    assert "actual:     Stopped" in out


def watched(
    installation: Installation, berth: Shell, words: list[str], act: Callable[[], None]
) -> str:
    """Run a command on a terminal of 60 columns, act once it shows a phase, and return all that it wrote there."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    process = subprocess.Popen(
        berth_command(*words),
        env=installation.environment(berth.home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=slave,
    )
    os.close(slave)
    written, acted, deadline = b"", False, time.monotonic() + 60
    try:
        while time.monotonic() < deadline:
            if select.select([master], [], [], 1)[0]:
                try:
                    written += os.read(master, 4096)
                except OSError:  # the other end is closed: this is how Linux says so
                    break
            if not acted and written.count(b" s") >= 2:
                acted = True
                act()
    finally:
        process.kill()
        process.wait()
        os.close(master)
    return written.decode()


def test_on_a_terminal_one_line_lives(berth: Shell) -> None:
    """A phase is rewritten in place with its seconds, never wider than the terminal, and stays when it ends."""
    installation = berth.installation
    made = installation.create("lively")
    trouble = {"source": "container", "name": "main", "reason": "ErrImagePull", "message": LONG}
    counts = {"generation": 1, "observed_generation": 1, "replicas": 1, "current": 1, "updated": 1}
    installation.agent.report(made["id"], 1, 1, deployment=counts, troubles=[trouble])

    screen = watched(
        installation,
        berth,
        ["wait", "lively", "--timeout", "40"],
        lambda: installation.agent.report(made["id"], 1, 1),
    )

    *rewritten, ended = re.split(r"\r\x1b\[K", screen)
    assert ended.startswith("Running  ")
    (stays,) = (part for part in rewritten if part.endswith("\n"))
    assert re.fullmatch(r"Failed: .*no such image.*  \d+\.\d s\r\n", stays)
    live = [part for part in rewritten if part and not part.endswith("\n")]
    assert len(live) >= 2
    assert max(map(len, live)) < 60


def test_time_that_runs_out_is_told_with_the_last_state(berth: Shell) -> None:
    """What did not come in time ends with 7, the state that there is and the seconds."""
    berth.installation.running("late")

    ended = berth("wait", "late", "--for", "Stopped", "--timeout", "1")

    assert ended.code == Exit.TIMED_OUT
    assert "berth: late is Running, not Stopped, after 1 s\n" in ended.stderr


def test_what_cannot_heal_ends_at_once_with_the_reason(berth: Shell) -> None:
    """A workspace that the cluster refuses for good ends a wait with 8, its reason and what to do."""
    with berth.started("create", "unwell", "-f", "tests/cli/small.devfile.yaml") as process:
        assert line_of(process) == "CreationRequested"
        made = berth("show", "unwell", "-o", "json").json
        berth.installation.agent.refuse(made["id"], 1, "spec is wrong")
        _, rest = process.communicate(timeout=30)

    assert process.returncode == Exit.UNWELL
    assert "berth: unwell is Error" in rest
    assert "spec is wrong" in rest.splitlines()[-2]
    assert rest.splitlines()[-1].startswith("  ")


def test_an_earlier_trouble_does_not_end_a_new_wish(berth: Shell) -> None:
    """Restarting what was refused waits for news of this wish, and succeeds once the cluster takes it."""
    made = berth.installation.create("mended")
    berth.installation.agent.refuse(made["id"], 1, "a policy of yesterday")
    berth.installation.world.clock.at += 60
    with berth.started("restart", "mended", "--timeout", "30") as process:
        assert line_of(process).startswith("Error: ")
        berth.installation.agent.report(made["id"], 2, 0)
        berth.installation.agent.report(made["id"], 3, 1)
        process.communicate(timeout=30)

    assert process.returncode == Exit.DONE


def test_the_state_of_an_older_wish_does_not_count(berth: Shell) -> None:
    """A restart is done when its own generation runs, not while the old pod still does."""
    made = berth.installation.running("again")
    with berth.started("restart", "again", "--timeout", "30") as process:
        assert line_of(process) == "Running"
        berth.installation.agent.report(made["id"], 2, 0)
        assert line_of(process) == "Stopped"
        berth.installation.agent.report(made["id"], 3, 1)
        assert line_of(process) == "Running"
        process.communicate(timeout=30)

    assert process.returncode == Exit.DONE


def test_termination_is_done_when_it_is_confirmed(berth: Shell) -> None:
    """`terminate` waits for the tombstone's word; who waits for anything else is told that it ended."""
    made = berth.installation.running("mortal")
    with berth.started("terminate", "mortal", "--timeout", "30") as process:
        assert line_of(process) == "Running"
        waiting = berth("wait", made["id"], "--for", "Stopped")
        berth.installation.agent.bury(made["id"], 2)
        assert line_of(process) == "Terminated"
        process.communicate(timeout=30)

    assert process.returncode == Exit.DONE
    assert waiting.code == Exit.MISSING
    assert waiting.stderr.endswith("berth: mortal is terminated\n")
    assert berth("show", "mortal").code == Exit.MISSING


def test_a_control_plane_that_is_away_for_a_while_ends_no_wait(berth: Shell) -> None:
    """An outage is shown as a phase, and the wait goes on after it."""
    world = berth.installation.world
    made = berth.installation.running("patient")
    with berth.started("stop", "patient", "--timeout", "60") as process:
        assert line_of(process) == "Running"
        bootstrap.use(replace(world.ports, store=BusyStore()))
        away = line_of(process)
        bootstrap.use(world.ports)
        berth.installation.agent.report(made["id"], 2, 0)
        process.communicate(timeout=30)

    assert away != "Running"
    assert process.returncode == Exit.DONE


@pytest.mark.parametrize("wish", ["start", "stop"])
def test_who_does_not_wait_is_told_the_wish(berth: Shell, wish: str) -> None:
    """`--no-wait` answers at once with what is wanted now."""
    berth.installation.running(f"hasty-{wish}")

    ended = berth(wish, f"hasty-{wish}", "--no-wait", "-o", "json")

    assert ended.code == Exit.DONE
    assert ended.json["desired"] == {"start": "Running", "stop": "Stopped"}[wish]
    assert ended.stderr == ""
