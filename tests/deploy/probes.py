"""Functions of the tests, made on an emulated AWS as Chalice makes Berth's."""

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from berth_local.aws.emulator import ACCOUNT, REGION, Emulator
from berth_local.aws.project import Project
from berth_local.waiting import wait_until

FUNCTIONS = Path(__file__).parent / "functions"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


class FunctionFailed(Exception):
    """A function raised, or did not end in time; the text is what Lambda says of it."""


@dataclass(frozen=True)
class Probe:
    """A function, to be called."""

    aws: Emulator
    name: str

    @property
    def arn(self) -> str:
        """Its name for other services."""
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{self.name}"

    def permit(self, source: str) -> None:
        """Let API Gateway call it from a source."""
        self.aws.client("lambda").add_permission(
            FunctionName=self.name,
            StatementId="gateway",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=source,
        )

    def __call__(self, **event: Any) -> Any:
        answer = self.aws.client("lambda").invoke(
            FunctionName=self.name, Payload=json.dumps(event).encode()
        )
        said = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise FunctionFailed(str(said))
        return said


def role(aws: Emulator, name: str) -> str:
    """Make a role that may do nothing, for a function."""
    made = aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    return str(made["Role"]["Arn"])


Request = tuple[str, str, dict[str, Any]]
"""A service of AWS, an operation of it, and its parameters."""


@dataclass(frozen=True)
class Asker:
    """Calls AWS with the role of a deployed function."""

    probe: Probe

    @classmethod
    def of(cls, aws: Emulator, project: Project, function: str) -> Self:
        """Deploy it beside a function of a stage, by Chalice's name for that."""
        arn = project.deployed()[f"{function}_role"]["role_arn"]
        name = f"rights-{project.stage}-{function}"
        return cls(deploy(aws, name, "rights", role_arn=arn))

    def __call__(self, service: str, operation: str, parameters: dict[str, Any]) -> dict[str, str]:
        answer: dict[str, str] = self.probe(
            service=service, operation=operation, parameters=parameters
        )
        return answer

    def refusal(self, request: Request) -> str:
        """Return the code of the refusal of a request, empty where there was none."""
        return self(*request)["refusal"]


def deploy(
    aws: Emulator, name: str, module: str, *, role_arn: str, package: bytes = b"", seconds: int = 10
) -> Probe:
    """Deploy a module of `functions` with a role, alone or added to a package."""
    archive = io.BytesIO(package)
    with zipfile.ZipFile(archive, "a") as written:
        written.write(FUNCTIONS / f"{module}.py", f"{module}.py")
    functions = aws.client("lambda")
    functions.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=role_arn,
        Handler=f"{module}.handler",
        Timeout=seconds,
        Code={"ZipFile": archive.getvalue()},
    )
    wait_until(
        lambda: functions.get_function_configuration(FunctionName=name)["State"] == "Active",
        f"{name} is not active",
        seconds=10,
    )
    return Probe(aws, name)
