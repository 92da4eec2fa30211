"""An installation of two stages over one table: people at the one, agents at the other, by one address."""

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from berth_local.aws.account import Account
from berth_local.aws.deployment import OWNER, Deployment
from berth_local.schedule import scheduled_event
from berth_local.site.person import sign_in_by
from chalicelib.wire.reconcile import ApplyOrder, PrerequisitesRequest, TerminateOrder
from infra.stage import policy_file
from tests.deploy import probes
from tests.deploy.agents import (
    SECRET,
    RegisteredAgent,
    RemoteCluster,
    assert_woken_by_a_wish,
    create,
    register,
    variables_of,
)

pytestmark = pytest.mark.deploy

NAME = "apart"
FUNCTIONS = ("api_handler", "sweep")
DENIED = {"AccessDenied", "AccessDeniedException"}
TABLE = f"berth-{NAME}"
CONTEXT = {"organisation": "org-000000000001", "workspace": "ws-000000000001"}
SEALING = {"KeyId": f"alias/{TABLE}", "KeySpec": "AES_256", "EncryptionContext": CONTEXT}
INTRODUCTION = PrerequisitesRequest(epoch=1, instance="pod-1", namespace="berth")
QUEUE = {"QueueName": f"{TABLE}-ag-probe"}


@pytest.fixture(scope="module")
def apart(account: Account) -> Iterator[Deployment]:
    """The installation, with an owner who has signed in."""
    with Deployment(account, NAME, split=True) as raised:
        yield raised


@pytest.fixture(scope="module")
def owner(apart: Deployment) -> Iterator[httpx.Client]:
    """The owner, with a personal token."""
    with apart.client(apart.owner.token) as client:
        yield client


@pytest.fixture(scope="module")
def agent(apart: Deployment, owner: httpx.Client) -> RegisteredAgent:
    """The installation's agent."""
    return register(apart, owner, "cluster")


def ask(
    apart: Deployment, surface: str, path: str, token: str = "none", body: object = None
) -> httpx.Response:
    """Ask a stage at the gateway itself, past the domain; with a body by POST."""
    stage = apart.stages[surface]
    headers = {"Host": apart.aws.api_host(stage.api), "Authorization": f"Bearer {token}"}
    address = f"{apart.aws.endpoint}/{stage.stage}{path}"
    method = "GET" if body is None else "POST"
    return httpx.request(method, address, headers=headers, json=body, timeout=40)


