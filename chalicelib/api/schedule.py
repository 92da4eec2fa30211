"""What the clock asks for, as routes are what people and programs ask for."""

from chalicelib import bootstrap
from chalicelib.log import class_of, context, log, stack_of
from chalicelib.ports.bundle import Ports
from chalicelib.ports.metrics import SWEEP_FAILURES, SWEEP_LASTED
from chalicelib.usecases.audit.checkpoint import write_checkpoints
from chalicelib.usecases.operations.census import take_census
from chalicelib.usecases.workspaces.sweep import sweep

SWEEP_SECONDS = 20.0
"""Lambda ends it after 25."""


class SweepFailed(Exception):
    """Said in place of the exception whose words Lambda would write into the log."""


def run_sweep(request_id: str | None) -> None:
    """Sweep, hold the audit log fast, and leave a line. Raises SweepFailed."""
    with context(request_id=request_id):
        try:
            chosen = bootstrap.ports()
            # Where two stages share a table, that of people sweeps.
            if chosen.site.surface != "agents":
                _sweep(chosen)
        except Exception as error:  # noqa: BLE001 - said again below, without its words
            log("fault", route="sweep", error=class_of(error), stack=stack_of(error))
            raise SweepFailed(f"{class_of(error)}: its place is in the line before") from None


def _sweep(chosen: Ports) -> None:
    clock = chosen.clock
    begins = clock.monotonic()

    def remaining() -> float:
        return begins + SWEEP_SECONDS - clock.monotonic()

    with bootstrap.call(chosen, begins + SWEEP_SECONDS) as ports:
        swept = sweep(ports, remaining=remaining)
        write_checkpoints(ports, remaining=remaining)
        census = take_census(ports, remaining=remaining) if ports.metrics.is_kept else {}
    lasted = round(clock.monotonic() - begins, 3)
    ended = {} if swept.held_up else {SWEEP_LASTED: lasted}
    chosen.metrics.record("swept", {SWEEP_FAILURES: swept.failed, **ended, **census})
