"""A copy of the project that is deployed and deleted by Chalice, as a platform team does it with a clone."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from berth_local.aws.emulator import Emulator
from infra import package
from infra.policies import Installation
from infra.stage import Choices, write


@dataclass(frozen=True)
class Project:
    """The copy lies in `folder`, with what Chalice remembers of its deployments."""

    folder: Path
    stage: str

    @property
    def api(self) -> str:
        """Id of the API that Chalice has made."""
        return str(self.deployed()["rest_api"]["rest_api_id"])

    def write_stages(self, name: str, outputs: Mapping[str, str], choices: Choices) -> None:
        """Write the stages of an installation from the outputs of its data stack, as the how-to's step does."""
        write(self.folder / ".chalice", Installation.of(name, outputs), choices)

    def set(self, variables: Mapping[str, str]) -> None:
        """Add environment variables to the stage, in `.chalice/config.json`."""
        path = self.folder / ".chalice" / "config.json"
        config = json.loads(path.read_text())
        config["stages"][self.stage]["environment_variables"] |= variables
        path.write_text(json.dumps(config, indent=2))

    def deploy(self, aws: Emulator) -> str:
        """Run `chalice deploy` and return what it printed. Raises CalledProcessError."""
        return self._chalice(aws, "deploy", "--stage", self.stage)

    def delete(self, aws: Emulator) -> str:
        """Run `chalice delete` and return what it printed. Raises CalledProcessError."""
        return self._chalice(aws, "delete", "--stage", self.stage)

    def package(self) -> Path:
        """Write the template of the package that is built; the folder of both. Raises CalledProcessError."""
        return package.describe(self.folder, self.stage)

    def deployed(self) -> dict[str, dict[str, Any]]:
        """Return what Chalice remembers of the deployment, by the name of each resource."""
        path = self.folder / ".chalice" / "deployed" / f"{self.stage}.json"
        return {each["name"]: each for each in json.loads(path.read_text())["resources"]}

    def _chalice(self, aws: Emulator, *words: str) -> str:
        return package.chalice(self.folder, *words, environment=aws.environment())
