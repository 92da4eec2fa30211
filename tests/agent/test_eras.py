"""What the agent does when the control plane begins a new era."""

from __future__ import annotations

from berth_agent.commands import Ask, Post, Work
from berth_agent.events import Answered, Prepared, Worked
from berth_agent.pacing import PAGE
from berth_agent.tasks import Done, Failed, Terminate, Waiting
from chalicelib.wire.reconcile import (
    ApplyError,
    ApplyOrder,
    PrerequisitesResponse,
    ReconcileRequest,
    ReconcileResponse,
    TerminateOrder,
)
from tests.agent.driver import Driver
from tests.agent.objects import deployment, namespace, seen

A, B = "ws-00000000000a", "ws-00000000000b"


def order(generation: int, workspace_id: str = A) -> ApplyOrder:
    """An order, empty but for what the core reads."""
    return ApplyOrder(
        workspace_id=workspace_id,
        generation=generation,
        spec_digest="spec",
        secrets_digest="",
        secret_names=(),
        objects=(),
    )


def refusal(generation: int) -> Failed:
    """The API server's, for good."""
    return Failed(ApplyError(generation=generation, kind="Deployment", status=422, final=True))


def begun(era: int | None = 5) -> tuple[Driver, ReconcileRequest]:
    """An agent with one workspace, and its first request."""
    driver = Driver()
    driver.tell(seen(namespace(A, 10)))
    driver.tell(seen(deployment(A, 11)))
    return driver, driver.start(era=era)


def next_post(driver: Driver) -> ReconcileRequest:
    """The next request that the agent sends of itself."""
    driver.pass_time(11)
    return driver.post()


def begin_era(driver: Driver, era: int) -> None:
    """Answer as a control plane does that hears of another era."""
    driver.tell(Answered(ReconcileResponse(era=era, intent=-1, next_poll_ms=1_000)))


def works(driver: Driver) -> list[Work]:
    """Tasks that were begun and have not ended."""
    return [command for command in driver.commands if isinstance(command, Work)]


def test_the_era_of_the_prerequisites_is_said_from_the_first_transfer_on() -> None:
    """No page of a full transfer leaves the era open, and each message says that of the last answer."""
    driver, request = begun(era=5)
    assert request.era == 5
    driver.answer(request, era=5)
    assert next_post(driver).era == 5


def test_a_former_control_plane_is_told_no_era() -> None:
    """Where answers have no era the agent says none, and goes on as ever."""
    driver, request = begun(era=None)
    assert request.era is None
    driver.answer(request)
    after = next_post(driver)
    assert (after.era, after.update_type) == (None, "partial")


def test_an_upgraded_control_plane_is_no_new_era() -> None:
    """The first era that an agent hears of is the one that it spoke in."""
    driver, request = begun(era=None)
    driver.answer(request, era=5)
    after = next_post(driver)
    assert (after.era, after.update_type) == (5, "partial")


def test_in_a_new_era_everything_is_said_anew() -> None:
    """Prerequisites come at once, since the proxy has another token, and then a full transfer."""
    driver, request = begun()
    driver.answer(request, era=5)
    next_post(driver)
    begin_era(driver, 9)
    driver.only(Ask)
    driver.tell(Prepared(PrerequisitesResponse(era=9)))
    driver.run_proxy()
    full = driver.post()
    assert (full.update_type, full.era, full.intent) == ("full", 9, -1)
    assert [report.workspace_id for report in full.reports] == [A]
    driver.answer(full, era=9)
    assert next_post(driver).update_type == "partial"


def test_a_transfer_of_the_era_before_is_begun_again() -> None:
    """A page that was sent in the era before counts for nothing: the transfer begins with page 0."""
    driver = Driver()
    for number in range(PAGE + 1):
        driver.tell(seen(namespace(f"ws-{number:012}", 10)))
    request = driver.start(era=5)
    assert request.full_sync is not None
    assert not request.full_sync.last
    begin_era(driver, 9)
    driver.only(Ask)
    driver.tell(Prepared(PrerequisitesResponse(era=9)))
    again = driver.post()
    assert again.full_sync is not None
    assert (again.full_sync.page, again.reports) == (0, request.reports)
    assert again.full_sync.id != request.full_sync.id


def test_what_got_no_receipt_in_the_new_era_is_said_again_soon() -> None:
    """A report that the full transfer could not place goes with the next partial, not the next full."""
    driver, request = begun()
    driver.answer(request, era=5)
    next_post(driver)
    begin_era(driver, 9)
    driver.only(Ask)
    driver.tell(Prepared(PrerequisitesResponse(era=9)))
    driver.only(Post)
    driver.tell(Answered(ReconcileResponse(era=9, intent=-1)))
    partial = next_post(driver)
    assert partial.update_type == "partial"
    assert [report.workspace_id for report in partial.reports] == [A]


def test_the_full_transfer_does_not_wait_for_prerequisites_that_fail() -> None:
    """Where prerequisites alone fail in a new era, workspaces are reported all the same."""
    driver, request = begun()
    driver.answer(request, era=5)
    next_post(driver)
    begin_era(driver, 9)
    driver.only(Ask)
    driver.fail(500)
    driver.pass_time(5)
    assert driver.post().update_type == "full"


def test_an_order_of_the_era_before_is_void() -> None:
    """What had not begun is never done; what waited for its next step does not take it."""
    driver, request = begun()
    ends = [TerminateOrder(workspace_id=f"ws-{n:012}", generation=2) for n in range(9)]
    driver.answer(request, *ends, era=5)
    assert len(works(driver)) == 8
    next_post(driver)
    begin_era(driver, 9)
    driver.work(Waiting())
    driver.pass_time(5)
    assert works(driver) == []


def test_nothing_is_said_while_work_of_the_era_before_runs() -> None:
    """A report in the middle of an old apply would not be the last word on it: it waits for the end."""
    driver, request = begun()
    driver.answer(request, order(2), era=5)
    (work,) = works(driver)
    driver.commands.remove(work)
    next_post(driver)
    begin_era(driver, 9)
    driver.pass_time(30)
    assert not [c for c in driver.commands if isinstance(c, Ask | Post)]
    driver.tell(Worked(A, Done()))
    driver.only(Ask)


def test_a_failed_order_of_the_era_before_is_forgotten() -> None:
    """Neither an order that had failed nor one that fails afterwards is told of in the new era."""
    driver, request = begun()
    driver.answer(request, order(7), order(3, B), era=5)
    failed, running = works(driver)
    driver.commands.remove(failed)
    driver.tell(Worked(A, refusal(7)))
    driver.pass_time(1)
    (report,) = (report for report in driver.post().reports if report.workspace_id == A)
    assert report.apply_error is not None
    begin_era(driver, 9)
    driver.commands.remove(running)
    driver.tell(Worked(B, refusal(3)))
    driver.only(Ask)
    driver.tell(Prepared(PrerequisitesResponse(era=9)))
    reports = driver.post().reports
    assert A in [report.workspace_id for report in reports]
    assert [report.apply_error for report in reports if report.apply_error] == []


def test_orders_of_the_new_era_are_carried_out() -> None:
    """After the full transfer the agent obeys as before, lower generations too."""
    driver, request = begun()
    driver.answer(request, order(7, B), era=5)
    next_post(driver)
    begin_era(driver, 9)
    driver.work()
    driver.only(Ask)
    driver.tell(Prepared(PrerequisitesResponse(era=9)))
    driver.answer(driver.post(), TerminateOrder(workspace_id=B, generation=3), era=9)
    assert [work.task for work in works(driver)] == [Terminate(3)]
