"""The first process of a cluster's namespaces: `python -m berth_local.cluster.init RUN_FOLDER`.

It starts the boot, reaps what the node's programs leave behind, and ends with its starter: its standard input is a
pipe that the starter holds open. The kernel ends all the rest with it, which is the whole teardown.
"""

import os
import sys
import threading
from pathlib import Path

from berth_local.cluster.components import own
from berth_local.cluster.layout import RunFolder, Spec


def main() -> None:
    """Never returns while the boot has not failed and the starter lives."""
    path = Path(sys.argv[1])
    folder = RunFolder(path.name, path.parent)
    if Spec.from_json(folder.spec.read_text()).tied:
        threading.Thread(target=_end_with_the_starter, daemon=True).start()
    command = own("boot", folder)
    boot = os.posix_spawn(
        command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 0, "/dev/null", 0, 0)]
    )
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == boot:
            os._exit(os.waitstatus_to_exitcode(status) and 1)


def _end_with_the_starter() -> None:
    os.read(0, 1)
    os._exit(0)


if __name__ == "__main__":
    main()