def test_four_functions_have_a_role_each(apart: Deployment) -> None:
    """Two stages are four functions, each with a role of its own that has the policy written for it and no other."""
    iam, found = apart.aws.client("iam"), {}
    for stage in apart.stages.values():
        for function in FUNCTIONS:
            role = stage.deployed()[f"{function}_role"]["role_name"]
            (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
            policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            written = stage.folder / ".chalice" / policy_file(stage.stage, function)
            found[role] = policy == json.loads(written.read_text())
            assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []

    assert list(found.values()) == [True] * 4


def test_one_address_is_that_of_both(
    apart: Deployment, owner: httpx.Client, agent: RegisteredAgent
) -> None:
    """A person who signed in and an agent are both answered by the domain."""
    me = owner.get("/api/v1/me").json()
    answer = agent.control_plane().prerequisites(INTRODUCTION)

    assert (me["name"], me["role"]) == (OWNER, "owner")
    assert {each["kind"] for each in answer.objects} >= {"Deployment", "Service"}
    for surface in ("people", "agents"):
        assert ask(apart, surface, "/healthz").json()["surface"] == surface


def test_a_half_answers_for_itself_alone(apart: Deployment, agent: RegisteredAgent) -> None:
    """At its own address each stage refuses what belongs to the other, whoever asks."""
    answers = {
        (surface, path): ask(apart, surface, path, token, body)
        for surface in ("people", "agents")
        for path, token, body in (
            ("/api/v1/me", apart.owner.token, None),
            ("/agent/v1/prerequisites", agent.token, INTRODUCTION.model_dump()),
        )
    }

    assert answers["people", "/api/v1/me"].status_code == 200
    assert answers["agents", "/agent/v1/prerequisites"].status_code == 200
    assert answers["agents", "/api/v1/me"].json()["code"] == "no-such-route"
    assert answers["people", "/agent/v1/prerequisites"].json()["code"] == "no-such-route"


def test_what_people_seal_agents_open(agent: RegisteredAgent, owner: httpx.Client) -> None:
    """A workspace lives and ends across both stages: its variable is sealed at the one and opened at the other."""
    cluster = RemoteCluster(agent)
    workspace = create(owner, agent)

    (order,) = cluster.poll("full").orders
    assert isinstance(order, ApplyOrder)
    assert SECRET in variables_of(order)
    cluster.settle()
    assert owner.get(f"/api/v1/workspaces/{workspace}").json()["actual"] == "Running"

    assert owner.delete(f"/api/v1/workspaces/{workspace}").status_code == 202
    orders = [order for each in cluster.settle() for order in each.orders]
    assert [type(order) for order in orders] == [TerminateOrder]
    assert owner.get(f"/api/v1/workspaces/{workspace}").json()["actual"] == "Terminated"


def test_a_workspace_moves_to_another_agent(apart: Deployment, owner: httpx.Client) -> None:
    """What people's stage was asked for, agents' stage carries out under its own rights: one agent gives up, one takes over."""
    first, second = (register(apart, owner, name) for name in ("from", "to"))
    leaving, taking = RemoteCluster(first), RemoteCluster(second)
    workspace = create(owner, first)
    leaving.poll("full")
    leaving.settle()
    wish = {"agent_id": second.id, "discard_volume": True}
    owner.post(f"/api/v1/workspaces/{workspace}/move", json=wish).raise_for_status()

    leaving.settle()
    taking.poll("full")
    taking.settle()

    found = owner.get(f"/api/v1/workspaces/{workspace}").json()
    assert (found["agent_id"], found["actual"]) == (second.id, "Running")
    assert not leaving.live


def test_a_person_is_let_in_across_both_stages(
    apart: Deployment, owner: httpx.Client, agent: RegisteredAgent
) -> None:
    """People's stage gives a browser a ticket, and agents' stage trades it, once, for an admission."""
    workspace = create(owner, agent)
    objects = agent.control_plane().prerequisites(INTRODUCTION).objects
    (token,) = [
        base64.b64decode(each["data"]["token"]).decode()
        for each in objects
        if each["kind"] == "Secret" and "token" in each.get("data", {})
    ]
    verifier = "v" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    host = f"7681-{workspace}.ws.example.com"
    asked = {"host": host, "path": "/", "challenge": challenge.decode()}
    with apart.client() as browser:
        sign_in_by(browser, apart.url, OWNER)
        location = browser.get("/enter", params=asked).headers["location"]
    (ticket,) = parse_qs(urlsplit(location).query)["ticket"]
    with apart.client(token) as proxy:
        body = {"ticket": ticket, "host": host, "verifier": verifier}
        admitted, again = (proxy.post("/agent/v1/admissions", json=body) for _ in range(2))

    assert admitted.raise_for_status().json()["workspace_id"] == workspace
    assert again.status_code >= 400


def test_an_agent_hears_of_a_wish_at_the_other_stage(
    agent: RegisteredAgent, owner: httpx.Client
) -> None:
    """An agent listens at a queue that its stage has made, and a wish that people's stage took rings there."""
    assert_woken_by_a_wish(agent, owner)


def test_people_alone_sweep(apart: Deployment, owner: httpx.Client) -> None:
    """Called by their rules, the sweep of people writes a checkpoint of the audit log, and that of agents nothing."""
    owner.post("/api/v1/invitations", json={"role": "developer"}).raise_for_status()

    def checkpoints() -> int:
        return len(owner.get("/api/v1/audit/checkpoints").json()["items"])

    before = checkpoints()
    sweep(apart, "agents")
    assert checkpoints() == before
    sweep(apart, "people")
    assert checkpoints() == before + 1


def sweep(apart: Deployment, surface: str) -> None:
    """Call the sweep of a stage as its rule does."""
    name = f"berth-{apart.stages[surface].stage}-sweep"
    (rule,) = apart.aws.client("events").list_rules(NamePrefix=name)["Rules"]
    answer = apart.aws.client("lambda").invoke(
        FunctionName=name,
        Payload=json.dumps(scheduled_event(rule["Name"], datetime.now(UTC))).encode(),
    )
    assert "FunctionError" not in answer, answer["Payload"].read()


def put(partition: str, **attributes: str) -> probes.Request:
    """Return the request to write an item."""
    item = {"pk": partition, "sk": "probe", **attributes}
    typed = {name: {"S": value} for name, value in item.items()}
    return "dynamodb", "put_item", {"TableName": TABLE, "Item": typed}


def within(write: probes.Request) -> probes.Request:
    """Return the same write in a transaction."""
    return "dynamodb", "transact_write_items", {"TransactItems": [{"Put": write[2]}]}


def on(operation: str, parameters: dict[str, Any], table: str = TABLE) -> probes.Request:
    """Return a request to a table."""
    return "dynamodb", operation, {"TableName": table, **parameters}


def parameter(name: str) -> probes.Request:
    """Return the request for a secret."""
    return "ssm", "get_parameters", {"Names": [name]}


IDENTITY = {"Key": {"pk": {"S": "IDENTITY#i"}, "sk": {"S": "probe"}}}
QUERY = on(
    "query",
    {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "x"}}},
)
PEOPLE, AGENTS = ("people", "api_handler"), ("agents", "api_handler")
PEOPLES_SWEEP, AGENTS_SWEEP = ("people", "sweep"), ("agents", "sweep")
RIGHTS: list[tuple[str, probes.Request, set[tuple[str, str]]]] = [
    ("read", QUERY, {PEOPLE, AGENTS, PEOPLES_SWEEP}),
    ("write in an organisation", put("ORG#o"), {PEOPLE, AGENTS, PEOPLES_SWEEP}),
    ("write who signs in", put("IDENTITY#i"), {PEOPLE, PEOPLES_SWEEP}),
    ("write a role", put("ORG#o", role="owner"), {PEOPLE, PEOPLES_SWEEP}),
    ("write an agent's tokens", put("ORG#o", tokens="x"), {PEOPLE, PEOPLES_SWEEP}),
    ("delete who signs in", on("delete_item", IDENTITY), {PEOPLE, PEOPLES_SWEEP}),
    ("write it in a transaction", within(put("IDENTITY#i")), {PEOPLE, PEOPLES_SWEEP}),
    ("scan", on("scan", {}), set()),
    ("seal", ("kms", "generate_data_key", SEALING), {PEOPLE}),
    ("make a queue", ("sqs", "create_queue", QUEUE), {AGENTS}),
    ("read the other installation", on("get_item", IDENTITY, "berth-dev"), set()),
    ("read its secrets", parameter("/berth/dev/pepper"), set()),
    ("read our secrets", parameter(f"/berth/{NAME}/pepper"), {PEOPLE, AGENTS, PEOPLES_SWEEP, AGENTS_SWEEP}),
]  # fmt: skip
"""What is asked, and whose role allows it."""


