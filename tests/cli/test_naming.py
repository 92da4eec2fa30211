"""Which workspace, and which agent, a word on the command line means."""

from pathlib import Path

from berth_cli.failures import Exit
from chalicelib.domain.access.roles import Role
from tests.cli.installation import Shell
from tests.cli.test_failures import SMALL


def test_a_name_and_an_id_mean_the_same(berth: Shell) -> None:
    """What is asked by name is what is asked by id."""
    made = berth.installation.running("twice-named")

    by_name, by_id = (berth("show", word, "-o", "json") for word in ("twice-named", made["id"]))

    assert by_name.json == by_id.json
    assert by_name.json["id"] == made["id"]


def test_an_ambiguous_name_is_asked_back(berth: Shell) -> None:
    """Two workspaces of one name are told apart by their ids, and nothing is done."""
    made = [berth.installation.running("double")["id"] for _ in range(2)]

    ended = berth("terminate", "double")

    assert ended.code == Exit.USAGE
    assert all(identity in ended.stderr for identity in made)
    assert berth("show", made[0], "-o", "json").json["desired"] == "Running"


def test_a_name_is_a_name_of_ones_own(berth: Shell) -> None:
    """Another's workspace is found by its id where that is allowed, never by its name."""
    installation = berth.installation
    other = installation.world.member(Role.DEVELOPER)
    made = installation.world.workspace(installation.agent.registered, other)

    assert berth("show", "small").code == Exit.MISSING
    assert berth("show", made["id"]).code == Exit.DONE
    assert made["id"] in berth("list", "--all").stdout
    assert made["id"] not in berth("list").stdout


def test_the_only_agent_needs_no_name(berth: Shell) -> None:
    """Where there is one agent, a workspace goes there."""
    words = ("create", "only", "--devfile", str(SMALL), "--no-wait", "-o", "json")
    ended = berth(*words)

    assert ended.code == Exit.DONE, ended.stderr
    assert ended.json["agent_id"] == berth.installation.agent.id
    assert ended.json["actual"] == "CreationRequested"


def test_values_of_variables_stay_out_of_sight(berth: Shell, tmp_path: Path) -> None:
    """NAME takes the value of one's own environment, a file its content; neither is ever shown."""
    key = tmp_path / "key.pem"
    key.write_text("content of the key")
    variables = ("--var", "API_KEY", "--var", "MODE=fast", "--file", f"KEY_FILE={key}")
    words = ("create", "secretive", "--devfile", str(SMALL), "--no-wait", "-o", "json")

    ended = berth(*words, *variables, API_KEY="value of the key")

    assert ended.code == Exit.DONE, ended.stderr
    assert "of the key" not in ended.stdout + ended.stderr
    path = f"/api/v1/workspaces/{ended.json['id']}/variables"
    world = berth.installation.world
    kept = world.call("GET", path, token=berth.installation.token).json_body["items"]
    assert [(each["name"], each["kind"]) for each in kept] == [
        ("API_KEY", "environment"),
        ("MODE", "environment"),
        ("KEY_FILE", "file"),
    ]
