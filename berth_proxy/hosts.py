"""Names of endpoints: ``<port>-<workspace id>.<zone>``, read and written by the same rules."""

import re
from dataclasses import dataclass

LABEL = r"[1-9][0-9]{3,4}-ws-[0-9a-z]{12}"
"""First label of an endpoint's name. HAProxy's configuration holds the same expression."""

_LABEL = re.compile(LABEL, re.ASCII)
_MAX_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A port of a workspace."""

    port: int
    workspace_id: str

    @property
    def label(self) -> str:
        """First label of the endpoint's name; also its key in the route map."""
        return f"{self.port}-{self.workspace_id}"


def parse_label(label: str) -> Endpoint | None:
    """Return the endpoint that a label names; None when it names none."""
    if _LABEL.fullmatch(label) is None:
        return None
    port, _, workspace_id = label.partition("-")
    return Endpoint(int(port), workspace_id) if int(port) <= _MAX_PORT else None


def without_port(host: str) -> str:
    """Return the name of a Host header in lower case, without its port."""
    return host.partition(":")[0].lower()


def parse_host(host: str, zone: str) -> Endpoint | None:
    """Return the endpoint that a Host header names in the zone; None when it names none."""
    label, _, rest = without_port(host).partition(".")
    return parse_label(label) if rest == without_port(zone) else None
