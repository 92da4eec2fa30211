"""Which agent a new workspace goes to, where there are several; and cordoning and draining one."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from berth_cli.failures import Exit
from tests.cli.installation import Installation, PaperAgent, Shell, installed
from tests.cli.test_failures import SMALL


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """An installation for each test: they register agents."""
    with installed(tmp_path) as up:
        yield up


def test_among_several_agents_one_is_named(berth: Shell) -> None:
    """Several agents, or none of that name: those that there are are told with their ids."""
    first = berth.installation.agent.id
    second = berth.installation.world.agent().agent.id
    words = ("create", "where", "--devfile", str(SMALL), "--no-wait", "-o", "json")

    for unclear in (berth(*words), berth(*words, "--agent", "elsewhere")):
        assert unclear.code == Exit.USAGE
        assert first in unclear.stderr
        assert second in unclear.stderr
    assert berth(*words, "--agent", second).json["agent_id"] == second


def test_a_cordoned_agent_is_left_out_where_none_is_named(
    installation: Installation, berth: Shell
) -> None:
    """Of two agents the one that takes new workspaces is chosen; naming the other is refused with why."""
    first = installation.agent.id
    second = installation.world.agent().agent.id
    words = ("create", "where", "--devfile", str(SMALL), "--no-wait", "-o", "json")
    assert berth("agent", "cordon", first).stdout == "cluster takes no new workspaces\n"
    assert berth(*words).json["agent_id"] == second
    refused = berth(*words, "--agent", first)
    assert refused.code == Exit.REFUSED
    assert "cordoned" in refused.stderr
    listed = {row["id"]: row["cordoned"] for row in berth("agent", "list", "-o", "json").json}
    assert listed == {first: True, second: False}
    assert "offline, cordoned" in berth("agent", "list").stdout
    berth("agent", "uncordon", first)
    assert berth(*words).code == Exit.USAGE


def test_a_drain_is_waited_for(installation: Installation, berth: Shell) -> None:
    """The command tells how many are left and ends when the last one has stopped."""
    made = installation.running("busy")
    ended = berth("agent", "drain", "cluster", "--timeout", "1")
    assert (ended.code, "1 workspaces are left" in ended.stderr) == (Exit.TIMED_OUT, True)
    started = berth("start", "busy", "--no-wait")
    assert started.code == Exit.REFUSED
    assert "being drained" in started.stderr
    with berth.started("agent", "drain", "cluster") as waiting:
        assert waiting.stderr is not None
        assert "1 workspaces are left" in waiting.stderr.readline()
        installation.agent.report(made["id"], 2, 0)
        assert waiting.wait(30) == 0
        assert waiting.stdout is not None
        assert waiting.stdout.read() == "cluster: every workspace is stopped\n"


def test_an_agent_that_is_not_there_is_told_with_those_that_are(
    installation: Installation, berth: Shell
) -> None:
    """A wrong name changes nothing and names what there is."""
    ended = berth("agent", "drain", "elsewhere")
    assert ended.code == Exit.USAGE
    assert installation.agent.id in ended.stderr


def test_a_move_needs_a_word_on_the_volume(installation: Installation, berth: Shell) -> None:
    """Without --discard-volume nothing is asked for, and what would be lost is said."""
    installation.running("busy")
    other = installation.world.agent().agent.id
    for words in (("--to", other), ("--discard-volume",), ("--call-off", "--to", other)):
        assert berth("move", "busy", *words).code == Exit.USAGE
    assert "not pushed is lost" in " ".join(berth("move", "busy", "--to", other).stderr.split())
    assert berth("show", "busy", "-o", "json").json["desired"] == "Running"


def test_a_move_is_waited_for_at_its_new_agent(installation: Installation, berth: Shell) -> None:
    """The command ends when the workspace runs at the other agent, and not before."""
    made = installation.running("busy")
    other = PaperAgent(installation.world, installation.world.agent())
    with berth.started(
        "move", "busy", "--to", other.id, "--discard-volume", "-o", "json"
    ) as waiting:
        assert waiting.stderr is not None
        assert waiting.stderr.readline()
        assert berth("show", "busy", "-o", "json").json["moving_to"] == other.id
        installation.agent.bury(made["id"], 2)
        other.report(made["id"], 3, 1)
        assert waiting.wait(30) == 0
        assert waiting.stdout is not None
        moved = json.loads(waiting.stdout.read())
    assert (moved["agent_id"], moved["actual"], moved["generation"]) == (other.id, "Running", 3)


def test_a_move_that_is_called_off_ends_the_wait(installation: Installation, berth: Shell) -> None:
    """Who waits is told that it does not move any more; the workspace stays."""
    installation.running("busy")
    other = installation.world.agent().agent.id
    with berth.started("move", "busy", "--to", other, "--discard-volume") as waiting:
        assert waiting.stderr is not None
        assert waiting.stderr.readline()
        assert berth("move", "busy", "--call-off").code == 0
        assert waiting.wait(30) == Exit.REFUSED
        assert "does not move any more" in waiting.stderr.read()
