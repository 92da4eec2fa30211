"""A month: how often each thing happens, times what it uses."""

from math import ceil

from benchmarks.cost.counts import Counts, Happening
from benchmarks.cost.habits import (
    LOOKED_THROUGH_AT_ONCE,
    LOOKS_A_SECOND_OF_WAITING,
    RECHECKED_AT_ONCE,
    SECONDS_BETWEEN_BUSY_POLLS,
    SECONDS_BETWEEN_LISTS,
    SECONDS_BETWEEN_LOOKS,
    SECONDS_BETWEEN_NOTES,
    SECONDS_BETWEEN_RECHECKS,
    SWEEPS_AN_HOUR,
    Habits,
)
from benchmarks.cost.storage import Stored
from benchmarks.prices import HOURS_OF_A_MONTH
from berth_local.aws.usage import Usage

NOTE = Usage(calls=1, writes=1)
"""That a session was used."""


def month(counts: Counts, habits: Habits, idle: Usage) -> dict[str, Usage]:
    """Return what is used, by what it is used for. ``idle``: of an agent in an hour, woken."""
    hourly = idle * habits.clusters + counts[Happening.FULL_EACH] * habits.users
    sweep = counts[Happening.SWEEP] + counts[Happening.SWEEP_EACH] * habits.users
    return {
        "signing in": _sign_in(counts, habits) * (habits.days * habits.sign_ins),
        "the start page": _pages(counts, habits),
        "wishes, with their agents": _wishes(counts, habits),
        "entering workspaces": counts[Happening.ENTER] * (habits.days * habits.entries),
        "being in workspaces": _stays(counts, habits),
        "agents, idle": hourly * HOURS_OF_A_MONTH,
        "the sweep": sweep * (SWEEPS_AN_HOUR * HOURS_OF_A_MONTH),
    }


def _list(counts: Counts, habits: Habits) -> Usage:
    """All of one's list: a page ends where something of theirs was found, and the others look through the rest."""
    pages = 1 + ceil(habits.users / LOOKED_THROUGH_AT_ONCE)
    return counts[Happening.LIST] * pages + counts[Happening.LIST_EACH] * habits.users


def _sign_in(counts: Counts, habits: Habits) -> Usage:
    """The first page of the list was among what was counted."""
    return counts[Happening.SIGN_IN] - counts[Happening.LIST] + _list(counts, habits)


def _pages(counts: Counts, habits: Habits) -> Usage:
    """Each time it asks for the list it does not look besides."""
    lists = 60 / SECONDS_BETWEEN_LISTS
    looks = counts[Happening.LOOK] * (60 / SECONDS_BETWEEN_LOOKS - lists)
    minute = looks + _list(counts, habits) * lists + NOTE * (60 / SECONDS_BETWEEN_NOTES)
    return minute * (habits.days * habits.minutes_in_view)


def _wishes(counts: Counts, habits: Habits) -> Usage:
    """What the command line, the control plane and an agent do for each."""
    looks = counts[Happening.SHOW] * (habits.seconds_under_way * LOOKS_A_SECOND_OF_WAITING)
    asked = counts[Happening.WAIT] * (habits.seconds_under_way / SECONDS_BETWEEN_BUSY_POLLS)
    waited = looks + asked + counts[Happening.REPORT] * habits.reports
    by_name = _list(counts, habits) + waited + counts[Happening.OBEY]
    created = counts[Happening.CREATE] + counts[Happening.FETCH] + waited
    terminated = counts[Happening.TERMINATE] + by_name
    daily = counts[Happening.START] + counts[Happening.STOP] + by_name * 2
    monthly = (created + terminated) * habits.creations
    return daily * (habits.days * habits.starts) + monthly * habits.users


def _stays(counts: Counts, habits: Habits) -> Usage:
    """Who is in is asked about until their session ends: all entries of a day, as long as people are there."""
    rounds = habits.working_days * habits.hours_connected * 3600 / SECONDS_BETWEEN_RECHECKS
    pages = habits.clusters * ceil(
        habits.users * habits.entries / habits.clusters / RECHECKED_AT_ONCE
    )
    who = counts[Happening.RECHECK_EACH] * (habits.users * habits.entries)
    return (counts[Happening.RECHECK] * pages + who) * rounds


def gigabytes(stored: Stored, crowd: int, habits: Habits) -> float:
    """Return what lies in the table after those months. ``crowd``: of how many workspaces it was weighed."""
    living = stored.others / crowd * habits.users
    return (living + stored.record * habits.records * habits.months) / 1e9
