"""What the agent says and does, event by event."""

from __future__ import annotations

import pytest

from berth_agent.commands import Ask, Look, Post
from berth_agent.events import Answered, Prepared, Started
from berth_agent.tasks import (
    Apply,
    Collect,
    Done,
    Failed,
    Incomplete,
    Superseded,
    Terminate,
    Waiting,
)
from chalicelib.wire.reconcile import (
    ApplyError,
    ApplyOrder,
    PrerequisitesResponse,
    Receipt,
    ReconcileResponse,
    TerminateOrder,
)
from tests.agent.driver import Driver
from tests.agent.objects import deployment, gone, namespace, pod, seen, tombstone

A, B = "ws-00000000000a", "ws-00000000000b"


def order(generation: int, workspace_id: str = A, *, digest: str = "spec") -> ApplyOrder:
    """An order, empty but for what the core reads."""
    return ApplyOrder(
        workspace_id=workspace_id,
        generation=generation,
        spec_digest=digest,
        secrets_digest="",
        secret_names=(),
        objects=(),
    )


def error(generation: int, *, final: bool) -> Failed:
    """A refusal."""
    return Failed(ApplyError(generation=generation, kind="Deployment", status=422, final=final))


@pytest.fixture
def driver() -> Driver:
    """An agent that has told one workspace."""
    driver = Driver()
    driver.tell(seen(namespace(A, 10)))
    driver.tell(seen(deployment(A, 11)))
    return driver


def test_it_asks_for_prerequisites_then_tells_all(driver: Driver) -> None:
    """A new leader asks for prerequisites, then sends a full with all that it knows and no intent."""
    request = driver.start(epoch=4)
    assert (request.update_type, request.epoch, request.intent) == ("full", 4, -1)
    assert request.full_sync is not None
    assert (request.full_sync.page, request.full_sync.last) == (0, True)
    assert [(r.workspace_id, r.resource_version, r.generation) for r in request.reports] == [
        (A, 11, 1)
    ]


def test_nothing_is_said_before_it_leads(driver: Driver) -> None:
    """A process that waits for the Lease sends nothing and does nothing."""
    driver.pass_time(100)
    assert driver.is_silent()


def test_an_idle_agent_polls_when_told(driver: Driver) -> None:
    """With nothing to say it asks again after ``next_poll_ms``, with the intent that it processed."""
    driver.answer(driver.start(), intent=42)
    driver.pass_time(8.9)
    assert driver.is_silent()
    driver.pass_time(1.2)
    request = driver.post()
    assert (request.update_type, request.reports, request.intent) == ("partial", (), 42)


def test_changes_are_gathered(driver: Driver) -> None:
    """Several changes within a moment are one partial, soon after."""
    driver.answer(driver.start())
    driver.pass_time(5)
    for version in (20, 21, 22):
        driver.tell(seen(deployment(A, version, available=version % 2)))
        driver.pass_time(0.02)
    assert driver.is_silent()
    driver.pass_time(0.2)
    (report,) = driver.post().reports
    assert report.resource_version == 22


def test_what_is_ordered_though_it_lives_is_told_again(driver: Driver) -> None:
    """An order for the generation that lives shows that the control plane lost sight of it."""
    driver.answer(driver.start(), order(1), next_poll_ms=1_000)
    driver.work()
    driver.pass_time(1.1)
    request = driver.post()
    assert [(r.workspace_id, r.generation) for r in request.reports] == [(A, 1)]
    driver.answer(request)
    assert driver.last_post().reports == ()


def test_what_is_ordered_anew_is_not_told_before_it_lives(driver: Driver) -> None:
    """An order for a generation that does not live yet is no reason to say anything."""
    driver.answer(driver.start(), order(2), next_poll_ms=1_000)
    driver.work()
    driver.pass_time(1.1)
    assert driver.post().reports == ()


def test_a_lost_answer_is_no_receipt(driver: Driver) -> None:
    """What was sent but not confirmed is sent again, and the intent is not echoed."""
    driver.answer(driver.start(), intent=3)
    driver.pass_time(5)
    driver.tell(seen(deployment(A, 20, available=0)))
    driver.pass_time(0.3)
    lost = driver.post()
    driver.fail()
    driver.pass_time(3)
    again = driver.post()
    assert again.reports == lost.reports
    assert again.intent == 3


def test_a_receipt_for_an_older_version_confirms_nothing(driver: Driver) -> None:
    """A change while the answer was on its way is told next."""
    driver.answer(driver.start())
    driver.pass_time(5)
    driver.tell(seen(deployment(A, 20, available=0)))
    driver.pass_time(0.3)
    request = driver.post()
    driver.tell(seen(deployment(A, 21, available=1)))
    driver.pass_time(0.3)
    driver.answer(request)
    driver.pass_time(0.7)
    (report,) = driver.post().reports
    assert report.resource_version == 21


