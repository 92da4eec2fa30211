"""docs/how-to/deploy.md, followed word for word: every block of it is run, and what it promises is looked for.

Nothing of a block is changed but by `PLACEHOLDERS`, and none is left out but those of `NOT_RUN`. Whoever follows it
has an account, a name, an authority and a bucket: `tests.deploy.newcomer`.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from botocore.exceptions import ClientError

from berth_agent.client import Answer, ControlPlane
from berth_local.site.person import Person, sign_in_by
from checks.tree import ROOT
from tests.deploy.agents import RegisteredAgent, RemoteCluster, create
from tests.deploy.newcomer import BUCKET, DOMAIN, RELEASE, Newcomer
from tests.deploy.pages import Block, blocks

PAGE = ROOT / "docs/how-to/deploy.md"
BLOCKS = tuple(blocks(PAGE.read_text(encoding="utf-8")))

PLACEHOLDERS = {
    "https://gitlab.example.org": "{issuer}",
    "the-id-of-that-client": "{client_id}",
    "the-secret-of-that-client": "{client_secret}",
}
"""What a reader puts in place of the page's examples; the domain, the certificate and the release stay as they are there."""

NOT_RUN = {
    "API=$(.venv/bin/python -m infra.deploy api dev-people)": (
        "MiniStack has no AWS::ApiGatewayV2::RoutingRule, which leads the paths of agents to their stage"
    ),
    "make smoke STAGE=dev": (
        "It looks for what MiniStack lacks, and so ends with 1 there: test_smoke.py runs it, check by check"
    ),
}
"""Blocks, by their first line, each with what the emulator lacks; docs/explanation/deployment.md says how to see it on AWS."""


@dataclass
class Way:
    """How far somebody has come, and what they have to show for it."""

    newcomer: Newcomer
    said: str = ""
    """By the commands of the last block."""
    owner: Person | None = None
    apis: list[str] = field(default_factory=list)
    """Ids of the API, one after the other."""
    workspaces: list[str] = field(default_factory=list)
    """Ids of those that live."""
    agent: RegisteredAgent | None = None
    cluster: RemoteCluster | None = None
    """What lives in the agent's cluster, through all that happens to the control plane."""

    def client(self) -> httpx.Client:
        """Return a client with the owner's token."""
        assert self.owner is not None
        return self.newcomer.browser(self.owner.token)

    def health(self) -> dict[str, object]:
        """What the control plane says of itself, by its name."""
        with self.newcomer.browser() as anybody:
            said: dict[str, object] = anybody.get("/healthz").raise_for_status().json()
        return said


@dataclass(frozen=True)
class NamedAgent(RegisteredAgent):
    """An agent that finds the domain as the newcomer does."""

    newcomer: Newcomer | None = None

    def control_plane(self) -> ControlPlane:
        assert self.newcomer is not None
        return ControlPlane(self.url, lambda: self.token, self.newcomer.exchange)


def knows_what_is_its_own(way: Way) -> None:
    """The shell has what was written down from now on."""
    said = way.newcomer.shell.run("printenv DOMAIN CERTIFICATE OIDC_ISSUER OIDC_CLIENT_ID")

    issuer = way.newcomer.registration.issuer
    assert said.split()[0] == DOMAIN
    assert said.split()[2:] == [issuer, way.newcomer.registration.client_id]


def ships_the_authority(way: Way) -> None:
    """What will be packaged has the authority, and git would take it."""
    shipped = way.newcomer.clone / "vendor/authority.pem"
    assert shipped.read_text().startswith("-----BEGIN CERTIFICATE")


def has_table_and_key(way: Way) -> None:
    """The table cannot be deleted, and the key has its name."""
    table = way.newcomer.aws.client("dynamodb").describe_table(TableName="berth-dev")["Table"]
    aliases = way.newcomer.aws.client("kms").list_aliases()["Aliases"]

    assert table["DeletionProtectionEnabled"]
    assert "alias/berth-dev" in {each["AliasName"] for each in aliases}


def watches(way: Way) -> None:
    """Log groups that end, alarms and a dashboard are there before there is anything to watch."""
    aws = way.newcomer.aws
    groups = aws.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/berth-dev")
    alarms = aws.client("cloudwatch").describe_alarms(AlarmNamePrefix="berth-dev")["MetricAlarms"]
    dashboards = aws.client("cloudwatch").list_dashboards()["DashboardEntries"]

    assert {each["logGroupName"]: each["retentionInDays"] for each in groups["logGroups"]} == {
        "/aws/lambda/berth-dev": 30,
        "/aws/lambda/berth-dev-sweep": 30,
    }
    assert len(alarms) > 5
    assert len(dashboards) == 1


