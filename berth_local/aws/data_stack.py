"""The stack of `infra/stack.yaml`, made by CloudFormation: the table and the key of a stage."""

from typing import Any

from berth_local.aws.emulator import Emulator
from berth_local.aws.installation import REPOSITORY
from berth_local.waiting import wait_until

TEMPLATE = REPOSITORY / "infra" / "stack.yaml"
_SECONDS = 30


def create(aws: Emulator, stage: str) -> dict[str, str]:
    """Create the stack of a stage and return its outputs. Raises RuntimeError where it ends otherwise."""
    cloudformation, name = aws.client("cloudformation"), f"berth-{stage}"
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=TEMPLATE.read_text(),
        Parameters=[{"ParameterKey": "Stage", "ParameterValue": stage}],
    )
    described: dict[str, Any] = {}

    def is_done() -> bool:
        described.update(cloudformation.describe_stacks(StackName=name)["Stacks"][0])
        return not described["StackStatus"].endswith("_IN_PROGRESS")

    wait_until(is_done, f"the stack {name} is not complete", seconds=_SECONDS)
    if described["StackStatus"] != "CREATE_COMPLETE":
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        reasons = [
            each["ResourceStatusReason"] for each in events if "ResourceStatusReason" in each
        ]
        raise RuntimeError(f"the stack {name}: {described['StackStatus']}: {reasons}")
    return {each["OutputKey"]: each["OutputValue"] for each in described["Outputs"]}
