"""Every setting of the control plane: the field ``public_url`` is the variable ``BERTH_PUBLIC_URL``.

Read once, at the first request, by the bootstrap alone. What is wrong is told all at once.
"""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

PREFIX = "BERTH_"
_ORIGIN = re.compile(r"https://[a-z0-9][-a-z0-9.]*(:[1-9][0-9]{0,4})?")
_PARAMETERS = re.compile(r"ssm:(/(?:[-_.A-Za-z0-9]+/)+)")
_ISSUER = re.compile(r"https://[^\s?#]+")


class SettingsError(Exception):
    """The environment does not describe an installation; the message names each variable and what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings, with their units and defaults."""

    public_url: str
    """Where people and agents reach the control plane, such as ``https://berth.example.org``; no path."""
    pepper: bytes = field(repr=False)
    """Base64 of at least 32 random bytes; digests of tokens and signatures are keyed with it. Whoever
    changes it ends every token and session."""
    oidc_issuer: str
    """Address of the OpenID Connect issuer, such as ``https://gitlab.example.org``."""
    oidc_client_id: str
    """Id under which Berth is registered there, with the redirect ``<public_url>/sign-in/callback``."""
    oidc_client_secret: str = field(repr=False)
    """Secret of that registration."""
    store: str = "dynamodb"
    """``dynamodb``, or ``sqlite:<path>`` for the one-process mode."""
    table: str = ""
    """Name of the DynamoDB table; needed where ``store`` is ``dynamodb``."""
    keys: str = "kms"
    """``kms``, or ``file:<path>``: a local key file of 32 bytes, made when it is absent."""
    kms_key: str = ""
    """Id, ARN or alias of the KMS key; needed where ``keys`` is ``kms``."""
    bootstrap_code: str = field(default="", repr=False)
    """At least 16 characters: whoever signs in first with it owns the installation. Empty: nobody can."""
    surface: str = "all"
    """Which routes this process answers: ``all``, ``people`` or ``agents``."""
    idle_poll_ms: int = 10_000
    """Milliseconds that an agent with nothing under way waits before it asks again; 1,000 to 60,000."""
    waker: str = "none"
    """How agents hear at once that there is something to ask for: ``none`` (they poll), ``process`` for the
    one-process mode, or ``queue:<prefix>`` for a queue of Amazon SQS for each agent, with names that begin so."""
    listening_poll_ms: int = 60_000
    """``idle_poll_ms`` for an agent that listens for wake-ups; 1,000 to 300,000."""
    full_sync_ms: int = 3_600_000
    """Milliseconds between two full reports of an agent; 60,000 to 86,400,000."""
    secrets: str = ""
    """Where settings that are secret are read from if the environment lacks them: empty, or
    ``ssm:/<path>/`` for parameters of AWS Systems Manager called ``/<path>/pepper`` and so on."""
    metrics: str = "none"
    """Who adds up the figures of the log's lines: ``none``, or ``embedded:<stage>`` for CloudWatch, which
    takes money for each metric; the stage is their dimension."""
    extra_ca_file: str = ""
    """Path of a PEM file with authorities that are trusted beside the system's, for issuer and git hosts."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Return the settings of the environment. Raises SettingsError with every problem at once."""
        values: dict[str, Any] = {}
        problems: list[str] = []
        for each in fields(cls):
            text = environment.get(PREFIX + each.name.upper(), "")
            if not text:
                continue
            try:
                values[each.name] = _READERS.get(each.name, str)(text)
            except ValueError as error:
                problems.append(_problem(each.name, str(error)))
        problems += _missing(values, environment)
        if problems:
            raise SettingsError(
                "Berth cannot start:\n" + "\n".join(f"- {problem}" for problem in problems)
            )
        return cls(**values)


def secret_names() -> tuple[str, ...]:
    """Return the fields that are secrets."""
    return tuple(each.name for each in fields(Settings) if not each.repr)


def parameters_path(environment: Mapping[str, str]) -> str | None:
    """Return below which parameters the secrets are; None where the environment has them."""
    found = _PARAMETERS.fullmatch(environment.get(PREFIX + "SECRETS", ""))
    return found[1] if found else None


def _missing(values: Mapping[str, Any], environment: Mapping[str, str]) -> list[str]:
    wanted = {
        "public_url": "set it to the address of the control plane, such as https://berth.example.org",
        "pepper": "set it to the output of `openssl rand -base64 32`, once and for all",
        "oidc_issuer": "set it to the issuer's address, such as https://gitlab.example.org",
        "oidc_client_id": "register Berth at the issuer and set it to the id you get",
        "oidc_client_secret": "register Berth at the issuer and set it to the secret you get",
    }
    if values.get("store", "dynamodb") == "dynamodb":
        wanted["table"] = "set it to the output TableName of infra/stack.yaml"
    if values.get("keys", "kms") == "kms":
        wanted["kms_key"] = "set it to the output KeyAlias of infra/stack.yaml"
    return [
        _problem(name, f"is missing: {what}")
        for name, what in wanted.items()
        if _is_empty(name, environment)
    ]


def _is_empty(name: str, environment: Mapping[str, str]) -> bool:
    return not environment.get(PREFIX + name.upper(), "")


def _problem(name: str, what: str) -> str:
    return f"{PREFIX}{name.upper()} {what}."


def _pepper(text: str) -> bytes:
    try:
        pepper = b64decode(text, validate=True)
    except NotBase64 as error:
        raise ValueError(
            "is not base64: set it to the output of `openssl rand -base64 32`"
        ) from error
    if len(pepper) < 32:
        raise ValueError(
            f"has {len(pepper)} bytes, at least 32 are needed: use `openssl rand -base64 32`"
        )
    return pepper


def _matching(pattern: re.Pattern[str], rule: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if pattern.fullmatch(text) is None:
            raise ValueError(f"must be {rule}")
        return text

    return read


def _between(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text[:12]) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(text)

    return read


_READERS: dict[str, Callable[[str], Any]] = {
    "public_url": _matching(
        _ORIGIN, "https:// and a host name, without a path or a slash at the end"
    ),
    "pepper": _pepper,
    "oidc_issuer": _matching(_ISSUER, "an https:// address without query"),
    "store": _matching(re.compile(r"dynamodb|sqlite:.+"), "`dynamodb` or `sqlite:<path>`"),
    "keys": _matching(re.compile(r"kms|file:.+"), "`kms` or `file:<path>`"),
    "surface": _matching(re.compile(r"all|people|agents"), "`all`, `people` or `agents`"),
    "secrets": _matching(_PARAMETERS, "`ssm:/<path>/`, such as `ssm:/berth/dev/`"),
    "bootstrap_code": _matching(
        re.compile(r"[-_.A-Za-z0-9]{16,200}"),
        "16 to 200 letters and digits: use `openssl rand -hex 16`",
    ),
    "idle_poll_ms": _between(1_000, 60_000),
    "listening_poll_ms": _between(1_000, 300_000),
    "waker": _matching(
        re.compile(r"none|process|queue:[-_A-Za-z0-9]{1,60}"),
        "`none`, `process` or `queue:<prefix>`",
    ),
    "metrics": _matching(
        re.compile(r"none|embedded:[a-z][a-z0-9-]{0,29}"), "`none` or `embedded:<stage>`"
    ),
    "full_sync_ms": _between(60_000, 86_400_000),
}
