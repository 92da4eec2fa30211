"""One check of a typical devfile, beside Go's devfile/library on the same files.

Both parse, flatten and judge each file by schema and rules, without a network; processor time, after
everything is loaded. The files are the stacks of the registry in the folder of the corpus.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from benchmarks.figures import Figure, Goal, Peer, Samples
from benchmarks.options import Options
from berth_local.cluster import binaries
from berth_local.cluster.layout import cache_folder
from chalicelib.devfile import MAX_BYTES, DevfileRefused, read

ROUNDS = 20
MOST_MILLISECONDS = 10.0
LEAST_A_SECOND = 100.0
PEER = "devfile/library 2.4.0 (Go)"
_SOURCE = Path(__file__).parent / "go_devfile"
_BUILDING = ("-trimpath", "-ldflags", "-s -w", "-o", "peer")


def measure(options: Options) -> Iterator[Figure]:
    """Yield processor time for a file, the mean of all and the worst, and checks in a second."""
    files = sorted(Path(options.corpus).glob("registry-stacks/**/*.yaml"))
    if not files:
        raise SystemExit(f"no stacks below {options.corpus}: give the folder with --corpus")
    ours = [_checked(file.read_bytes(), ROUNDS) for file in files]
    with tempfile.TemporaryDirectory() as folder:
        theirs = _peer(build(Path(folder)), files)
    yield from figures(ours, theirs)


def figures(ours: Sequence[Samples], theirs: Sequence[Samples]) -> Iterator[Figure]:
    """Yield what both needed, in milliseconds; of each file the median of its rounds."""
    peer = Peer(PEER, Samples.of(each.median for each in theirs))
    mine = Samples.of(each.median for each in ours)
    count = len(ours)
    goal = Goal("typical, at most", MOST_MILLISECONDS)
    yield Figure(f"{count} stacks: check of one, processor", "ms", mine, peer, goal)
    slowest = Samples.of([mine.largest])
    yield Figure(
        "the one that takes longest", "ms", slowest, Peer(PEER, Samples.of([peer.samples.largest]))
    )
    total = sum(mine.values) / count
    yield Figure(
        "all of them, each, one core",
        "ms",
        Samples.of([total]),
        Peer(PEER, Samples.of([sum(peer.samples.values) / count])),
        Goal(f"{LEAST_A_SECOND:.0f} in a second", 1000 / LEAST_A_SECOND),
    )
    hostile = Samples.of(_checked(text, 3).median for text in _largest())
    yield Figure("64 KiB that are refused", "ms", hostile, goal=Goal("at most", 1000.0))


def build(folder: Path) -> Path:
    """Build the peer; its modules come from the proxy of Go the first time."""
    for name in ("main.go", "go.mod", "go.sum"):
        shutil.copy(_SOURCE / name, folder)
    command = [binaries.go_command(cache_folder(), print), "build", *_BUILDING, "."]
    subprocess.run(command, cwd=folder, env={**os.environ, "CGO_ENABLED": "0"}, check=True)
    return folder / "peer"


def _checked(text: bytes, rounds: int) -> Samples:
    """Milliseconds of processor for each round, after one that loads what is loaded late."""
    return Samples.of([_once(text) for _ in range(rounds + 1)][1:])


def _once(text: bytes) -> float:
    began = time.process_time()
    with suppress(DevfileRefused):
        read(text)
    return (time.process_time() - began) * 1000


def _peer(program: Path, files: Sequence[Path]) -> list[Samples]:
    command = [str(program), "judge", str(ROUNDS + 1), *map(str, files)]
    # One processor for both: Go would collect its garbage on another.
    done = subprocess.run(
        command, env={**os.environ, "GOMAXPROCS": "1"}, check=True, capture_output=True, text=True
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    refused = [line["file"] for line in lines if line["error"]]
    if refused:
        print(f"{PEER} refuses {', '.join(refused)}")
    return [Samples.of(value * 1000 for value in line["seconds"][1:]) for line in lines]


def _largest() -> Iterator[bytes]:
    """Texts that fill the limit and have as much wrong with them as fits."""
    head = b"schemaVersion: 2.3.0\n"
    yield head + b"".join(b"component%d: 1\n" % n for n in range(2400))
    names = b"".join(b"- {name: A%d}\n" % n for n in range(1600))
    yield head + b"components:\n" + names
    yield (head + b"# " + b"x" * MAX_BYTES)[:MAX_BYTES]
