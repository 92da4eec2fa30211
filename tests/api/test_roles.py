"""The table of roles, seen through HTTP."""

from collections.abc import Callable

import pytest

from chalicelib.domain.access.roles import Role
from chalicelib.domain.agents.agent import AgentSettings
from tests.api.world import DEVFILE, World

OWN, DEV, AUD = Role.OWNER, Role.DEVELOPER, Role.AUDITOR
NEW_AGENT = {"name": "a", "settings": {"zone": "a.b"}}

Row = tuple[set[Role], str, str, object]

# Who may, what it is, and what is asked; {agent}, {member}, {theirs} stand for ids.
MATRIX: list[Row] = [
    ({OWN, DEV, AUD}, "GET", "/api/v1/me", None),
    ({OWN, DEV, AUD}, "GET", "/api/v1/organisation", None),
    ({OWN}, "PATCH", "/api/v1/organisation", {"name": "new"}),
    ({OWN, DEV, AUD}, "GET", "/api/v1/organisation/quotas", None),
    ({OWN}, "POST", "/api/v1/organisation/quotas/recount", {}),
    ({OWN, AUD}, "GET", "/api/v1/members", None),
    ({OWN}, "PATCH", "/api/v1/members/{member}", {"role": "auditor"}),
    ({OWN}, "DELETE", "/api/v1/members/{member}", None),
    ({OWN}, "POST", "/api/v1/invitations", {}),
    ({OWN, DEV, AUD}, "GET", "/api/v1/tokens", None),
    ({OWN, DEV, AUD}, "POST", "/api/v1/tokens", {"name": "ci"}),
    ({OWN, DEV, AUD}, "GET", "/api/v1/agents", None),
    ({OWN, DEV, AUD}, "GET", "/api/v1/agents/{agent}", None),
    ({OWN}, "POST", "/api/v1/agents", NEW_AGENT),
    ({OWN}, "PATCH", "/api/v1/agents/{agent}", {"name": "b"}),
    ({OWN}, "POST", "/api/v1/agents/{agent}/rotate", {}),
    ({OWN}, "POST", "/api/v1/agents/{agent}/retire", {}),
    ({OWN}, "POST", "/api/v1/agents/{agent}/cordon", {}),
    ({OWN}, "POST", "/api/v1/agents/{agent}/uncordon", {}),
    ({OWN}, "POST", "/api/v1/agents/{agent}/drain", {}),
    ({OWN, AUD}, "GET", "/api/v1/audit/records", None),
    ({OWN, AUD}, "GET", "/api/v1/audit/checkpoints", None),
    ({OWN, AUD}, "GET", "/api/v1/audit/verification", None),
    ({OWN, AUD}, "POST", "/api/v1/audit/comparison", {"lines": []}),
    ({OWN, DEV, AUD}, "GET", "/api/v1/workspaces", None),
    (
        {OWN, DEV},
        "POST",
        "/api/v1/workspaces",
        {"name": "w", "agent_id": "{agent}", "devfile": DEVFILE},
    ),
    ({OWN, AUD}, "GET", "/api/v1/workspaces/{theirs}", None),
    ({OWN, AUD}, "GET", "/api/v1/workspaces/{theirs}/events", None),
    ({OWN, AUD}, "GET", "/api/v1/workspaces/{theirs}/variables", None),
    ({OWN}, "PATCH", "/api/v1/workspaces/{theirs}", {"desired": "Stopped"}),
    ({OWN}, "DELETE", "/api/v1/workspaces/{theirs}", None),
    (
        {OWN},
        "POST",
        "/api/v1/workspaces/{theirs}/move",
        {"agent_id": "{agent}", "discard_volume": True},
    ),
    ({OWN}, "DELETE", "/api/v1/workspaces/{theirs}/move", None),
]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("row", MATRIX, ids=lambda row: f"{row[1]} {row[2]}")
def test_each_role_may_what_the_table_says(world: World, role: Role, row: Row) -> None:
    """Each route lets through the roles that the table names, and refuses the others."""
    allowed, method, path, body = row
    agent = world.agent()
    other = world.member(Role.DEVELOPER)
    places = {"{agent}": agent.agent.id, "{member}": other.id}
    if "{theirs}" in path:
        places["{theirs}"] = world.workspace(agent, other)["id"]
    fill = filler(places)
    token = world.token(world.member(role))
    answer = world.call(method, fill(path), token=token, body=filled(body, fill))
    assert (answer.status_code in (403, 404)) is (role not in allowed), answer.body
    assert answer.status_code < 500