def test_versions_grow_with_every_new_fact() -> None:
    """Facts that change without a new version (a trouble that lasted) get a higher number."""
    driver = Driver()
    driver.tell(seen(namespace(A, 10)))
    driver.tell(seen(deployment(A, 11, available=0)))
    driver.tell(seen(pod(A, 12, waiting="ImagePullBackOff")))
    first = driver.start()
    assert first.reports[0].troubles == ()
    driver.answer(first)
    driver.pass_time(4)
    (report,) = driver.post().reports
    assert [t.reason for t in report.troubles] == ["ImagePullBackOff"]
    assert report.resource_version > first.reports[0].resource_version


def test_more_is_fetched_at_once_and_the_intent_waits(driver: Driver) -> None:
    """While ``more`` holds it goes on with the cursor; only the last answer's intent is echoed."""
    driver.answer(driver.start(), intent=1)
    driver.pass_time(10)
    driver.answer(driver.post(), intent=2, more=True, cursor="next")
    second = driver.post()
    assert (second.cursor, second.intent) == ("next", 1)
    driver.answer(second, intent=2)
    driver.pass_time(10)
    assert driver.post().intent == 2


def test_orders_of_one_workspace_never_run_at_once(driver: Driver) -> None:
    """A newer order waits for the one under way; those between are skipped."""
    driver.answer(driver.start(), order(2))
    (first,) = [c for c in driver.commands if not isinstance(c, Post)]
    for generation in (3, 4):
        driver.pass_time(10)
        driver.answer(driver.post(), order(generation))
    assert driver.commands == [first]
    driver.work()
    (work,) = driver.work()
    assert isinstance(work.task, Apply)
    assert work.task.generation == 4


def test_repeated_and_older_orders_are_dropped(driver: Driver) -> None:
    """While an order is under way its repetition, and anything older, changes nothing."""
    driver.answer(driver.start(), order(5))
    for repeated in (order(5), order(4)):
        driver.pass_time(10)
        driver.answer(driver.post(), repeated)
    assert len(driver.work()) == 1
    assert driver.work() == []


def test_what_may_heal_is_retried_and_then_told(driver: Driver) -> None:
    """A failure that may heal is retried with growing delays, and told from the second on."""
    driver.answer(driver.start(), order(2))
    driver.work(error(2, final=False))
    driver.pass_time(0.25)
    assert len(driver.work(error(2, final=False))) == 1
    driver.pass_time(0.3)
    (report,) = driver.post().reports
    assert report.apply_error is not None
    assert not report.apply_error.final
    driver.pass_time(0.3)
    assert len(driver.work(Done())) == 1
    driver.fail()
    driver.pass_time(3)
    (report,) = driver.post().reports
    assert report.apply_error is None


def test_what_is_final_is_told_and_not_hammered(driver: Driver) -> None:
    """A final refusal is told at once; the same order sent again is not tried again for minutes."""
    driver.answer(driver.start(), order(2))
    driver.work(error(2, final=True))
    driver.pass_time(0.6)
    request = driver.post()
    (report,) = request.reports
    assert report.apply_error is not None
    driver.answer(request, order(2))
    driver.fail_all_for(200)
    assert driver.work() == []
    driver.fail_all_for(150)
    assert len(driver.work()) == 1


def test_missing_secrets_are_asked_for(driver: Driver) -> None:
    """An order that lacks its Secrets makes the control plane look at everything anew."""
    driver.answer(driver.start(), order(2), intent=9)
    driver.work(Incomplete())
    driver.pass_time(0.7)
    assert driver.post().intent == -1


def test_a_termination_goes_step_by_step(driver: Driver) -> None:
    """It is taken up again when the cluster moved, until it is done; then the end is told."""
    driver.answer(driver.start(), TerminateOrder(workspace_id=A, generation=2))
    (work,) = driver.work(Waiting())
    assert work.task == Terminate(2)
    driver.tell(seen(tombstone(A, 20, 2)))
    driver.tell(gone(deployment(A, 11), 21))
    driver.pass_time(0.2)
    driver.work(Waiting())
    driver.tell(gone(namespace(A, 10), 22))
    driver.pass_time(0.2)
    assert driver.look(0) == [Look(A, 2, ends=True)]
    driver.work(Done())
    driver.fail_all_for(0.1)
    driver.pass_time(5)
    request = driver.last_post()
    (report,) = request.reports
    assert (report.namespace, report.tombstone, report.generation) == ("Absent", 2, 2)
    driver.answer(request, outcome="collect")
    (work,) = driver.work(Done())
    assert work.task == Collect(2)
    driver.tell(gone(tombstone(A, 20, 2), 23))
    driver.pass_time(9)
    assert driver.is_silent()
    driver.pass_time(2)
    assert driver.post().reports == ()


def test_a_new_leader_goes_on_with_a_termination() -> None:
    """A tombstone beside a namespace is an order that a former process did not finish."""
    driver = Driver()
    driver.tell(seen(namespace(A, 10)))
    driver.tell(seen(tombstone(A, 11, 4)))
    driver.tell(Started(2))
    (work,) = driver.work(Waiting())
    assert work.task == Terminate(4)


