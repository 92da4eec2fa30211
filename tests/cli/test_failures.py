"""How commands fail: the exit code for scripts, the sentence for people."""

from pathlib import Path

import pytest

from berth_cli.failures import Exit
from chalicelib.domain.access.roles import Role
from tests.cli.installation import REPOSITORY, Shell

FAULTY = REPOSITORY / "tests" / "cli" / "ten_faults.devfile.yaml"
SMALL = REPOSITORY / "tests" / "cli" / "small.devfile.yaml"


def test_a_refusal_names_every_fault_with_line_and_column(berth: Shell) -> None:
    """A devfile with ten faults is refused once, with ten lines that say where each one is."""
    ended = berth("create", "faulty", "--devfile", str(FAULTY))

    assert ended.code == Exit.REFUSED
    assert ended.stdout == ""
    told = [line for line in ended.stderr.splitlines() if line.startswith("  - line ")]
    assert len(told) == 10, ended.stderr
    lines = FAULTY.read_text().splitlines()
    for line in told:
        row, column = (int(word.strip(",:")) for word in (line.split()[2], line.split()[4]))
        assert lines[row - 1][column - 1 :].strip(), line


def test_what_is_not_there_is_missing(berth: Shell) -> None:
    """An unknown name and an unknown id both end with 4; the name is told, and where to look."""
    by_name, by_id = berth("show", "nobody"), berth("show", "ws-000000000000")

    assert (by_name.code, by_id.code) == (Exit.MISSING, Exit.MISSING)
    assert by_name.stderr == "berth: you have no workspace named nobody; `berth list` shows yours\n"
    assert by_id.stderr == "berth: There is no such workspace.\n"


def test_without_a_token_nothing_is_asked(berth: Shell) -> None:
    """Who is not signed in is told what to run."""
    ended = berth("list", BERTH_TOKEN="")

    assert ended.code == Exit.SIGNED_OUT
    assert "run `berth login`" in ended.stderr


def test_without_a_control_plane_nothing_is_asked(berth: Shell) -> None:
    """Who has configured nothing is told what to run."""
    ended = berth("list", BERTH_URL="")

    assert ended.code == Exit.SIGNED_OUT
    assert "run `berth login URL`" in ended.stderr


def test_a_revoked_token_ends_at_the_next_command(berth: Shell) -> None:
    """A token that worked is refused once it is revoked, and is not repeated in the message."""
    world = berth.installation.world
    token = world.token()
    assert berth("list", BERTH_TOKEN=token).code == Exit.DONE
    listed = world.call("GET", "/api/v1/tokens", token=token).json_body["items"]
    identity = next(each["id"] for each in listed if each["id"].removeprefix("tok-") in token)
    assert world.call("DELETE", f"/api/v1/tokens/{identity}", token=token).status_code == 204

    ended = berth("list", BERTH_TOKEN=token)

    assert ended.code == Exit.SIGNED_OUT
    assert "revoked" in ended.stderr
    assert token not in ended.stderr


def test_a_silent_address_is_unreachable(berth: Shell) -> None:
    """Nothing listening there ends with 6 and the address."""
    ended = berth("list", BERTH_URL="https://127.0.0.1:1")

    assert ended.code == Exit.UNREACHABLE
    assert ended.stderr.startswith("berth: https://127.0.0.1:1 does not answer")


def test_a_certificate_that_is_not_trusted_names_the_option(berth: Shell) -> None:
    """An unknown authority ends with 6 and says how to give it; nothing was sent."""
    ended = berth("list", BERTH_CA_FILE="")

    assert ended.code == Exit.UNREACHABLE
    assert "`berth login --ca-file` or BERTH_CA_FILE" in ended.stderr


def test_who_may_not_is_refused(berth: Shell) -> None:
    """An auditor who creates a workspace is refused by name of the right."""
    world = berth.installation.world
    auditor = world.token(world.member(Role.AUDITOR))

    ended = berth("create", "mine", "--devfile", str(SMALL), BERTH_TOKEN=auditor)

    assert ended.code == Exit.REFUSED
    assert "workspaces:create" in ended.stderr


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["create", "one"], "say from what"),
        (["create", "one", "-f", "/nowhere/devfile.yaml"], "/nowhere/devfile.yaml cannot be read"),
        (["create", "one", "-f", str(SMALL), "--var", "NOT_EXPORTED"], "NOT_EXPORTED is not set"),
        (["create", "one", "-f", str(SMALL), "--file", "key"], "NAME=PATH"),
        (["login", "http://berth.example.com"], "write https://host"),
        (["login", "--token", "berth_pat_secret"], "--token -"),
        (["wait", "one", "--for", "Lunch"], "'Lunch' is not one of"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
def test_wrong_usage_says_what_is_right(berth: Shell, words: list[str], sentence: str) -> None:
    """Wrong words end with 2 and what to write instead."""
    ended = berth(*words)

    assert ended.code == Exit.USAGE
    assert sentence in ended.stderr


def test_a_token_in_the_command_line_is_not_repeated(berth: Shell) -> None:
    """A token that was given where everybody can read it is neither used nor printed."""
    ended = berth("login", "--token", "berth_pat_secret")

    assert "berth_pat_secret" not in ended.stdout + ended.stderr


def test_authorities_that_cannot_be_read_are_named(berth: Shell, tmp_path: Path) -> None:
    """A wrong path of authorities is the user's to correct."""
    ended = berth("list", BERTH_CA_FILE=str(tmp_path / "none.pem"))

    assert ended.code == Exit.USAGE
    assert str(tmp_path / "none.pem") in ended.stderr
