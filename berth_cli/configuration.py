"""Where the control plane is and who is asking: the environment first, then the file of ``berth login``.

``BERTH_URL``, ``BERTH_TOKEN`` and ``BERTH_CA_FILE`` win over
``$XDG_CONFIG_HOME/berth/config.json`` (``~/.config`` by default), which is readable by its owner alone.
A token of the file goes to the control plane that it was made by, and to no other.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

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
    stored = _stored(path_of(environment))
    chosen = environment.get("BERTH_URL")
    url = checked_url(chosen) if chosen else stored.url
    return Configuration(
        url=url,
        token=environment.get("BERTH_TOKEN") or (stored.token if url == stored.url else ""),
        ca_file=environment.get("BERTH_CA_FILE") or stored.ca_file,
    )


def _stored(path: Path) -> Configuration:
    if not path.exists():
        return Configuration()
    try:
        return Configuration(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        message = f"{path} cannot be read ({error}); remove it and run `berth login`"
        raise Failure(message) from error


def checked_url(text: str) -> str:
    """Return the address of a control plane as ``https://host[:port]``, https where nothing is said.

    Raises Failure for anything else: a token must not travel in the clear.
    """
    address = text.strip()
    try:
        split = urlsplit(address if "://" in address else f"https://{address}")
        plain = f"https://{split.netloc}"
        is_good = bool(split.hostname) and split.port != 0
    except ValueError:
        is_good, plain = False, ""
    if not is_good or "@" in plain or split.geturl().rstrip("/") != plain:
        message = (
            f"{text!r} is no address of a control plane: write https://host or https://host:port"
        )
        raise Failure(message, Exit.USAGE)
    return plain


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
            f"you are not signed in to {configuration.url}: run `berth login`, or set BERTH_TOKEN",
            Exit.SIGNED_OUT,
        )
    return configuration
