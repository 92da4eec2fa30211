"""Where the command line finds its control plane, and how it keeps what ``berth login`` learnt."""

import json
import stat
from pathlib import Path

from berth_cli.failures import Exit
from tests.cli.installation import Shell

UNSET = {"BERTH_URL": "", "BERTH_TOKEN": "", "BERTH_CA_FILE": ""}


def login(berth: Shell, *words: str, token: str = "") -> Path:
    """Sign in with a token on standard input, and return the path of the file."""
    given = (token or berth.installation.token) + "\n"
    authority = ("--ca-file", str(berth.installation.authority))
    ended = berth(
        "login",
        *(words or (berth.installation.url,)),
        "--token",
        "-",
        *authority,
        given=given,
        **UNSET,
    )
    assert ended.code == Exit.DONE, ended.stderr
    assert "as Robin (owner)" in ended.stdout
    assert berth.installation.token not in ended.stdout + ended.stderr
    return berth.home / "berth" / "config.json"


def test_login_keeps_a_file_of_its_owner_alone(berth: Shell) -> None:
    """After a login with a token nothing more is needed; the file has mode 0600, whatever was there."""
    path = login(berth)
    path.chmod(0o644)
    login(berth)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert berth("list", **UNSET).code == Exit.DONE


def test_the_file_lies_where_the_person_keeps_such_files(berth: Shell) -> None:
    """Without XDG_CONFIG_HOME it is below ~/.config."""
    login(berth)
    home = berth.home / "moved"
    (home / ".config").mkdir(parents=True)
    (berth.home / "berth").rename(home / ".config" / "berth")

    assert berth("list", **UNSET, XDG_CONFIG_HOME="", HOME=str(home)).code == Exit.DONE


def test_the_environment_wins_over_the_file(berth: Shell) -> None:
    """Each of the three variables replaces what the file says."""
    login(berth)

    assert berth("list", **UNSET | {"BERTH_TOKEN": "berth_pat_a_b_c"}).code == Exit.SIGNED_OUT
    assert berth("list", **UNSET | {"BERTH_CA_FILE": "/nowhere"}).code == Exit.USAGE
    elsewhere = {"BERTH_URL": "https://127.0.0.1:1", "BERTH_TOKEN": "berth_pat_a_b_c"}
    assert berth("list", **UNSET | elsewhere).code == Exit.UNREACHABLE


def test_a_token_goes_to_no_other_control_plane(berth: Shell) -> None:
    """Another address in the environment does not get the token of the file."""
    login(berth)

    ended = berth("list", **UNSET | {"BERTH_URL": "https://127.0.0.1:1"})

    assert ended.code == Exit.SIGNED_OUT
    assert "not signed in to https://127.0.0.1:1" in ended.stderr


def test_a_token_that_does_not_work_is_not_kept(berth: Shell) -> None:
    """A failed login leaves what was there."""
    path = login(berth)
    before = path.read_bytes()

    ended = berth("login", "--token", "-", given="berth_pat_a_b_c\n", **UNSET)

    assert ended.code == Exit.SIGNED_OUT
    assert path.read_bytes() == before


def test_an_address_needs_no_scheme(berth: Shell) -> None:
    """`berth login host:port` is https, as everything is."""
    path = login(berth, berth.installation.url.removeprefix("https://") + "/")

    assert json.loads(path.read_text())["url"] == berth.installation.url


def test_a_file_that_makes_no_sense_is_named(berth: Shell) -> None:
    """A broken file ends with 1, its path and what to do; it is not overwritten by guessing."""
    path = berth.home / "berth" / "config.json"
    path.parent.mkdir()
    for text in ("{", "[]", '{"colour": "blue"}'):
        path.write_text(text)
        ended = berth("list", **UNSET)
        assert ended.code == Exit.FAILED
        assert f"{path} cannot be read" in ended.stderr
        assert path.read_text() == text
