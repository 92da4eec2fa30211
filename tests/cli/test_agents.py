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
        assert waiting.stdout.read() == "every workspace is stopped\n"


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


def test_an_agent_is_emptied_into_another(installation: Installation, berth: Shell) -> None:
    """Every workspace is moved, as it is wanted; the agent takes nothing new meanwhile."""
    made = [installation.running("first"), installation.running("second")]
    other = PaperAgent(installation.world, installation.world.agent())
    words = ("agent", "drain", installation.agent.id, "--to", other.id)
    assert berth(*words).code == Exit.USAGE
    with berth.started(*words, "--discard-volumes") as waiting:
        assert waiting.stderr is not None
        assert "2 workspaces are left to move" in waiting.stderr.readline()
        for each in made:
            installation.agent.bury(each["id"], 2)
        assert waiting.wait(30) == 0
    found = berth("list", "-o", "json").json
    assert {each["agent_id"] for each in found} == {other.id}
    assert {each["desired"] for each in found} == {"Running"}


def test_what_cannot_be_moved_is_named_and_stays(installation: Installation, berth: Shell) -> None:
    """A full agent takes what it may; the others are told with the reason."""
    world, made = installation.world, [installation.create("first"), installation.create("second")]
    settings = {"settings": {"workspaces_per_agent": 1}}
    world.call("PATCH", "/api/v1/organisation", token=installation.token, body=settings)
    other = world.agent().agent.id
    words = ("agent", "drain", installation.agent.id, "--to", other, "--discard-volumes")
    ended = berth(*words, "--no-wait")
    assert (ended.code, "1 were not moved" in ended.stderr) == (Exit.REFUSED, True)
    assert "as many workspaces as" in ended.stderr
    moving = [berth("show", each["id"], "-o", "json").json["moving_to"] for each in made]
    assert sorted(map(str, moving)) == sorted([other, "None"])


def test_an_uncordon_ends_the_wait_for_a_drain(installation: Installation, berth: Shell) -> None:
    """Who waits does not begin the drain again that somebody else ended."""
    installation.running("busy")
    with berth.started("agent", "drain", "cluster") as waiting:
        assert waiting.stderr is not None
        assert "1 workspaces are left" in waiting.stderr.readline()
        berth("agent", "uncordon", "cluster")
        assert waiting.wait(30) == Exit.REFUSED
    (agent,) = berth("agent", "list", "-o", "json").json
    assert not agent["draining"]
