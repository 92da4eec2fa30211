"""The agent as a process of this machine: started again when it ends, as a kubelet does, and frozen at will."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from berth_local.loopback import free_port

ROOT = Path(__file__).parents[2]


class Agent:
    """One pod's worth of it, for the life of the context. ``starts`` counts processes."""

    def __init__(self, name: str, folder: Path, settings: Mapping[str, str]) -> None:
        self.log = folder / f"{name}.log"
        self.starts = 0
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": str(folder),
            "HOSTNAME": name,
            "BERTH_POD_UID": f"uid-of-{name}",
            "BERTH_HEALTH_ADDRESS": f"127.0.0.1:{free_port()}",
            **settings,
        }
        self._closing = False
        self._process = self._start()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self.holder = f"{name}_uid-of-{name}"
        """How it signs the Lease."""

    def __enter__(self) -> Self:
        self._keeper.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._closing = True
        self._process.kill()
        self._keeper.join()

    def kill(self) -> None:
        """SIGKILL; the next process starts at once."""
        self._process.kill()

    def freeze(self) -> None:
        """SIGSTOP: it stands still wherever it is."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT: it goes on where it was, and knows nothing of the time between."""
        self._process.send_signal(signal.SIGCONT)

    def _start(self) -> subprocess.Popen[bytes]:
        self.starts += 1
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "berth_agent"]
            return subprocess.Popen(command, env=self._environment, stderr=log, cwd=self.log.parent)

    def _keep(self) -> None:
        while True:
            self._process.wait()
            if self._closing:
                return
            self._process = self._start()
