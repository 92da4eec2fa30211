"""What the role of agents holds, asked of the very writes that the records make."""

from fnmatch import fnmatchcase
from typing import Any

import pytest

from chalicelib.domain.access.credentials import Invitation, Session
from chalicelib.domain.access.member import Member
from chalicelib.domain.access.roles import Role
from chalicelib.domain.agents.agent import Agent, AgentSettings
from chalicelib.ports.store import AtMost, Check, Equals, Put, Update, Write
from chalicelib.records import agents, people, sessions, tokens
from infra.policies import Installation, policies

ORG, NOW = "org-000000000001", 1_900_000_000.0
ACTIONS = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
}
MEMBER = Member(
    id="usr-000000000001",
    organisation_id=ORG,
    issuer="https://issuer.test",
    subject="1",
    name="Robin",
    email="robin@example.com",
    role=Role.OWNER,
    version=1,
    created_at=NOW,
)
SESSION = Session("ses-000000000001", ORG, MEMBER.id, b"d", NOW, NOW, NOW)
INVITATION = Invitation("inv-000000000001", ORG, Role.OWNER, b"d", MEMBER.id, NOW, NOW)
AGENT = Agent("ag-000000000001", ORG, "a", AgentSettings(zone="ws.example.com"), 1, NOW)
LEADER = agents.Leader(1, "i", "1", "berth")


def is_allowed(policy: dict[str, Any], write: Write) -> bool:
    """Whether a policy allows a write, by DynamoDB's condition keys for a single item."""
    key = write.item.key if isinstance(write, Put) else write.key
    action, touched = ACTIONS[type(write).__name__], attributes(write)

    def speaks_of_it(statement: dict[str, Any]) -> bool:
        condition = statement.get("Condition", {})
        keys = condition.get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", ["*"])
        named = condition.get("ForAnyValue:StringEquals", {}).get("dynamodb:Attributes")
        return (
            action in statement["Action"]
            and any(fnmatchcase(key.partition, each) for each in keys)
            and (named is None or not touched.isdisjoint(named))
        )

    effects = {each["Effect"] for each in policy["Statement"] if speaks_of_it(each)}
    return effects == {"Allow"}


def attributes(write: Write) -> set[str]:
    """Return the attributes that a write names, those of its conditions too."""
    named = set(write.item.attributes) if isinstance(write, Put) else set[str]()
    if isinstance(write, Update):
        named |= {*write.set, *write.add, *write.remove}
    if not isinstance(write, Check):
        named |= {each.name for each in write.when if isinstance(each, AtMost | Equals)}
    return named


@pytest.fixture
def policy(installation: Installation) -> dict[str, Any]:
    """The policy of the function that answers agents, where people have another."""
    return policies(installation, "prod-agents", "agents")["api_handler"]


@pytest.mark.parametrize(
    "write",
    [
        *people.put_new(MEMBER),
        people.change_role(MEMBER, Role.OWNER),
        people.rename(MEMBER, "Robin", "other@example.com"),
        *people.remove(MEMBER, NOW),
        people.bootstrapped(NOW, ORG),
        sessions.put_new(SESSION),
        sessions.seen(SESSION, NOW),
        tokens.put_new_invitation(INVITATION),
        agents.put_new(AGENT),
        agents.change_tokens(AGENT, [(b"d", None)]),
        agents.retire(AGENT, NOW),
    ],
)
def test_nobody_is_made_or_raised_by_what_agents_reach(
    policy: dict[str, Any], installation: Installation, write: Write
) -> None:
    """Each write that makes or changes a person, a role, a session or an agent's token is refused there alone."""
    of_people = policies(installation, "prod-people", "people")["api_handler"]

    assert not is_allowed(policy, write)
    assert is_allowed(of_people, write)


@pytest.mark.parametrize(
    "write",
    [
        agents.introduced(AGENT, LEADER, NOW),
        agents.reported(AGENT),
        agents.starts(ORG, AGENT.id),
        agents.receives(ORG, AGENT.id, starts=True),
    ],
)
def test_conversation_of_an_agent_is_allowed(policy: dict[str, Any], write: Write) -> None:
    """What a conversation writes about its agent passes."""
    assert is_allowed(policy, write)
