"""The package, built again beside the tests: it takes pip some seconds, which nobody has to wait for."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from berth_local.aws.account import EXAMPLE, Account
from checks.tree import ROOT
from infra.package import ARCHITECTURES, ARCHIVE

_BUILD = """
import sys
from pathlib import Path
from infra.package import build
build(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
"""


@dataclass
class Rebuilds:
    """Copies of the project that is deployed, each built for an architecture by a process of its own."""

    account: Account
    folder: Path
    _processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def begin(self) -> None:
        """Begin to build for each architecture, behind everything else that the machine has to do."""
        for architecture in ARCHITECTURES:
            self._start(architecture)

    def _start(self, architecture: str) -> None:
        copied = self.folder / architecture
        ignored = shutil.ignore_patterns("deployments", "deployed", "out")
        shutil.copytree(self.account.project, copied, ignore=ignored)
        command = ["nice", sys.executable, "-c", _BUILD, str(copied), EXAMPLE, architecture]
        environment = {**os.environ, "PYTHONHASHSEED": "1"}
        self._processes[architecture] = subprocess.Popen(command, cwd=ROOT, env=environment)

    def package(self, architecture: str) -> Path:
        """Return what was built, when it is."""
        if not self._processes:
            self.begin()
        assert self._processes[architecture].wait() == 0
        return self.folder / architecture / "out" / ARCHIVE
