"""What deployments on this machine share: the emulated AWS, an authority, and the project with its package built."""

import shutil
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from berth_local.authority import Authority
from berth_local.aws.emulator import Emulator
from berth_local.aws.installation import REPOSITORY, install
from berth_local.raising import Raised
from berth_local.site.steps import Steps
from infra import package
from infra.stage import AUTHORITY

EXAMPLE = "dev"
"""The stage of the repository, by which the package is built; it is the same for every stage."""


@dataclass
class Account(Raised):
    """Stands for the life of the context, with nothing deployed."""

    steps: Steps
    is_metered: bool = False
    """Whether what AWS would bill is counted."""
    aws: Emulator = field(init=False)
    authority: Authority = field(init=False)
    project: Path = field(init=False)
    """A copy of the project. It ships the authority, as a company's would be."""
    _package: Future[Path] = field(init=False)
    _stack: ExitStack = field(default_factory=ExitStack)

    @property
    def packaged(self) -> Path:
        """The package, as it was built. Waits until it is; raises what the build raised."""
        return self._package.result()

    def _raise(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="berth-account-"))
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        self.project = folder / "project"
        self.authority = Authority(folder / "certificates")
        self._begin_package()
        with self.steps.step("the emulator's programs"):
            installed = install(self.steps)
        with self.steps.step("emulator"):
            self.aws = self._stack.enter_context(Emulator(installed, is_metered=self.is_metered))

    def _begin_package(self) -> None:
        """Copy the project, and let it be built beside everything that needs no package: it takes pip some seconds."""
        package.copy_project(REPOSITORY, self.project)
        shipped = self.project / AUTHORITY
        shipped.parent.mkdir()
        shutil.copyfile(self.authority.certificate, shipped)
        beside = self._stack.enter_context(ThreadPoolExecutor(1, "package"))
        self._package = beside.submit(self._build)

    def _build(self) -> Path:
        return package.build(self.project, EXAMPLE) / package.ARCHIVE
