"""``berth quotas``: what is used beside what is allowed, and counting anew."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from berth_cli.failures import Exit
from chalicelib.domain.access.roles import Role
from chalicelib.ports.store import Update
from chalicelib.records import keys
from tests.cli.installation import Installation, Shell, installed


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    """An installation for each test: they count what is there."""
    with installed(tmp_path) as up:
        yield up


def test_use_is_listed_beside_its_limit(installation: Installation, berth: Shell) -> None:
    """A row for the organisation, one for oneself, one for the agent."""
    installation.create("first")
    listed = berth("quotas", "list", "-o", "json")
    assert listed.code == 0, listed.stderr
    rows = {row["scope"]: (row["workspaces"], row["limit"]) for row in listed.json}
    assert rows == {"organisation": (1, 10_000), "user": (1, 10), "agent": (1, 1_000)}
    table = berth("quotas", "list").stdout.splitlines()
    assert table[0].split() == ["OF", "NAME", "ID", "WORKSPACES", "LIMIT"]
    assert len(table) == 4


def test_a_used_up_quota_says_who_can_raise_it(installation: Installation, berth: Shell) -> None:
    """The refusal on the terminal names limit, setting and whom to ask; a higher limit lets it in."""
    allow(installation, 1)
    installation.create("first")
    create = ("create", "second", "-f", "tests/cli/small.devfile.yaml", "--no-wait")
    refused = berth(*create)
    assert refused.code == Exit.REFUSED
    assert "a person: 1" in refused.stderr
    assert "an owner" in refused.stderr
    assert "workspaces_per_user" in refused.stderr
    allow(installation, 2)
    assert berth(*create).code == 0


def test_a_recount_says_what_was_wrong(installation: Installation, berth: Shell) -> None:
    """A counter that says what is not so is named with both numbers, once."""
    installation.create("first")
    world = installation.world
    key = keys.agent_quota(world.organisation, installation.agent.id)
    world.database.write(Update(key, add={"workspaces": 4}))
    told = berth("quotas", "recount")
    assert (told.code, told.stdout) == (0, f"agent {installation.agent.id}: 1 workspaces, not 5\n")
    assert berth("quotas", "recount").stdout == "every counter was right\n"
    assert berth("quotas", "recount", "-o", "json").json == {"corrections": [], "unsettled": []}


def test_a_developer_recounts_nothing(installation: Installation, berth: Shell) -> None:
    """Who is no owner is told so."""
    token = installation.world.token(installation.world.member(Role.DEVELOPER))
    assert berth("quotas", "recount", BERTH_TOKEN=token).code == Exit.REFUSED


def allow(installation: Installation, limit: int) -> None:
    """Set what a person may have."""
    body = {"settings": {"workspaces_per_user": limit}}
    answer = installation.world.call(
        "PATCH", "/api/v1/organisation", token=installation.token, body=body
    )
    assert answer.status_code == 200, answer.body
