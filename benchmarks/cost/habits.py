"""How people are assumed to live with Berth: every number of the model that was not counted, for who likes others."""

from dataclasses import dataclass

from benchmarks.prices import Hardware

SECONDS_BETWEEN_LOOKS, SECONDS_BETWEEN_LISTS = 5, 60
"""The start page asks so often for the workspaces that it shows, and for the list
(``chalicelib/api/pages/start.html``), while somebody looks at it."""
LOOKED_THROUGH_AT_ONCE = 1_000
"""Workspaces at most, for a page of a list (``_SCANNED`` in ``chalicelib/usecases/workspaces/read.py``)."""
SECONDS_BETWEEN_RECHECKS = 30
"""A proxy asks so often whether those who are in still may be (``berth_proxy/settings.py``)."""
RECHECKED_AT_ONCE = 1_000
"""In one question (``_PAGE`` in ``berth_proxy/controller.py``)."""
SECONDS_BETWEEN_BUSY_POLLS = 1
"""An agent asks so often while something is under way (``BUSY_POLL_MS``)."""
LOOKS_A_SECOND_OF_WAITING = 2
"""``berth start`` asks so often until it is Running (``berth_cli/progress.py``)."""
SECONDS_BETWEEN_NOTES = 60
"""When a session was last used is written so often (``SEEN_EVERY_SECONDS``)."""
SWEEPS_AN_HOUR = 60


@dataclass(frozen=True, slots=True)
class Habits:
    """Of one installation with one organisation. Each person has one workspace that lives."""

    users: int = 1_000
    clusters: int = 4
    """Each with an agent and a proxy."""
    working_days: float = 22
    """Of a month."""
    sign_ins: float = 2
    """Of a person a day: a session ends an hour after its last use."""
    minutes_in_view: float = 15
    """That a person has the start page before their eyes, a day."""
    entries: float = 4
    """Endpoints that a person opens a day: editor, terminal, what they develop."""
    hours_connected: float = 8
    """That people are in their workspaces, a day."""
    starts: float = 1
    """And as many stops, of a person a day; all by the command line, which finds the workspace by its name and waits."""
    seconds_under_way: float = 20
    """From a wish until it is so; no two at once on a cluster, which costs most."""
    reports: float = 3
    """In which an agent tells of one wish: applied, starting, running."""
    creations: float = 4
    """Of a person a month, and as many terminations."""
    months: float = 12
    """That the installation has run: the audit log is kept."""

    @property
    def days(self) -> float:
        """Of all people, in a month."""
        return self.users * self.working_days

    @property
    def records(self) -> float:
        """Of the audit log, in a month: one for each accepted wish, and for each entry."""
        return self.days * (self.starts * 2 + self.entries) + self.users * self.creations * 2


IN_CLUSTER = Hardware(0.05, 128 / 1024) * 3
"""What one cluster's agent and the two containers of its proxy request, by the chart and by the proxy's manifest."""

PEER = {
    "servers": Hardware(2, 8) * 3,
    "provisioners": Hardware(1, 1) * 60,
    "database": Hardware(8, 30),
}
"""Coder's validated architecture for up to 1,000 users, 600 workspaces running."""
PEER_USERS = 1_000
