import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAZY = {"boto3", "botocore", "kubernetes"}
OWN = ("app", "chalicelib")
OWN_SHARE = 0.25


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python at the root with an empty environment, as a deployer's machine may be."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env={}, check=True, capture_output=True, text=True
    )


def test_import_reads_nothing_and_opens_nothing() -> None:
    """Importing the application needs no environment, and loads no AWS and no Kubernetes client."""
    script = (
        "import app, json, sys; print(json.dumps([name.split('.')[0] for name in sys.modules]))"
    )

    loaded = set(json.loads(run("-c", script).stdout))

    assert "chalicelib" in loaded
    assert loaded & LAZY == set()


@pytest.mark.parametrize("module", ["berth_agent", "berth_proxy", "berth_cli"])
def test_programs_import_without_environment(module: str) -> None:
    """Every other program can be imported with an empty environment too."""
    loaded = run("-c", f"import {module}, sys; print({module}.__name__)").stdout.strip()

    assert loaded == module


def own_share() -> float:
    """Return our own modules' share of the time of `import app`, by `-X importtime`."""
    own = total = 0
    for line in run("-X", "importtime", "-c", "import app").stderr.splitlines():
        microseconds, _, module = line.removeprefix("import time:").split("|")
        if microseconds.strip().isdigit():
            total += int(microseconds)
            own += int(microseconds) if module.strip().split(".")[0] in OWN else 0
    return own / total


def test_our_modules_are_a_quarter_of_the_import_at_most() -> None:
    """Of the time that `import app` takes, our own modules take at most a quarter."""
    run("-c", "import app")  # bytecode is there, as it is after the first start

    share = sorted(own_share() for _ in range(5))[2]

    assert share <= OWN_SHARE
