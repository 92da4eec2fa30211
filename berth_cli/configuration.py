"""Where the control plane is and who is asking: the environment first, then the file of ``berth login``.

``BERTH_URL``, ``BERTH_TOKEN`` and ``BERTH_CA_FILE`` win over
``$XDG_CONFIG_HOME/berth/config.json`` (``~/.config`` by default), which is readable by its owner alone.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from berth_cli.failures import Exit, Failure


@dataclass(frozen=True, slots=True)
class Configuration:
    """``ca_file`` is a PEM of authorities to trust beside the system's."""

    url: str = ""
    token: str = field(default="", repr=False)
    ca_file: str = ""


def path_of(environment: Mapping[str, str]) -> Path:
    """Return the file's path."""
    base = environment.get("XDG_CONFIG_HOME") or str(
        Path(environment.get("HOME", "~")).expanduser() / ".config"
    )
    return Path(base) / "berth" / "config.json"


def load(environment: Mapping[str, str]) -> Configuration:
    """Return what is configured. Raises Failure when the file cannot be read as what it should be."""
    path = path_of(environment)
    stored: dict[str, str] = {}
    if path.exists():
        try:
            stored = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise Failure(
                f"{path} cannot be read ({error}); run `berth login` to write it anew"
            ) from error
    return Configuration(
        url=(environment.get("BERTH_URL") or stored.get("url", "")).rstrip("/"),
        token=environment.get("BERTH_TOKEN") or stored.get("token", ""),
        ca_file=environment.get("BERTH_CA_FILE") or stored.get("ca_file", ""),
    )


def save(configuration: Configuration, environment: Mapping[str, str]) -> Path:
    """Write the file with mode 0600, whole or not at all, and return its path."""
    path = path_of(environment)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(configuration), file, indent=1)
    draft.replace(path)
    return path


def required(configuration: Configuration) -> Configuration:
    """Return the configuration. Raises Failure where something to talk to a control plane is missing."""
    if not configuration.url:
        raise Failure(
            "no control plane is configured: run `berth login URL`, or set BERTH_URL",
            Exit.SIGNED_OUT,
        )
    if not configuration.token:
        raise Failure(
            "you are not signed in: run `berth login`, or set BERTH_TOKEN", Exit.SIGNED_OUT
        )
    return configuration
