"""Ways between the machine and a cluster's network: one `forward` process for each, until the cluster ends."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from berth_local.cluster.components import own
from berth_local.cluster.errors import ClusterError
from berth_local.cluster.layout import RunFolder
from berth_local.cluster.waiting import last_lines

Direction = Literal["in", "out"]


@dataclass(frozen=True, slots=True)
class Passage:
    """`in`: listens on the machine, connects inside; `out`: the other way. Both ends as `ip:port`."""

    direction: Direction
    listen: str
    target: str


@dataclass(frozen=True, slots=True)
class OpenPassage:
    """A passage that listens."""

    port: int
    process: subprocess.Popen[bytes]


def open_passage(folder: RunFolder, init: int, passage: Passage) -> OpenPassage:
    """Return once it listens; port 0 has become a free one.

    :param init: the cluster's first process, with which the passage ends.
    :raises ClusterError: nothing could listen there.
    """
    command = own("forward", folder)
    command += [str(init), passage.direction, passage.listen, passage.target]
    log = folder.log(f"forward-{passage.direction}-{passage.target.replace(':', '-')}")
    with log.open("ab") as errors:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
            env=node_environment(),
        )
    assert process.stdout is not None
    with process.stdout as output:
        address = output.readline().decode().strip()
    if not address:
        process.wait()
        raise ClusterError(
            f"Nothing could listen on {passage.listen} for cluster {folder.name}: is the port taken?{last_lines(log)}"
        )
    return OpenPassage(int(address.rpartition(":")[2]), process)


def node_environment() -> dict[str, str]:
    """No variable of the starter reaches the node but those that Python and programs are found by."""
    here = Path(__file__).parents[2]
    path = os.environ.get("PATH", os.defpath)
    return {
        "PATH": f"{path}:/usr/sbin:/sbin",
        "HOME": os.environ.get("HOME", "/root"),
        "PYTHONPATH": str(here),
    }
