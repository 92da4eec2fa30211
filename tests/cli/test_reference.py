"""The reference page of the command line says everything, and nothing that is not there."""

import re
from collections.abc import Iterator

import typer
from typer.core import TyperCommand, TyperGroup

from berth_cli.configuration import path_of
from berth_cli.failures import Exit
from berth_cli.main import app
from tests.cli.installation import REPOSITORY

PAGE = (REPOSITORY / "docs" / "reference" / "cli.md").read_text()


def verbs_of(group: TyperGroup, before: str = "") -> Iterator[tuple[str, TyperCommand]]:
    """Every verb; one of a group within has the group's name before it."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from verbs_of(command, f"{before}{name} ")
        else:
            assert isinstance(command, TyperCommand)
            yield before + name, command


COMMANDS = dict(verbs_of(typer.main.get_group(app)))


def section(title: str) -> str:
    """The text below a heading."""
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def first_cells(title: str) -> list[str]:
    """The first cell of each row of a section's table."""
    rows = re.findall(r"^\| (.+?) \|", section(title), re.MULTILINE)
    return rows[1:]


def test_every_verb_has_a_row() -> None:
    """The verbs of the page are those of the program."""
    listed = {re.sub(r" \[?[A-Z].*", "", cell.strip("`")) for cell in first_cells("Verbs")}

    assert listed == set(COMMANDS)


def test_every_option_has_a_row() -> None:
    """The options of the page are those of the program, short forms too."""
    listed = {name for cell in first_cells("Options") for name in re.findall(r"`(-[^`]+)`", cell)}
    real = {
        name
        for command in COMMANDS.values()
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
        if name.startswith("-")
    }

    assert listed == real | {"--help"}


def test_each_option_is_said_of_the_verbs_that_have_it() -> None:
    """Where a row names verbs, the program has that option on each of them."""
    for names, verbs in re.findall(r"^\| (`-.+?) \| (.+?) \|", section("Options"), re.MULTILINE):
        option = re.findall(r"`(-[^`]+)`", names)[0]
        for verb in re.findall(r"`([a-z ]+)`", verbs.partition("all but")[0]):
            known = [name for each in COMMANDS[verb].params for name in each.opts]
            assert option in known, (verb, option)


def test_every_exit_code_has_a_row() -> None:
    """Number and name of each exit code are on one row."""
    rows = re.findall(r"^\| (\d) \| `([A-Z_]+)` \|", section("Exit codes"), re.MULTILINE)

    assert {(int(number), name) for number, name in rows} == {(e.value, e.name) for e in Exit}


def test_the_file_is_where_the_page_says() -> None:
    """The path of the page is the path of the program."""
    assert "$XDG_CONFIG_HOME/berth/config.json" in PAGE
    assert str(path_of({"XDG_CONFIG_HOME": "/x"})) == "/x/berth/config.json"
