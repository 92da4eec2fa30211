"""A copy of the project that is deployed and deleted by Chalice, as a platform team does it with a clone."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from berth_local.aws.emulator import Emulator
from berth_local.aws.installation import REPOSITORY
from infra import package

AUTHORITY = "/var/task/authority.pem"
"""Where a function finds the authority that `trust` has put into the package."""


@dataclass(frozen=True)
class Project:
    """The copy lies in `folder`, with what Chalice remembers of its deployments."""

    folder: Path
    stage: str

    @classmethod
    def create(cls, folder: Path, stage: str) -> Self:
        """Copy this repository's project into a folder."""
        package.copy_project(REPOSITORY, folder)
        return cls(folder, stage)

    def set(self, variables: Mapping[str, str]) -> None:
        """Add environment variables to the stage, in `.chalice/config.json`."""
        path = self.folder / ".chalice" / "config.json"
        config = json.loads(path.read_text())
        config["stages"][self.stage]["environment_variables"] |= variables
        path.write_text(json.dumps(config, indent=2))

    def trust(self, authority: Path) -> None:
        """Ship an authority's certificate; Chalice puts the content of `vendor` at the root of the package."""
        vendor = self.folder / "vendor"
        vendor.mkdir(exist_ok=True)
        (vendor / Path(AUTHORITY).name).write_bytes(authority.read_bytes())

    def deploy(self, aws: Emulator) -> str:
        """Run `chalice deploy` and return what it printed. Raises CalledProcessError."""
        return self._chalice(aws, "deploy", "--stage", self.stage)

    def delete(self, aws: Emulator) -> str:
        """Run `chalice delete` and return what it printed. Raises CalledProcessError."""
        return self._chalice(aws, "delete", "--stage", self.stage)

    def package(self, aws: Emulator) -> Path:
        """Run `chalice package` and return the folder of template and archive. Raises CalledProcessError."""
        target = self.folder / "packaged"
        self._chalice(aws, "package", "--stage", self.stage, str(target))
        return target

    def deployed(self) -> dict[str, dict[str, Any]]:
        """Return what Chalice remembers of the deployment, by the name of each resource."""
        path = self.folder / ".chalice" / "deployed" / f"{self.stage}.json"
        return {each["name"]: each for each in json.loads(path.read_text())["resources"]}

    def _chalice(self, aws: Emulator, *words: str) -> str:
        return package.chalice(self.folder, *words, environment=aws.environment())
