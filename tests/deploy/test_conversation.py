"""An agent's whole conversation, through the gateway into the deployed package."""

import itertools

import httpx
import pytest

from berth_agent.client import PACKED_FROM, NoAnswer
from berth_local.aws.deployment import Deployment
from chalicelib.domain.naming import make_id
from chalicelib.wire.reconcile import (
    ApplyOrder,
    PrerequisitesRequest,
    ReconcileRequest,
    TerminateOrder,
)
from tests.builders import Live, report_of
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

_names = itertools.count()


@pytest.fixture
def agent(deployment: Deployment, owner: httpx.Client) -> RegisteredAgent:
    """An agent of this test alone."""
    return register(deployment, owner, f"cluster-{next(_names)}")


@pytest.fixture
def workspace(agent: RegisteredAgent, owner: httpx.Client) -> str:
    """A workspace with a sealed variable, just created there."""
    return create(owner, agent)


def test_a_new_leader_gets_the_proxys_objects(agent: RegisteredAgent) -> None:
    """The agent's first message is answered with the objects of its proxy."""
    request = PrerequisitesRequest(epoch=1, instance="pod-1", namespace="berth")

    answer = agent.control_plane().prerequisites(request)

    assert {each["kind"] for each in answer.objects} >= {"Deployment", "Service"}


def test_a_sealed_variable_reaches_the_cluster_and_no_table(
    deployment: Deployment, agent: RegisteredAgent, workspace: str
) -> None:
    """A variable travels under KMS: it is in the order for its agent, and nowhere in the table."""
    (order,) = RemoteCluster(agent).poll("full").orders

    assert isinstance(order, ApplyOrder)
    assert SECRET in variables_of(order)
    table = deployment.aws.client("dynamodb").scan(TableName="berth-dev")["Items"]
    assert workspace in str(table)
    assert SECRET not in str(table)


def test_a_workspace_lives_and_ends(
    agent: RegisteredAgent, workspace: str, owner: httpx.Client
) -> None:
    """What a person wants becomes orders, reports become what a person sees, until nothing is left."""
    cluster = RemoteCluster(agent)
    cluster.poll("full")
    cluster.settle()
    running = owner.get(f"/api/v1/workspaces/{workspace}").json()
    assert (running["desired"], running["actual"]) == ("Running", "Running")

    answer = owner.delete(f"/api/v1/workspaces/{workspace}")
    assert answer.status_code == 202, answer.text
    orders = [order for each in cluster.settle() for order in each.orders]

    assert [type(order) for order in orders] == [TerminateOrder]
    ended = owner.get(f"/api/v1/workspaces/{workspace}").json()
    assert ended["actual"] == "Terminated"
    assert not cluster.live
    assert not cluster.tombstones


def test_a_compressed_message_is_read_behind_the_gateway(agent: RegisteredAgent) -> None:
    """A full report that the agent compresses arrives whole, though the gateway inflates it on the way."""
    live = Live(generation=1, replicas=1, spec_digest="", secrets_digest="", version=1)
    reports = [report_of(make_id("ws", number.to_bytes(16, "big")), live) for number in range(100)]
    request = ReconcileRequest.model_validate(
        {
            "update_type": "full",
            "epoch": 1,
            "instance": "pod-1",
            "intent": -1,
            "reports": reports,
            "full_sync": {"id": "sync-1"},
        }
    )
    assert len(request.model_dump_json(exclude_defaults=True)) > PACKED_FROM

    answer = agent.control_plane().reconcile(request)

    assert len(answer.receipts) == len(reports)


def test_a_stranger_is_no_agent(agent: RegisteredAgent) -> None:
    """A token that is none is refused before anything is read of the message."""
    stranger = RegisteredAgent(agent.id, agent.token[:-4] + "0000", agent.url, agent.authority)

    with pytest.raises(NoAnswer) as refused:
        RemoteCluster(stranger).poll("full")

    assert refused.value.status == 401


def test_an_agent_that_listens_hears_of_a_wish_at_once(
    agent: RegisteredAgent, owner: httpx.Client
) -> None:
    """Under the function's own role an agent gets a queue to listen at, and hears a person's wish there."""
    assert_woken_by_a_wish(agent, owner)
