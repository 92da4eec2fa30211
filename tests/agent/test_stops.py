"""What the agent tells of a workspace that is scaled down, or gone."""

from __future__ import annotations

import pytest

from berth_agent.commands import Look
from berth_agent.report import report_of
from berth_agent.stops import Stops
from berth_agent.view import View
from chalicelib.wire.reconcile import WorkspaceReport
from tests.agent.objects import deployment, namespace, seen, tombstone

A = "ws-00000000000a"


def stopped() -> WorkspaceReport:
    """What the watches tell of a workspace that is scaled down: no pod is known."""
    view = View()
    view.take(seen(namespace(A, 10)).change)
    view.take(seen(deployment(A, 11, available=0, replicas=0)).change)
    report = report_of(view.facts(A))
    assert report.pods == 0
    return report


def test_a_stop_is_told_once_its_pods_were_looked_for() -> None:
    """Before the look the pods are uncounted, and one look is asked for; after it none is."""
    stops, report = Stops(), stopped()
    assert stops.check(report).pods is None
    assert stops.check(report).pods is None
    assert list(stops.take()) == [Look(A, 3)]
    assert stops.looked(Look(A, 3), 0)
    assert stops.check(report) == report
    assert list(stops.take()) == []


@pytest.mark.parametrize("pods", [2, None])
def test_a_look_that_shows_no_stop_makes_none(pods: int | None) -> None:
    """What a look found is told, nothing where it could not be read, and one looks again."""
    stops, report = Stops(), stopped()
    stops.check(report)
    list(stops.take())
    assert not stops.looked(Look(A, 3), pods)
    assert stops.check(report).pods == pods
    assert list(stops.take()) == [Look(A, 3)]


def test_a_look_is_good_for_its_own_stop_alone() -> None:
    """A stop of a later spec, or of a Deployment that was made anew, is looked at for itself."""
    stops, report = Stops(), stopped()
    stops.check(report)
    list(stops.take())
    assert stops.looked(Look(A, 2), 0)
    assert stops.check(report).pods is None
    assert list(stops.take()) == [Look(A, 3)]
    stops.looked(Look(A, 3), 0)
    stops.check(report.model_copy(update={"deployment": None}))
    assert stops.check(report).pods is None


def test_few_looks_run_at_once() -> None:
    """An agent that starts with many stopped workspaces looks at them a few at a time, in order."""
    stops, report = Stops(at_once=2), stopped()
    names = [f"ws-00000000000{letter}" for letter in "abcde"]
    for name in names:
        stops.check(report.model_copy(update={"workspace_id": name}))
    assert [look.workspace_id for look in stops.take()] == names[:2]
    assert list(stops.take()) == []
    stops.looked(Look(names[1], 3), 0)
    assert [look.workspace_id for look in stops.take()] == names[2:3]
    stops.check(report.model_copy(update={"workspace_id": names[3], "deployment": None}))
    stops.looked(Look(names[0], 3), 0)
    stops.looked(Look(names[2], 3), 0)
    assert [look.workspace_id for look in stops.take()] == names[4:]


def test_an_end_is_told_once_the_namespace_was_looked_for() -> None:
    """A watch of namespaces may lag: until a look finds none, the workspace is still ending."""
    view = View()
    view.take(seen(tombstone(A, 12, 4)).change)
    stops, report = Stops(), report_of(view.facts(A))
    assert (report.namespace, report.tombstone) == ("Absent", 4)
    assert stops.check(report).namespace == "Terminating"
    assert list(stops.take()) == [Look(A, 4, ends=True)]
    assert not stops.looked(Look(A, 4, ends=True), 1)
    assert stops.check(report).namespace == "Terminating"
    assert list(stops.take()) == [Look(A, 4, ends=True)]
    assert stops.looked(Look(A, 4, ends=True), 0)
    assert stops.check(report) == report