def keeps_three_secrets(way: Way) -> None:
    """Three parameters are kept sealed, none of them said by a command."""
    kept = way.newcomer.aws.client("ssm")
    found = {each["Name"]: each for each in kept.describe_parameters()["Parameters"]}
    names = [f"/berth/dev/{name}" for name in ("bootstrap_code", "oidc_client_secret", "pepper")]
    values = kept.get_parameters(Names=names, WithDecryption=True)["Parameters"]

    assert sorted(found) == names
    assert {each["Type"] for each in found.values()} == {"SecureString"}
    assert {each["KeyId"] for each in found.values()} == {"alias/berth-dev"}
    assert not [each["Name"] for each in values if each["Value"] in way.said]


def names_the_files(way: Way) -> None:
    """It names what it wrote below `.chalice`, with no secret in it; it is committed."""
    written = [
        way.newcomer.clone / name for name in way.said.split() if name.startswith(".chalice")
    ]

    assert {path.name for path in written} == {
        "config.json",
        "policy-dev-api_handler.json",
        "policy-dev-sweep.json",
        "template-dev.json",
    }
    text = "".join(path.read_text() for path in written)
    assert way.newcomer.registration.client_secret not in text
    assert way.newcomer.registration.issuer in text
    way.newcomer.commit()


def has_deployed(way: Way) -> None:
    """Chalice has written what it made, and the functions are there."""
    way.apis.append(str(way.newcomer.made("dev")["rest_api"]["rest_api_id"]))

    assert way.newcomer.functions().keys() == {"berth-dev", "berth-dev-sweep"}


def has_a_name(way: Way) -> None:
    """The stack says where the name leads, and it leads there."""
    way.newcomer.open_domain()

    outputs = way.newcomer.aws.client("cloudformation").describe_stacks(
        StackName="berth-dev-domain"
    )["Stacks"][0]["Outputs"]
    assert [each["OutputKey"] for each in outputs] == ["Target"]


def answers(way: Way) -> None:
    """The control plane is well; who had signed in before still is."""
    assert json.loads(way.said) == {"status": "ok", "surface": "all", "protocol": 1}
    if way.owner is not None:
        finds_everything(way)


def becomes_its_owner(way: Way) -> None:
    """Whoever opens the address with the code that was printed owns the organisation, and nobody after them."""
    code = way.said.strip()
    with way.newcomer.browser() as browser:
        way.owner = sign_in_by(browser, f"https://{DOMAIN}", "robin", code=code)
    with way.client() as owner:
        assert owner.get("/api/v1/me").json()["role"] == "owner"
        way.agent = registered(way, owner)
        way.cluster = RemoteCluster(way.agent)
    with way.newcomer.browser() as browser, pytest.raises((RuntimeError, httpx.HTTPStatusError)):
        sign_in_by(browser, f"https://{DOMAIN}", "sam", code=code)
    works(way)


def registered(way: Way, owner: httpx.Client) -> RegisteredAgent:
    """Register an agent."""
    settings = {"name": "cluster", "settings": {"zone": "ws.example.com"}}
    said = owner.post("/api/v1/agents", json=settings).raise_for_status().json()
    authority = way.newcomer.clone / "vendor/authority.pem"
    return NamedAgent(said["id"], said["token"], f"https://{DOMAIN}", authority, way.newcomer)


def works(way: Way) -> None:
    """A workspace with a sealed variable is created and runs, and every one that was created before can be read."""
    assert way.agent is not None
    assert way.cluster is not None
    with way.client() as owner:
        way.workspaces.append(create(owner, way.agent))
        way.cluster.poll("full")
        way.cluster.settle()
        found = owner.get(f"/api/v1/workspaces/{way.workspaces[-1]}").raise_for_status().json()
        assert found["actual"] == "Running"
    finds_everything(way)


def finds_everything(way: Way) -> None:
    """Nothing of what was made is lost."""
    with way.client() as owner:
        listed = owner.get("/api/v1/workspaces").raise_for_status().json()["items"]
    assert {each["id"] for each in listed} == {*way.workspaces}


def takes_the_code_away(way: Way) -> None:
    """The code is gone."""
    with pytest.raises(ClientError, match="ParameterNotFound"):
        way.newcomer.aws.client("ssm").get_parameter(Name="/berth/dev/bootstrap_code")


