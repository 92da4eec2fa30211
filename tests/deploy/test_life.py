"""A deployment from the first to the last: what Chalice makes, changes and takes away."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from berth_local.aws import stacks
from berth_local.aws.deployment import Deployment
from berth_local.aws.emulator import Emulator
from berth_local.aws.project import Project
from berth_local.schedule import scheduled_event
from berth_local.waiting import wait_until
from infra.stage import policy_file

pytestmark = pytest.mark.deploy

STAGE = "dev"
FUNCTIONS = {"api_handler": "berth-dev", "sweep": "berth-dev-sweep"}
"""By Chalice's names for them."""


def test_every_function_has_a_role_of_its_own(deployment: Deployment) -> None:
    """No two functions share a role, and each role has the policy that was written for it and no other."""
    roles = policies_by_role(deployment.aws, deployment.project)

    assert len(roles) == 2


def policies_by_role(aws: Emulator, project: Project) -> dict[str, Any]:
    """Return what the roles of a stage may do, which is what was written for its functions and nothing else."""
    found = {}
    for function, name in FUNCTIONS.items():
        made = aws.client("lambda").get_function_configuration(FunctionName=name)
        role = made["Role"].rpartition("/")[2]
        found[role] = policies_of(aws, role)
        written = project.folder / ".chalice" / policy_file(STAGE, function)
        assert found[role] == [json.loads(written.read_text())]
    return found


def policies_of(aws: Emulator, role: str) -> list[dict[str, Any]]:
    """Return what a role may do; a policy of the account would be an error."""
    iam = aws.client("iam")
    assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == []
    return [
        iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    ]


def test_the_settings_of_the_project_are_those_of_the_deployment(deployment: Deployment) -> None:
    """The API is regional and compresses, and a function ends before the gateway would give it up."""
    aws = deployment.aws
    api = aws.client("apigateway").get_rest_api(restApiId=deployment.api)
    function = aws.client("lambda").get_function_configuration(FunctionName="berth-dev")

    assert api["endpointConfiguration"]["types"] == ["REGIONAL"]
    assert api["minimumCompressionSize"] == 1024
    assert (function["Timeout"], function["MemorySize"]) == (25, 1024)


def test_only_the_api_may_call_its_function(deployment: Deployment) -> None:
    """The function's own policy lets API Gateway call it, for this API alone."""
    policy = json.loads(
        deployment.aws.client("lambda").get_policy(FunctionName="berth-dev")["Policy"]
    )

    (statement,) = policy["Statement"]
    assert statement["Principal"] == {"Service": "apigateway.amazonaws.com"}
    assert f":{deployment.api}/" in json.dumps(statement["Condition"])


def test_the_sweep_runs_by_the_clock_and_holds_the_audit_log_fast(
    deployment: Deployment, owner: httpx.Client
) -> None:
    """A rule calls the sweep once a minute; one call of it writes a checkpoint of the audit log."""
    events = deployment.aws.client("events")
    (rule,) = events.list_rules(NamePrefix="berth-dev-sweep")["Rules"]
    assert rule["ScheduleExpression"] == "rate(1 minute)"
    (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    owner.post("/api/v1/invitations", json={"role": "developer"}).raise_for_status()

    answer = deployment.aws.client("lambda").invoke(
        FunctionName=target["Arn"],
        Payload=json.dumps(scheduled_event(rule["Name"], datetime.now(UTC))).encode(),
    )

    assert "FunctionError" not in answer, answer["Payload"].read()
    assert owner.get("/api/v1/audit/checkpoints").json()["items"]


@pytest.mark.minute
def test_the_sweep_is_called_by_its_rule(deployment: Deployment) -> None:
    """Nobody calls the sweep but its rule, and within the minute it has run."""
    logs, group = deployment.aws.client("logs"), "/aws/lambda/berth-dev-sweep"

    def runs() -> int:
        if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            return 0
        events = logs.filter_log_events(logGroupName=group)["events"]
        return sum(each["message"].startswith("REPORT") for each in events)

    before = runs()
    wait_until(lambda: runs() > before, "the rule has not fired", seconds=90)


@dataclass(frozen=True)
class Second:
    """An AWS of one test alone, and a copy of the deployed project with the package that is built already."""

    aws: Emulator
    project: Project

    def health(self) -> dict[str, Any]:
        """What the deployed control plane says of itself."""
        (api,) = self.apis()
        host = {"Host": self.aws.api_host(api)}
        answer = httpx.get(f"{self.aws.endpoint}/{STAGE}/healthz", headers=host, timeout=40)
        said: dict[str, Any] = answer.raise_for_status().json()
        return said

    def functions(self) -> dict[str, str]:
        """The functions with the digests of their code."""
        listed = self.aws.client("lambda").list_functions()["Functions"]
        return {each["FunctionName"]: each["CodeSha256"] for each in listed}

    def apis(self) -> list[str]:
        """Ids of the APIs."""
        listed = self.aws.client("apigateway").get_rest_apis()["items"]
        return [each["id"] for each in listed]


@pytest.fixture
def second(deployment: Deployment, tmp_path: Path) -> Iterator[Second]:
    """Nothing is deployed there but the data stack."""
    folder = tmp_path / "project"
    shutil.copytree(deployment.project.folder, folder)
    shutil.rmtree(folder / ".chalice" / "deployed")
    project = Project(folder, STAGE)
    with Emulator(deployment.aws.installation) as aws:
        project.write_stages(STAGE, stacks.create_data(aws, STAGE), deployment.choices)
        stacks.keep_secrets(aws, STAGE, deployment.secrets)
        yield Second(aws, project)


def test_a_deployment_is_changed_in_place_and_taken_away(second: Second) -> None:
    """A second deployment keeps the API's address and brings the change; deleting leaves the data and nothing else."""
    second.project.deploy(second.aws)
    before, apis = second.functions(), second.apis()
    assert second.health()["surface"] == "all"

    second.project.set({"BERTH_SURFACE": "agents"})
    second.project.deploy(second.aws)

    assert second.health()["surface"] == "agents"
    assert (second.functions(), second.apis()) == (before, apis)

    second.project.delete(second.aws)

    assert (second.functions(), second.apis()) == ({}, [])
    assert second.aws.client("iam").list_roles()["Roles"] == []
    assert second.aws.client("events").list_rules()["Rules"] == []
    assert second.aws.client("dynamodb").list_tables()["TableNames"] == ["berth-dev"]
    aliases = second.aws.client("kms").list_aliases()["Aliases"]
    assert "alias/berth-dev" in [each["AliasName"] for each in aliases]


def test_the_packaged_template_deploys_by_cloudformation(second: Second) -> None:
    """The other road, `chalice package` and CloudFormation, ends with the same answer under a policy of the same words."""
    packaged = second.project.package()

    outputs = stacks.create_application(second.aws, STAGE, packaged)

    assert second.health() == {"status": "ok", "surface": "all", "protocol": 1}
    assert second.apis() == [outputs["RestAPIId"]]
    assert second.functions().keys() == {*FUNCTIONS.values()}
    assert len(policies_by_role(second.aws, second.project)) == 2