def test_an_order_never_replaces_a_termination(driver: Driver) -> None:
    """An order to apply that arrives late, even of a higher number, changes nothing."""
    driver.answer(driver.start(), TerminateOrder(workspace_id=A, generation=5), order(6), intent=1)
    (work,) = driver.work(Waiting())
    assert work.task == Terminate(5)


def test_a_foreign_workspace_is_told_once(driver: Driver) -> None:
    """A report of a workspace that the control plane does not know is not repeated."""
    driver.answer(driver.start(), outcome="unknown")
    driver.pass_time(10)
    assert driver.post().reports == ()


def test_large_syncs_are_paged_and_shrink_when_refused() -> None:
    """501 workspaces are two pages; a page that is too large is halved and sent again."""
    driver = Driver()
    for number in range(501):
        driver.tell(seen(namespace(f"ws-{number:012d}", 10 + number)))
    first = driver.start()
    assert len(first.reports) == 500
    driver.fail(413)
    driver.pass_time(2)
    again = driver.post()
    assert len(again.reports) == 250
    assert again.full_sync is not None
    assert (again.full_sync.page, again.full_sync.last) == (0, False)
    told = [r.workspace_id for r in again.reports]
    pages = 1
    while not again.full_sync.last:
        driver.answer(again)
        again = driver.post()
        assert again.full_sync is not None
        assert again.full_sync.page == pages
        pages += 1
        told += [r.workspace_id for r in again.reports]
    assert sorted(told) == [f"ws-{number:012d}" for number in range(501)]


def test_an_answer_to_a_full_that_breaks_off_is_asked_for_anew(driver: Driver) -> None:
    """Only a full answer tells of what drifted: when one of its pages is lost, the next full is due."""
    driver.start()
    driver.tell(Answered(ReconcileResponse(more=True, cursor="page-2", intent=1)))
    assert driver.post().cursor == "page-2"
    driver.fail(502)
    driver.pass_time(5)
    again = driver.post()
    assert (again.update_type, again.cursor) == ("full", None)


def test_one_bad_report_does_not_silence_the_others() -> None:
    """A report that the control plane cannot take alone is left out for a while."""
    driver = Driver()
    driver.tell(seen(namespace(A, 10)))
    driver.tell(seen(namespace(B, 11)))
    request = driver.start()
    for _ in range(40):
        if A in {r.workspace_id for r in request.reports}:
            driver.fail(422)
        else:
            driver.answer(request)
            if request.reports:
                break
        driver.pass_time(61)
        request = driver.last_post()
    assert [r.workspace_id for r in request.reports] == [B]


@pytest.mark.parametrize("status, at_least, at_most", [(0, 60, 400), (500, 60, 400), (401, 12, 60)])
def test_an_outage_is_not_hammered(
    driver: Driver, status: int, at_least: int, at_most: int
) -> None:
    """While the control plane is down requests become rare: per hour, never less than some."""
    driver.start()
    driver.fail(status)
    requests = driver.fail_all_for(3600, status)
    assert at_least <= requests <= at_most


def test_retry_after_is_honoured(driver: Driver) -> None:
    """A 429 with Retry-After is waited out."""
    driver.start()
    driver.fail(429, retry_after=42)
    driver.pass_time(41)
    assert driver.is_silent()
    driver.pass_time(1.5)
    assert driver.post().update_type == "full"


def test_prerequisites_are_asked_for_with_each_full(driver: Driver) -> None:
    """An hour later it asks for prerequisites again and then tells all; the same digest does nothing."""
    driver.answer(driver.start())
    driver.answer_all_for(3601)
    driver.only(Ask)
    driver.tell(Prepared(PrerequisitesResponse(digest="")))
    assert driver.post().update_type == "full"


def test_a_superseded_order_is_over(driver: Driver) -> None:
    """An order that the cluster has overtaken is neither told nor tried again."""
    driver.answer(driver.start(), order(2))
    driver.work(Superseded())
    driver.answer_all_for(600)
    assert driver.work() == []


def test_a_receipt_of_another_version_confirms_nothing(driver: Driver) -> None:
    """What the control plane says of another version than the sent one leaves the report unsent."""
    request = driver.start()
    other = Receipt(workspace_id=A, resource_version=3, outcome="stored")
    driver.tell(Answered(ReconcileResponse(receipts=(other,), intent=1)))
    driver.pass_time(10)
    assert driver.post().reports == request.reports


def test_missing_secrets_are_reported_until_they_are_applied(driver: Driver) -> None:
    """While the Deployment still says that they are there, the report says that they are not."""
    driver.tell(seen(namespace(A, 10)))
    driver.tell(seen(deployment(A, 11)))
    request = driver.start()
    assert [report.secrets_digest for report in request.reports] == ["secrets"]
    driver.answer(request, order(2))
    driver.work(Incomplete())
    driver.pass_time(1)
    request = driver.post()
    assert [report.secrets_digest for report in request.reports] == [""]
    driver.answer(request, order(2))
    driver.work(Done())
    driver.pass_time(1)
    assert [report.secrets_digest for report in driver.post().reports] == ["secrets"]
