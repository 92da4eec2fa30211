"""Hostile devfiles cost little time and little memory, measured in a process of their own."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.devfile.hostile import HOSTILE

SCRIPT = """
import json, resource, sys, time
import yaml
from tests.devfile.hostile import HOSTILE
from chalicelib.devfile import DevfileRefused, read
from chalicelib.devfile.loader import load


def measured(call, *arguments):
    started = time.process_time()
    try:
        call(*arguments)
        problems = 0
    except DevfileRefused as refused:
        problems = len(refused.problems)
    except MemoryError:
        problems = "out of memory"
    return problems, time.process_time() - started


measured(read, "schemaVersion: 2.3.0")  # whoever comes first loads the libraries
pages = int(open("/proc/self/statm").read().split()[0])
most = pages * resource.getpagesize() + 100 * 1024 * 1024
resource.setrlimit(resource.RLIMIT_AS, (most, most))
sys.setrecursionlimit(300)
for name, text in HOSTILE.items():
    problems, seconds = measured(read, text)
    _, slow = measured(load, text, yaml.SafeLoader)
    print(json.dumps([name, problems, seconds, slow]))
"""


@pytest.fixture(scope="module")
def figures() -> dict[str, tuple[Any, float, float]]:
    """Problems, seconds, and seconds of the slow parser alone for each text, with 100 MiB more memory at most."""
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {name: (problems, seconds, slow) for name, problems, seconds, slow in rows}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_refused_in_a_second_and_in_little_memory(
    name: str, figures: dict[str, tuple[Any, float, float]]
) -> None:
    """Each is refused in under a second of CPU and 100 MiB, and the pure-Python parser keeps that too."""
    problems, seconds, slow = figures[name]
    assert isinstance(problems, int), problems
    assert problems >= 1
    assert seconds < 1
    assert slow < 1
