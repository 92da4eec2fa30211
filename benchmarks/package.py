"""What the Lambda package weighs, and what `import app` costs at a cold start."""

import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.figures import Figure, Goal, Peer, Samples
from benchmarks.options import Options
from checks import package
from checks.tree import ROOT

OWN = frozenset({"app", "chalicelib"})
OWN_SHARE = 0.25
LIBRARIES = "import chalice, pydantic"
"""What no control plane built of these can do without."""


def measure(options: Options) -> Iterator[Figure]:
    """Yield the sizes and the times."""
    built = package.build()
    megabytes = {name: size / 1e6 for name, size in built.folders.items()}
    own = sum(megabytes.get(name, 0) for name in ("app.py", "chalicelib"))
    limit = Goal("at most", package.LIMIT_MB)
    yield Figure("package, zipped", "MB", Samples.of([built.zipped / 1e6]), goal=limit)
    unpacked = Peer("whole package", Samples.of([sum(megabytes.values())]))
    yield Figure("our own modules, unpacked", "MB", Samples.of([own]), unpacked)
    yield from _startup(options.runs)


def _startup(runs: int) -> Iterator[Figure]:
    _run("-c", "import app")  # its bytecode is written now, as it is after a first start
    shares, ours, libraries = [], [], []
    for _ in range(runs):
        shares.append(own_share(_run("-X", "importtime", "-c", "import app")))
        libraries.append(_seconds(LIBRARIES))
        ours.append(_seconds("import app"))
    yield Figure(
        "our modules' share of `import app`",
        "",
        Samples.of(shares),
        goal=Goal("at most", OWN_SHARE),
    )
    yield Figure(
        "process with `import app`",
        "s",
        Samples.of(ours),
        Peer(f"process with `{LIBRARIES}`", Samples.of(libraries)),
    )


def own_share(importtime: str) -> float:
    """Our modules' share of the self times that ``-X importtime`` printed."""
    own = total = 0
    for line in importtime.splitlines():
        own_time, _, module = line.removeprefix("import time:").split("|")
        if own_time.strip().isdigit():
            total += int(own_time)
            own += int(own_time) if module.strip().split(".")[0] in OWN else 0
    return own / total


def _seconds(statement: str) -> float:
    began = time.perf_counter()
    _run("-c", statement)
    return time.perf_counter() - began


def _run(*arguments: str) -> str:
    """Run Python at the root with an empty environment; what it wrote to standard error."""
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={}, check=True, capture_output=True, text=True
    ).stderr