@pytest.fixture(scope="module")
def askers(apart: Deployment) -> dict[tuple[str, str], probes.Asker]:
    """One with each role."""
    return {
        (surface, function): probes.Asker.of(apart.aws, stage, function)
        for surface, stage in apart.stages.items()
        for function in FUNCTIONS
    }


@pytest.mark.parametrize(
    "asked, allowed", [each[1:] for each in RIGHTS], ids=[r[0] for r in RIGHTS]
)
def test_each_role_is_denied_what_belongs_to_another(
    askers: dict[tuple[str, str], probes.Asker],
    asked: probes.Request,
    allowed: set[tuple[str, str]],
) -> None:
    """Of the four roles those that need a right have it, and the others are refused for the want of it."""
    refusals = {name: asker.refusal(asked) for name, asker in askers.items()}

    assert {name for name, refusal in refusals.items() if not refusal} == allowed
    assert {refusals[name] for name in refusals.keys() - allowed} <= DENIED


def test_agents_alone_open(askers: dict[tuple[str, str], probes.Asker]) -> None:
    """What a person's stage has sealed no role opens but that of the agents' stage."""
    sealed = askers[PEOPLE]("kms", "generate_data_key", SEALING)["sealed"]
    opening: dict[str, Any] = {"CiphertextBlob": sealed, "EncryptionContext": CONTEXT}

    refusals = {name: each.refusal(("kms", "decrypt", opening)) for name, each in askers.items()}

    assert refusals.pop(AGENTS) == ""
    assert set(refusals.values()) <= DENIED