def is_upgraded(way: Way) -> None:
    """The later release answers at the same API, finds what was there, and writes rows of its own kind."""
    assert way.health()["protocol"] == 2
    assert later_agent(way).status == 200
    works(way)
    assert [row for row in way.newcomer.rows() if "later" in row]
    has_deployed(way)
    assert way.apis[-1] == way.apis[-2]


def is_rolled_back(way: Way) -> None:
    """The former release answers at the same API, reads what the later one wrote, and goes on with it."""
    assert way.health()["protocol"] == 1
    refused = later_agent(way)
    assert (refused.status, b"#/protocol" in refused.body) == (422, True)
    finds_everything(way)
    assert way.cluster is not None
    with way.client() as owner:
        later = way.workspaces.pop()
        assert owner.delete(f"/api/v1/workspaces/{later}").status_code == 202
        way.cluster.settle()
        assert owner.get(f"/api/v1/workspaces/{later}").json()["actual"] == "Terminated"
    works(way)
    has_deployed(way)
    assert way.apis[-1] == way.apis[-2]


def later_agent(way: Way) -> Answer:
    """Return what an agent of the later release is answered."""
    assert way.agent is not None
    said = {"protocol": 2, "update_type": "partial", "epoch": 1, "instance": "pod-1"}
    headers = {
        "Authorization": f"Bearer {way.agent.token}",
        "Content-Type": "application/json",
    }
    address = f"https://{DOMAIN}/agent/v1/reconcile"
    return way.newcomer.exchange(address, json.dumps(said).encode(), headers)


def has_another_secret(way: Way) -> None:
    """Functions that were started anew have the secret: with a wrong one nobody signs in, with the right one all do."""
    shell, block = way.newcomer.shell, next(b for b in BLOCKS if b.section == "Change a secret")
    signs_in(way)
    right = way.newcomer.registration.client_secret
    shell.run("OIDC_CLIENT_SECRET=mistaken")
    shell.run(block.commands)
    with pytest.raises((RuntimeError, httpx.HTTPStatusError)):
        signs_in(way)
    shell.run(f"OIDC_CLIENT_SECRET={right}")
    shell.run(block.commands)
    signs_in(way)


def signs_in(way: Way) -> None:
    """The owner signs in once more."""
    with way.newcomer.browser() as browser:
        assert sign_in_by(browser, f"https://{DOMAIN}", "robin").token


def leaves_the_data(way: Way) -> None:
    """Functions, API and roles are gone; table, key, secrets, domain and logs are not."""
    aws = way.newcomer.aws

    assert way.newcomer.functions() == {}
    assert aws.client("apigateway").get_rest_apis()["items"] == []
    assert aws.client("iam").list_roles()["Roles"] == []
    has_table_and_key(way)
    watches(way)
    assert len(aws.client("ssm").describe_parameters()["Parameters"]) == 2
    assert aws.client("apigateway").get_domain_names()["items"]
    assert [row for row in way.newcomer.rows() if "TOKEN#" in row["sk"]["S"]]


def is_deployed_by_stacks(way: Way) -> None:
    """The stack says the id of its API, the functions have the names that Chalice gives, and all data is there."""
    outputs = way.newcomer.aws.client("cloudformation").describe_stacks(StackName="berth-dev-app")
    found = {e["OutputKey"]: e["OutputValue"] for e in outputs["Stacks"][0]["Outputs"]}
    assert way.owner is not None

    assert {"berth-dev", "berth-dev-sweep"} <= way.newcomer.functions().keys()
    answer = way.newcomer.ask(found["RestAPIId"], "dev", "/api/v1/workspaces", way.owner.token)
    assert len(answer.raise_for_status().json()["items"]) == len(way.workspaces)


def watches_both(way: Way) -> None:
    """Each half has logs, one has the alarms of the sweep."""
    alarms = way.newcomer.aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
    named = [each["AlarmName"] for each in alarms]

    assert len([n for n in named if n.startswith("berth-dev-people")]) > len(
        [n for n in named if n.startswith("berth-dev-agents")]
    )


