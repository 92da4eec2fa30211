"""What the Lambda package weighs, and what a cold start loads.

Handlers are loaded by the first request, so a start is measured twice: up to ``import app``, and up to
the first answer of the reconcile handler (a refusal: nobody is registered).
"""

import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.figures import Figure, Goal, Peer, Samples
from benchmarks.options import Options
from checks import package
from checks.tree import ROOT

OWN = frozenset({"app", "chalicelib"})
OWN_SHARE = 0.25
EVENT = {
    "resource": "/agent/v1/reconcile",
    "httpMethod": "POST",
    "requestContext": {"resourcePath": "/agent/v1/reconcile", "httpMethod": "POST"},
    "headers": {"content-type": "application/json"},
    "multiValueQueryStringParameters": None,
    "pathParameters": None,
    "stageVariables": None,
    "body": "{}",
    "isBase64Encoded": False,
}
"""What API Gateway sends, as far as Chalice reads it."""
IMPORT = "import app"
ANSWER = f"import app; assert app.app({EVENT!r}, None)['statusCode'] == 401"
STARTS = (
    (f"`{IMPORT}`", IMPORT, "import chalice.app", Goal("at most", OWN_SHARE)),
    ("the first answer", ANSWER, "import chalice.app, pydantic, jwt", None),
)
"""Up to where, what is run, the libraries that cannot be done without, the goal of our share."""


def measure(options: Options) -> Iterator[Figure]:
    """Yield the sizes and the starts."""
    built = package.build()
    megabytes = {name: size / 1e6 for name, size in built.folders.items()}
    own = sum(megabytes.get(name, 0) for name in ("app.py", "chalicelib"))
    limit = Goal("at most", package.LIMIT_MB)
    yield Figure("package, zipped", "MB", Samples.of([built.zipped / 1e6]), goal=limit)
    unpacked = Peer("whole package", Samples.of([sum(megabytes.values())]))
    yield Figure("our own modules, unpacked", "MB", Samples.of([own]), unpacked)
    with tempfile.TemporaryDirectory(prefix="berth-bench-") as folder:
        environment = _environment(Path(folder))
        for name, statement, libraries, goal in STARTS:
            _run(statement, environment)  # its bytecode is written now, as after a first start
            shares, ours, peers = list[float](), list[float](), list[float]()
            for _ in range(options.runs):
                shares.append(own_share(_run(statement, environment, "-X", "importtime")))
                peers.append(_milliseconds(libraries, environment))
                ours.append(_milliseconds(statement, environment))
            samples = Samples.of(shares)
            yield Figure(f"our modules' share of imports up to {name}", "", samples, goal=goal)
            peer = Peer(f"process with `{libraries}`", Samples.of(peers))
            yield Figure(f"process up to {name}", "ms", Samples.of(ours), peer)


def own_share(importtime: str) -> float:
    """Our modules' share of the self times that ``-X importtime`` printed."""
    own = total = 0
    for line in importtime.splitlines():
        if not line.startswith("import time:"):
            continue
        own_time, _, module = line.removeprefix("import time:").split("|")
        if own_time.strip().isdigit():
            total += int(own_time)
            own += int(own_time) if module.strip().split(".")[0] in OWN else 0
    return own / total


def _milliseconds(statement: str, environment: Mapping[str, str]) -> float:
    began = time.perf_counter()
    _run(statement, environment)
    return (time.perf_counter() - began) * 1000


def _run(statement: str, environment: Mapping[str, str], *options: str) -> str:
    """Run a statement at the root; what was written to standard error."""
    command = [sys.executable, *options, "-c", statement]
    return subprocess.run(
        command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    ).stderr


def _environment(folder: Path) -> dict[str, str]:
    return {
        "BERTH_PUBLIC_URL": "https://berth.example.com",
        "BERTH_PEPPER": b64encode(bytes(32)).decode(),
        "BERTH_STORE": f"sqlite:{folder / 'berth.sqlite'}",
        "BERTH_KEYS": f"file:{folder / 'master.key'}",
        "BERTH_OIDC_ISSUER": "https://issuer.invalid",
        "BERTH_OIDC_CLIENT_ID": "berth",
        "BERTH_OIDC_CLIENT_SECRET": "none",
    }
