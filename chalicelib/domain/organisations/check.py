"""What an organisation's settings may be."""

import ipaddress
import re
from collections.abc import Iterator

from chalicelib.domain.errors import Problem
from chalicelib.domain.networks import METADATA
from chalicelib.domain.organisations.settings import GitHost, OrganisationSettings

_DAY = 24 * 3600
_RANGES: dict[str, tuple[int, int]] = {
    "longest_run_seconds": (0, 30 * _DAY),
    "orphan_grace_seconds": (60, 30 * _DAY),
    "workspaces_per_user": (0, 1_000),
    "workspaces_per_agent": (0, 10_000),
    "workspaces_per_organisation": (0, 100_000),
}
_MOST_GIT_HOSTS = 50
_LONGEST_DEVFILE = 8 * 1024
"""It is read with the organisation, so at nearly every request."""
_HOST = re.compile(
    r"(?=.{1,253}\Z)([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
)


def problems_of(settings: OrganisationSettings) -> tuple[Problem, ...]:
    """Return everything that is wrong with the settings; the pointer is the field's."""
    return tuple(_problems(settings))


def _problems(settings: OrganisationSettings) -> Iterator[Problem]:
    for field, (least, most) in _RANGES.items():
        if not least <= getattr(settings, field) <= most:
            yield _problem(field, f"is at least {least} and at most {most}")
    if len(settings.default_devfile.encode()) > _LONGEST_DEVFILE:
        yield _problem("default_devfile", f"has at most {_LONGEST_DEVFILE} bytes")
    if len(settings.git_hosts) > _MOST_GIT_HOSTS:
        yield _problem("git_hosts", f"has at most {_MOST_GIT_HOSTS} hosts")
    for place, host in enumerate(settings.git_hosts):
        yield from _host_problems(f"git_hosts/{place}", host)


def _host_problems(where: str, host: GitHost) -> Iterator[Problem]:
    if _HOST.fullmatch(host.host) is None:
        yield _problem(f"{where}/host", "is a DNS name in lower case")
    if not 1 <= host.port <= 65_535:
        yield _problem(f"{where}/port", "is a port, from 1 to 65535")
    for place, text in enumerate(host.addresses):
        at = f"{where}/addresses/{place}"
        try:
            network = ipaddress.ip_network(text)
        except ValueError:
            yield _problem(at, "is an address or a network, such as 10.1.2.0/24")
            continue
        if any(network.version == other.version and network.overlaps(other) for other in METADATA):
            yield _problem(at, "must not contain addresses where clouds serve metadata")


def _problem(field: str, rule: str) -> Problem:
    name = field.rpartition("/")[2] if not field[-1].isdigit() else field.split("/")[-2]
    return Problem("organisation-settings", f"{name} {rule}.", f"#/settings/{field}")