def is_apart(way: Way) -> None:
    """Two stages answer, each for itself, with what the undivided one had written."""
    assert way.owner is not None
    for surface, status in (("people", 200), ("agents", 404)):
        stage = f"dev-{surface}"
        api = str(way.newcomer.made(stage)["rest_api"]["rest_api_id"])
        health = way.newcomer.ask(api, stage, "/healthz", "none").raise_for_status().json()
        assert health["surface"] == surface
        answer = way.newcomer.ask(api, stage, "/api/v1/workspaces", way.owner.token)
        assert answer.status_code == status, answer.text


def leaves_what_stacks_made(way: Way) -> None:
    """Of both stages nothing is left but what another stack has made, and the data."""
    assert way.newcomer.functions().keys() == {"berth-dev", "berth-dev-sweep"}
    assert len(way.newcomer.aws.client("apigateway").get_rest_apis()["items"]) == 1
    has_table_and_key(way)


Promise = Callable[[Way], None]
SET_UP, APART = "Set it up", "People and agents apart"
OWN, STACKS, AWAY = "What you need", "By CloudFormation instead", "Take it away"
STEPS: list[tuple[str, str, Promise]] = [
    (OWN, "export DOMAIN=", knows_what_is_its_own),
    (OWN, "mkdir -p vendor", ships_the_authority),
    (SET_UP, "aws cloudformation deploy --stack-name berth-dev --", has_table_and_key),
    (SET_UP, "aws cloudformation deploy --stack-name berth-dev-operations", watches),
    (SET_UP, "openssl rand", keeps_three_secrets),
    (SET_UP, "aws cloudformation describe-stacks", names_the_files),
    (SET_UP, "make deploy STAGE=dev", has_deployed),
    (SET_UP, "API=$(.venv/bin/python -m infra.deploy api dev)", has_a_name),
    (SET_UP, "curl", answers),
    (SET_UP, "aws ssm get-parameter", becomes_its_owner),
    (SET_UP, "aws ssm delete-parameter", takes_the_code_away),
    ("Upgrade", "make deploy STAGE=dev", is_upgraded),
    ("Roll back", f"make deploy STAGE=dev RELEASE={RELEASE}", is_rolled_back),
    ("Change a secret", "printf", has_another_secret),
    (AWAY, "make destroy STAGE=dev", leaves_the_data),
    # What was taken away is brought back, as that section says; the tree is of the release again.
    (SET_UP, "make deploy STAGE=dev", has_deployed),
    (SET_UP, "API=$(.venv/bin/python -m infra.deploy api dev)", has_a_name),
    (SET_UP, "curl", answers),
    # In place of that, on the same data: never two of them at once.
    (AWAY, "make destroy STAGE=dev", leaves_the_data),
    (STACKS, "make package STAGE=dev", is_deployed_by_stacks),
    (APART, "aws cloudformation deploy --stack-name berth-dev-people-operations", watches_both),
    (APART, "aws cloudformation describe-stacks", is_apart),
    (APART, "make destroy STAGE=dev-people", leaves_what_stacks_made),
]
"""Blocks of the page in the order in which somebody may follow them, by section and beginning, each with its promise."""


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    """Somebody with an empty account."""
    with Newcomer(tmp_path_factory.mktemp("newcomer")) as arrived:
        yield arrived


def block_of(section: str, beginning: str) -> Block:
    """Return the one block of a section that begins so."""
    (found,) = [b for b in BLOCKS if b.section == section and b.commands.startswith(beginning)]
    return found


def test_no_block_of_the_page_is_left_out() -> None:
    """Each block of the page is run, or is listed with the reason why it cannot be."""
    run = {block_of(section, beginning) for section, beginning, _ in STEPS}
    listed = {block for block in BLOCKS if block.commands.splitlines()[0] in NOT_RUN}

    assert {*BLOCKS} - run == listed
    assert len(listed) == len(NOT_RUN)


@pytest.mark.deploy
@pytest.mark.minute
def test_the_page_is_true(newcomer: Newcomer) -> None:
    """Followed word for word, the page leads from an empty account to an installation, through its life and to its end."""
    way = Way(newcomer)
    newcomer.aws.client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    registration = newcomer.registration
    for section, beginning, promise in STEPS:
        if promise is is_upgraded:
            newcomer.check_later_release_out()
        commands = block_of(section, beginning).commands
        for example, own in PLACEHOLDERS.items():
            commands = commands.replace(
                example,
                own.format(
                    issuer=registration.issuer,
                    client_id=registration.client_id,
                    client_secret=registration.client_secret,
                ),
            )
        way.said = newcomer.shell.run(commands)
        promise(way)
        if promise is is_rolled_back:
            newcomer.check_release_out()
