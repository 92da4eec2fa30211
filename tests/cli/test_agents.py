"""Which agent a new workspace goes to, where there are several."""

from berth_cli.failures import Exit
from tests.cli.installation import Shell
from tests.cli.test_failures import SMALL


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
