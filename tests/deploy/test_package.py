"""What the deployed package holds, seen from where it runs."""

import ast
from pathlib import Path
from typing import Any

import httpx
import pytest

from berth_local.aws.deployment import Deployment
from berth_local.cluster.processes import all_pids, arguments
from checks.tree import ROOT
from tests.deploy import probes

pytestmark = pytest.mark.deploy

OF_LAMBDA = frozenset(
    {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_EXECUTION_ENV"}
    | {"AWS_REGION", "AWS_DEFAULT_REGION", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "_HANDLER"}
    | {"PATH", "PYTHONPATH", "LANG", "TZ", "PWD", "_X_AMZN_TRACE_ID", "LD_LIBRARY_PATH"}
    # Python itself sets it where the machine has no en_US.UTF-8.
    | {"LC_CTYPE"}
)
"""Variables that Lambda sets, beside those that begin with AWS_LAMBDA_."""


@pytest.fixture(scope="module")
def look(deployment: Deployment) -> Any:
    """A function of the test, added to the package that Chalice has deployed."""
    code = deployment.aws.client("lambda").get_function(FunctionName="berth-dev")["Code"]
    package = httpx.get(code["Location"]).content
    role = probes.role(deployment.aws, "surroundings")
    return probes.deploy(
        deployment.aws, "surroundings", "surroundings", role_arn=role, package=package
    )


def test_every_module_is_importable_from_the_package_alone(look: Any) -> None:
    """The zip is complete: nothing that Berth imports, first or later, is missing in it and in the runtime."""
    deferred = sorted(imported(ROOT))

    assert {"jsonschema", "yaml", "jwt"} <= set(deferred)
    assert look(**{"import": ["app", "chalicelib.*", *deferred]})["failed"] == []


def imported(root: Path) -> set[str]:
    """Every module that the shipped code imports anywhere, but for types alone."""
    found = set()
    for path in [root / "app.py", *(root / "chalicelib").rglob("*.py")]:
        waiting: list[ast.AST] = [ast.parse(path.read_text())]
        while waiting:
            node = waiting.pop()
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                continue
            if isinstance(node, ast.Import):
                found |= {each.name for each in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
            waiting += ast.iter_child_nodes(node)
    return found


def test_nothing_of_this_machine_is_importable(look: Any) -> None:
    """Packages of the emulator, of the tests and of the cluster's programs are not there."""
    foreign = [
        "ministack",
        "hypercorn",
        "moto",
        "pytest",
        "httpx",
        "kubernetes",
        "berth_local",
        "pip",
    ]

    found = look(**{"import": foreign})

    assert found["failed"] == foreign
    assert [each for each in found["path"] if not each.startswith("/var/")] == [
        each for each in found["path"] if "python3" in each
    ]


def test_no_secret_is_in_a_command_line(deployment: Deployment, anybody: httpx.Client) -> None:
    """While a function runs, nobody on the machine reads its secrets out of a list of processes."""
    assert anybody.get("/healthz").status_code == 200
    secrets = [deployment.secrets[name] for name in ("pepper", "oidc_client_secret")]

    lines = ["\0".join(arguments(pid)) for pid in all_pids()]

    assert any("awslambdaric" in line for line in lines)
    assert not [line for line in lines for secret in secrets if secret in line]


def test_a_function_is_confined_as_on_lambda(look: Any) -> None:
    """It is nobody, begins in its code, writes to /tmp alone, and sees Lambda's variables alone."""
    found = look(**{"import": []})

    assert found["user"] == 993
    assert found["folder"] == "/var/task"
    assert found["writable"] == ["/tmp"]
    assert 0 < found["milliseconds"] <= 10_000
    strange = [
        each
        for each in found["variables"]
        if each not in OF_LAMBDA and not each.startswith("AWS_LAMBDA_")
    ]
    assert strange == ["AWS_ENDPOINT_URL"]
