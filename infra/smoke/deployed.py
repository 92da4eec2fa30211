"""A deployed stage, as its configuration and its account have it."""

import json
import re
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import boto3
import httpx

_Found = TypeVar("_Found")
_PAUSE_SECONDS = 3.0
_SECONDS = 30.0
"""Of a request: the gateway answers after 29."""


class NotSeen(Exception):
    """What should be so is not; the words say what is instead."""


class Left(Exception):
    """It cannot be looked at yet, or not without being asked to; the words say what to do first."""


@dataclass(frozen=True)
class Deployed:
    """The stage of Chalice called ``stage``; ``folder`` is `.chalice` of who deployed it."""

    stage: str
    folder: Path
    drill: bool = False
    patience: float = 90.0
    """Seconds until a line that was just written is among those that can be read."""
    _clients: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def config(self) -> dict[str, Any]:
        """Its entry of the configuration. Raises NotSeen where there is none."""
        stages = json.loads((self.folder / "config.json").read_text(encoding="utf-8"))["stages"]
        if self.stage not in stages:
            raise NotSeen(f"there is no stage {self.stage} in {self.folder}/config.json")
        found: dict[str, Any] = stages[self.stage]
        return found

    @property
    def settings(self) -> dict[str, str]:
        """The settings that are no secret."""
        found: dict[str, str] = self.config["environment_variables"]
        return found

    @property
    def installation(self) -> str:
        """The parameter ``Stage`` of the data stack."""
        # Of the key's name: the table is another after a restore.
        return self.settings["BERTH_KMS_KEY"].removeprefix("alias/berth-")

    @property
    def serves_agents(self) -> bool:
        """Whether it answers what agents ask."""
        return self.settings.get("BERTH_SURFACE", "all") in ("all", "agents")

    @property
    def sweeps(self) -> bool:
        """Whether its sweep does anything."""
        return self.settings.get("BERTH_SURFACE", "all") != "agents"

    @cached_property
    def api(self) -> str:
        """Id of the API that Chalice made."""
        made = json.loads((self.folder / f"deployed/{self.stage}.json").read_text("utf-8"))
        return next(
            str(each["rest_api_id"]) for each in made["resources"] if each["name"] == "rest_api"
        )

    def function(self, name: str = "") -> dict[str, Any]:
        """The configuration of a function: of the routes, or ``sweep``."""
        whole = f"berth-{self.stage}-{name}" if name else f"berth-{self.stage}"
        found: dict[str, Any] = self.client("lambda").get_function_configuration(FunctionName=whole)
        return found

    def client(self, name: str) -> Any:
        """A client of one of AWS's services, with the credentials of who looks."""
        if name not in self._clients:
            self._clients[name] = boto3.client(name)
        return self._clients[name]

    def get(self, path: str) -> httpx.Response:
        """Ask the installation by its public name."""
        trusted = ssl.create_default_context()  # knows SSL_CERT_FILE
        address = self.settings["BERTH_PUBLIC_URL"] + path
        return httpx.get(address, verify=trusted, timeout=_SECONDS)

    def lines(self, term: str, *, minutes: int, sweep: bool = False) -> Iterator[str]:
        """Yield the lines of a function's log, of so many minutes, that hold the term."""
        group = f"/aws/lambda/berth-{self.stage}{'-sweep' if sweep else ''}"
        begin = int((time.time() - 60 * minutes) * 1000)
        pages = self.client("logs").get_paginator("filter_log_events")
        for page in pages.paginate(
            logGroupName=group, startTime=begin, filterPattern=f'"{term}"', limit=1000
        ):
            yield from (each["message"] for each in page["events"] if term in each["message"])

    def events(self, event: str, *, minutes: int, sweep: bool = False) -> Iterator[dict[str, Any]]:
        """Yield our own lines of an event."""
        for line in self.lines(event, minutes=minutes, sweep=sweep):
            if re.match(r'\{"at":', line) and (read := json.loads(line)).get("event") == event:
                yield read

    def awaited(self, look: Callable[[], _Found | None], otherwise: str) -> _Found:
        """Look until something is there. Raises NotSeen."""
        ends = time.monotonic() + self.patience
        while (found := look()) is None:
            if time.monotonic() > ends:
                raise NotSeen(f"{otherwise} (waited {self.patience:.0f} s)")
            time.sleep(min(_PAUSE_SECONDS, self.patience / 4))
        return found
