"""Stacks of CloudFormation: the data of a stage by `infra/stack.yaml`, and the application as `chalice package` writes it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from berth_local.aws.emulator import REGION, Emulator
from berth_local.aws.installation import REPOSITORY
from berth_local.waiting import wait_until

DATA = REPOSITORY / "infra" / "stack.yaml"
OPERATIONS = REPOSITORY / "infra" / "operations.yaml"
_SECONDS = 60
_BUCKET = "berth-packages"


def create_data(aws: Emulator, stage: str) -> dict[str, str]:
    """Create the table and the key of a stage and return the stack's outputs. Raises RuntimeError where it fails."""
    return _create(aws, f"berth-{stage}", DATA.read_text(), {"Stage": stage})


def keep_secrets(aws: Emulator, stage: str, secrets: Mapping[str, str]) -> None:
    """Put an installation's secrets into the parameter store, sealed with its key."""
    for name, value in secrets.items():
        aws.client("ssm").put_parameter(
            Name=f"/berth/{stage}/{name}",
            Type="SecureString",
            KeyId=f"alias/berth-{stage}",
            Value=value,
        )


def create_operations(aws: Emulator, stage: str) -> dict[str, str]:
    """Create logs, alarms and dashboard of a stage and return the stack's outputs. Raises RuntimeError where it fails."""
    parameters = {"Stage": stage, "Table": f"berth-{stage}"}
    return _create(aws, f"berth-{stage}-operations", OPERATIONS.read_text(), parameters)


def create_application(aws: Emulator, stage: str, packaged: Path) -> dict[str, str]:
    """Create what `make package` put into a folder, as `aws cloudformation package` and `deploy` would.

    Raises RuntimeError where it fails.
    """
    store = aws.client("s3")
    store.create_bucket(Bucket=_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    store.upload_file(str(packaged / "deployment.zip"), _BUCKET, "deployment.zip")
    template = json.loads((packaged / "sam.json").read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = f"s3://{_BUCKET}/deployment.zip"
    return _create(aws, f"berth-{stage}-app", json.dumps(template), {})


def _create(aws: Emulator, name: str, template: str, parameters: dict[str, str]) -> dict[str, str]:
    cloudformation = aws.client("cloudformation")
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=template,
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    described: dict[str, Any] = {}

    def is_done() -> bool:
        described.update(cloudformation.describe_stacks(StackName=name)["Stacks"][0])
        return not described["StackStatus"].endswith("_IN_PROGRESS")

    wait_until(is_done, f"the stack {name} is not complete", seconds=_SECONDS)
    if described["StackStatus"] != "CREATE_COMPLETE":
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        reasons = [each.get("ResourceStatusReason", "") for each in events]
        raise RuntimeError(f"the stack {name}: {described['StackStatus']}: {reasons}")
    return {each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", [])}
