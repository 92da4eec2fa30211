"""Every private name of MiniStack that the launcher uses or replaces, as one table.

They are nobody's promise: all are looked up when the launcher starts, so that another version of MiniStack fails there, by
name, and not as a wrong answer in the middle of a test.
"""

import importlib
import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Seam:
    """A name in a module of MiniStack; of a function, its first parameters in order."""

    module: str
    name: str
    parameters: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"

    @property
    def value(self) -> Any:
        """What the name stands for now. Raises ImportError or AttributeError."""
        return getattr(importlib.import_module(self.module), self.name)

    def replace(self, value: object) -> None:
        """Let the name stand for something else from now on."""
        setattr(importlib.import_module(self.module), self.name, value)


_GATEWAY = "ministack.services.apigateway_v1"
REST_APIS = Seam(_GATEWAY, "_rest_apis")
RESOURCES = Seam(_GATEWAY, "_resources")
AUTHORIZERS = Seam(_GATEWAY, "_authorizers_v1")
GATEWAY_REQUEST = Seam(
    _GATEWAY, "handle_request", ("method", "path", "headers", "body", "query_params")
)
IMPORT_API = Seam(_GATEWAY, "_import_rest_api", ("spec", "base_data"))
IMPORT_PATH = Seam(
    _GATEWAY,
    "_import_path_item",
    ("api_id", "path", "path_item", "scheme_map", "default_security"),
)
IMPORT_SECURITY = Seam(_GATEWAY, "_import_security_schemes", ("api_id", "spec"))
API_VIEW = Seam(_GATEWAY, "_rest_api_view", ("api",))
API_RESPONSE = Seam(_GATEWAY, "_v1_response", ("data", "status"))
INTEGRATION_PARAMETERS = (
    "integration",
    "api_id",
    "stage_name",
    "stage",
    "resource",
    "request_path",
    "method",
    "headers",
    "body",
)
INVOKE_INTEGRATION = Seam(_GATEWAY, "_invoke_lambda_proxy_v1", INTEGRATION_PARAMETERS)

_LAMBDA = "ministack.services.lambda_svc"
RUN_FUNCTION = Seam(_LAMBDA, "_execute_function_warm", ("func", "event", "request_id"))
READY_SECONDS = Seam(_LAMBDA, "_LAMBDA_STATE_TRANSITION_DELAY")
FUNCTION_POLICY = Seam(_LAMBDA, "function_policy_for_arn", ("resource_arn",))
ROLE_CREDENTIALS = Seam("ministack.core.lambda_runtime", "execution_credentials", ("config",))

_ACTIONS = "ministack.core.iam_actions"
REQUEST_CONTEXT = Seam(_ACTIONS, "request_tag_context", ("service", "iam_action", "body", "params"))
TABLE_CONTEXT = Seam(_ACTIONS, "dynamodb_service_context", ("body",))
RESOURCE_ARN = Seam(_ACTIONS, "extract_resource_arn", ("service",))
_EVALUATOR = "ministack.core.iam_evaluator"
ENFORCE = Seam(
    _EVALUATOR, "enforce", ("access_key_id", "iam_action", "service", "region", "resource_arn")
)
PARSE_POLICY = Seam(_EVALUATOR, "parse_policy_document", ("doc",))
FIRST_MATCH = Seam(_EVALUATOR, "_first_match", ("ctx", "stmts", "effect"))
CONDITION_KEY = Seam(_EVALUATOR, "_resolve_condition_key", ("key", "ctx"))
TABLES = Seam("ministack.services.dynamodb", "_tables")
ITEM_SIZE = Seam("ministack.services.dynamodb", "_item_size_bytes", ("item",))

_KEYS = "ministack.services.kms"
FIND_KEY = Seam(_KEYS, "_resolve_key", ("key_id_or_arn",))
ALIASES = Seam(_KEYS, "_aliases")
KEY_ERROR = Seam(_KEYS, "error_response_json", ("code", "message", "status"))
ENCRYPT = Seam(_KEYS, "_encrypt", ("data",))
DECRYPT = Seam(_KEYS, "_decrypt", ("data",))
DATA_KEY = Seam(_KEYS, "_generate_data_key", ("data",))
SEALED_DATA_KEY = Seam(_KEYS, "_generate_data_key_without_plaintext", ("data",))

_CALL = ("method", "path", "headers", "body", "query_params")
SERVICES = {
    "dynamodb": Seam("ministack.services.dynamodb", "handle_request", _CALL),
    "kms": Seam(_KEYS, "handle_request", _CALL),
    "sqs": Seam("ministack.services.sqs", "handle_request", _CALL),
    "ssm": Seam("ministack.services.ssm", "handle_request", _CALL),
}
"""Those that deployed functions call, by AWS's name of them."""

SERVE = Seam("ministack.app", "main")


def table() -> tuple[Seam, ...]:
    """Every seam of this module."""
    named = (each for each in globals().values() if isinstance(each, Seam))
    return (*named, *SERVICES.values())


def faults(seams: Iterable[Seam]) -> Iterator[str]:
    """Return what is wrong with them, each by its name."""
    for seam in seams:
        try:
            found = seam.value
        except (ImportError, AttributeError):
            yield f"{seam} does not exist"
            continue
        if seam.parameters:
            has = tuple(inspect.signature(found).parameters)[: len(seam.parameters)]
            if has != seam.parameters:
                yield f"{seam} takes {', '.join(has)}, not {', '.join(seam.parameters)}"
