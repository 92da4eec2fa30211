"""What an agent's settings may be."""

import ipaddress
import re
from collections.abc import Iterator

from chalicelib.domain.agents.agent import AgentSettings
from chalicelib.domain.errors import Problem

PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_ZONE = re.compile(
    r"(?=.{1,200}(:|\Z))([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(:[1-9][0-9]{0,4})?"
)
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_IMAGE = re.compile(r"[a-z0-9][-a-z0-9._/:@]{0,254}")
_LONGEST_CA = 64 * 1024
_CAPS = {"max_cpu_millis": 128_000, "max_memory_mib": 1_048_576, "max_disk_gib": 10_000}


def problems_of(settings: AgentSettings) -> tuple[Problem, ...]:
    """Return everything that is wrong with the settings; the pointer is the field's."""
    return tuple(_problems(settings))


def _problems(settings: AgentSettings) -> Iterator[Problem]:
    if _ZONE.fullmatch(settings.zone) is None:
        yield _problem("zone", "is a DNS name in lower case, with :port where it is not 443")
    if settings.image_pull_policy not in PULL_POLICIES:
        yield _problem("image_pull_policy", f"is one of {', '.join(PULL_POLICIES)}")
    yield from _names(settings)
    yield from _sizes(settings)
    yield from _networks(settings)
    ca = settings.extra_ca
    if ca and (len(ca) > _LONGEST_CA or "-----BEGIN CERTIFICATE-----" not in ca):
        yield _problem("extra_ca", "is PEM of certificates, at most 64 KiB")


def _names(settings: AgentSettings) -> Iterator[Problem]:
    for field in ("storage_class", "runtime_class", "proxy_tls_secret"):
        value = getattr(settings, field)
        if (value or field == "proxy_tls_secret") and _NAME.fullmatch(value) is None:
            yield _problem(field, "is the name of a Kubernetes object")
    for field in ("tools_image", "proxy_image", "default_image"):
        if _IMAGE.fullmatch(getattr(settings, field)) is None:
            yield _problem(field, "is the reference of an image")
    for place, prefix in enumerate(settings.image_prefixes):
        if _IMAGE.fullmatch(prefix) is None:
            yield _problem(f"image_prefixes/{place}", "is how references of images start")


def _sizes(settings: AgentSettings) -> Iterator[Problem]:
    for field, cap in _CAPS.items():
        if not 1 <= getattr(settings, field) <= cap:
            yield _problem(field, f"is at least 1 and at most {cap}")
    if not 1 <= settings.default_disk_gib <= settings.max_disk_gib:
        yield _problem("default_disk_gib", "is at least 1 and at most max_disk_gib")


def _networks(settings: AgentSettings) -> Iterator[Problem]:
    for field in ("cluster_cidrs", "dns_addresses"):
        for place, text in enumerate(getattr(settings, field)):
            try:
                ipaddress.ip_network(text)
            except ValueError:
                yield _problem(f"{field}/{place}", "is an address or a network, such as 10.0.0.0/8")


def _problem(field: str, rule: str) -> Problem:
    return Problem("agent-settings", f"{field.partition('/')[0]} {rule}.", f"#/settings/{field}")