def filler(places: dict[str, str]) -> Callable[[str], str]:
    def fill(text: str) -> str:
        for name, value in places.items():
            text = text.replace(name, value)
        return text

    return fill


def filled(body: object, fill: Callable[[str], str]) -> object:
    return (
        {k: fill(v) if isinstance(v, str) else v for k, v in body.items()}
        if isinstance(body, dict)
        else body
    )


def test_ids_of_another_organisation_are_absent(world: World) -> None:
    """An id of another organisation answers byte for byte like one that never was, on every route."""
    agent = world.agent()
    workspace = world.workspace(agent)["id"]
    stranger = world.token(world.member(Role.OWNER, world.new_organisation()))
    foreign = {
        "{agent_id}": agent.agent.id,
        "{workspace_id}": workspace,
        "{user_id}": world.owner.id,
    }
    absent = {
        "{agent_id}": "ag-000000000000",
        "{workspace_id}": "ws-000000000000",
        "{user_id}": "usr-000000000000",
    }
    hostile = {"{agent_id}": "ag-00000000%2300", "{workspace_id}": "ws-%00", "{user_id}": "..%2F.."}
    rows: list[tuple[str, str, object]] = [
        ("GET", "/api/v1/agents/{agent_id}", None),
        ("PATCH", "/api/v1/agents/{agent_id}", {"name": "b"}),
        ("POST", "/api/v1/agents/{agent_id}/rotate", {}),
        ("POST", "/api/v1/agents/{agent_id}/retire", {}),
        ("POST", "/api/v1/agents/{agent_id}/cordon", {}),
        ("POST", "/api/v1/agents/{agent_id}/uncordon", {}),
        ("POST", "/api/v1/agents/{agent_id}/drain", {}),
        ("PATCH", "/api/v1/members/{user_id}", {"role": "auditor"}),
        ("DELETE", "/api/v1/members/{user_id}", None),
        ("GET", "/api/v1/workspaces/{workspace_id}", None),
        ("PATCH", "/api/v1/workspaces/{workspace_id}", {"desired": "Stopped"}),
        ("DELETE", "/api/v1/workspaces/{workspace_id}", None),
        (
            "POST",
            "/api/v1/workspaces/{workspace_id}/move",
            {"agent_id": agent.agent.id, "discard_volume": True},
        ),
        ("DELETE", "/api/v1/workspaces/{workspace_id}/move", None),
        ("GET", "/api/v1/workspaces/{workspace_id}/events", None),
        ("GET", "/api/v1/workspaces/{workspace_id}/variables", None),
    ]
    for method, path, body in rows:
        answers = [
            world.call(method, filler(places)(path), token=stranger, body=body)
            for places in (foreign, absent, hostile)
        ]
        assert {(each.status_code, each.body) for each in answers} == {(404, answers[0].body)}, path
    made = world.call(
        "POST",
        "/api/v1/workspaces",
        token=stranger,
        body={"name": "w", "agent_id": agent.agent.id, "devfile": DEVFILE},
    )
    assert made.json_body["problems"][0]["code"] == "no-such-agent"


def test_settings_that_are_not_named_stay(world: World) -> None:
    """A change of one setting leaves all others as they were."""
    agent = world.agent()
    path = f"/api/v1/agents/{agent.agent.id}"
    changed = world.call(
        "PATCH", path, token=world.token(), body={"settings": {"max_disk_gib": 50}}
    ).json_body
    assert changed["settings"]["max_disk_gib"] == 50
    assert changed["settings"]["zone"] == "ws.berth.test"
    assert set(changed["settings"]) == set(AgentSettings.__dataclass_fields__)
    hosts = [{"host": "git.test", "port": 8443, "addresses": ["127.0.0.1"]}]
    changed = world.call(
        "PATCH",
        "/api/v1/organisation",
        token=world.token(),
        body={"settings": {"git_hosts": hosts}},
    ).json_body
    assert changed["settings"]["git_hosts"] == hosts
    assert changed["settings"]["workspaces_per_user"] == 10


def test_metadata_addresses_are_never_git_hosts(world: World) -> None:
    """No setting can open the way to a cloud's metadata addresses."""
    for address in ("169.254.169.254", "0.0.0.0/0", "fd00:ec2::254", "::/0"):
        hosts = [{"host": "git.test", "port": 443, "addresses": [address]}]
        answer = world.call(
            "PATCH",
            "/api/v1/organisation",
            token=world.token(),
            body={"settings": {"git_hosts": hosts}},
        )
        assert answer.status_code == 422, address
        assert answer.json_body["problems"][0]["pointer"] == "#/settings/git_hosts/0/addresses/0"
