"""What each function may do, as IAM policies with the names of one installation in them.

People's functions seal variables and cannot open them; agents' functions open them, and cannot write
a role, the person behind a sign-in, or an agent's token. Each function has a role of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Statement = dict[str, Any]

SECRETS = ("bootstrap_code", "oidc_client_secret", "pepper")
"""Settings that a function reads from the parameter store; a test compares them with the code."""
READS = (
    "dynamodb:BatchGetItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:GetItem",
    "dynamodb:Query",
)
WRITES = ("dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem")
TRACES = ("xray:PutTelemetryRecords", "xray:PutTraceSegments")
"""Of X-Ray, which knows no resource that they could be held to."""
_RINGS = ("sqs:GetQueueUrl", "sqs:SendMessage")
_OF_ORGANISATIONS = ("AUDIT", "DRAIN", "DUE", "ONCE", "ORG#*")
"""Partitions but those that find a person, or the first owner: see chalicelib/records/keys.py."""
_OF_PEOPLE = ("email", "issuer", "removed", "role", "seen", "tokens")
"""Attributes of members, browsers' sessions, and the tokens of agents."""


@dataclass(frozen=True, slots=True)
class Installation:
    """The data stack of one installation, as its outputs name it."""

    name: str
    """The parameter ``Stage`` of infra/stack.yaml."""
    table: str
    key_alias: str
    key_arn: str

    @classmethod
    def of(cls, name: str, outputs: Mapping[str, str]) -> "Installation":
        """Return the installation of a stack's outputs. Raises ValueError, naming what is missing."""
        wanted = ("TableName", "KeyAlias", "KeyArn")
        if missing := [each for each in wanted if not outputs.get(each)]:
            raise ValueError(
                f"the stack has no output {', '.join(missing)}: is it infra/stack.yaml?"
            )
        found = cls(name, *(outputs[each] for each in wanted))
        if found.table != f"berth-{name}" or len(found.key_arn.split(":", 5)) < 6:
            raise ValueError(
                f"the stack is of {found.table} ({found.key_arn}), not of berth-{name}"
            )
        return found

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of something in the installation's region and account."""
        _, partition, _, region, account, _ = self.key_arn.split(":", 5)
        return f"arn:{partition}:{service}:{region}:{account}:{resource}"

    @property
    def parameters(self) -> str:
        """Below which the secrets lie in the parameter store."""
        return f"/berth/{self.name}/"


def policies(
    installation: Installation, stage: str, surface: str, *, traced: bool = False
) -> dict[str, dict[str, Any]]:
    """Return the policy of each function of a stage of Chalice, by Chalice's name for it."""
    traces = [_allow("Traces", TRACES, "*")] if traced else []
    of_api = {"all": _of_all, "people": _of_people, "agents": _of_agents}[surface]
    api, sweep = of_api(installation), _of_sweep(installation) if surface != "agents" else []
    functions = {"api_handler": (f"berth-{stage}", api), "sweep": (f"berth-{stage}-sweep", sweep)}
    return {
        name: {
            "Version": "2012-10-17",
            "Statement": [*own, *_secrets(installation), _logs(installation, function), *traces],
        }
        for name, (function, own) in functions.items()
    }


def _of_all(at: Installation) -> list[Statement]:
    queues = [*_RINGS, "sqs:CreateQueue", "sqs:DeleteQueue", "sqs:ReceiveMessage"]
    return [_items(at, [*READS, *WRITES]), _seal(at), _open(at), _queues(at, queues)]


def _of_people(at: Installation) -> list[Statement]:
    return [
        _items(at, [*READS, *WRITES]),
        _seal(at),
        _queues(at, [*_RINGS, "sqs:DeleteQueue"]),
    ]


def _of_agents(at: Installation) -> list[Statement]:
    table = at.arn("dynamodb", f"table/{at.table}")
    touched = {"ForAnyValue:StringEquals": {"dynamodb:Attributes": list(_OF_PEOPLE)}}
    return [
        _items(at, READS),
        _allow("WritesInOrganisations", WRITES, table, _keyed(*_OF_ORGANISATIONS)),
        _allow("NoPersonAndNoToken", WRITES, table, touched) | {"Effect": "Deny"},
        _open(at),
        _queues(at, [*_RINGS, "sqs:CreateQueue", "sqs:ReceiveMessage"]),
    ]


def _of_sweep(at: Installation) -> list[Statement]:
    return [_items(at, [*READS, *WRITES]), _queues(at, _RINGS)]


def _items(at: Installation, actions: Sequence[str]) -> Statement:
    return _allow("OneTable", actions, at.arn("dynamodb", f"table/{at.table}"))


def _keyed(*partitions: str) -> dict[str, Any]:
    # "All of them" is true of none: the second condition asks for one. In a transaction they may be
    # those of all its items, whatever is done to each: so one set holds for every kind of write.
    return {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": sorted(partitions)},
        "Null": {"dynamodb:LeadingKeys": "false"},
    }


def _seal(at: Installation) -> Statement:
    return _allow("NewDataKeys", ["kms:GenerateDataKey"], at.key_arn, _OF_A_WORKSPACE)


def _open(at: Installation) -> Statement:
    return _allow("OpensDataKeys", ["kms:Decrypt"], at.key_arn, _OF_A_WORKSPACE)


_OF_A_WORKSPACE: dict[str, Any] = {
    "Null": {
        "kms:EncryptionContext:organisation": "false",
        "kms:EncryptionContext:workspace": "false",
    }
}


def _queues(at: Installation, actions: Sequence[str]) -> Statement:
    return _allow("AQueueForEachAgent", actions, at.arn("sqs", f"berth-{at.name}-ag-*"))


def _secrets(at: Installation) -> list[Statement]:
    arns = [at.arn("ssm", f"parameter{at.parameters}{name}") for name in SECRETS]
    sealed_as = {"StringEquals": {"kms:EncryptionContext:PARAMETER_ARN": arns}}
    return [
        _allow("Secrets", ["ssm:GetParameters"], arns),
        _allow("OpensSecrets", ["kms:Decrypt"], at.key_arn, sealed_as),
    ]


def _logs(at: Installation, function: str) -> Statement:
    group = at.arn("logs", f"log-group:/aws/lambda/{function}:*")
    return _allow("OwnLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], group)


def _allow(
    sid: str,
    actions: Sequence[str],
    resource: str | list[str],
    condition: Mapping[str, Any] | None = None,
) -> Statement:
    allowed: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": sorted(actions),
        "Resource": resource,
    }
    return allowed if condition is None else allowed | {"Condition": condition}
