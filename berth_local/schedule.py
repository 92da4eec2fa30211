"""The application's scheduled triggers, on their schedule, with events in EventBridge's shape."""

import logging
import re
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from chalice.app import Chalice, ScheduledEventConfig, ScheduleExpression
from chalice.local import LambdaContext

from berth_local.gateway import LAMBDA_TIMEOUT_SECONDS

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)", re.ASCII)
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trigger:
    """One scheduled function of the application."""

    name: str
    every: timedelta
    call: Callable[[dict[str, Any], LambdaContext], object]

    def fire(self) -> None:
        """Call the function as EventBridge would."""
        context = LambdaContext(self.name, 512, LAMBDA_TIMEOUT_SECONDS * 1000)
        self.call(scheduled_event(self.name, datetime.now(UTC)), context)


def scheduled_event(rule: str, now: datetime) -> dict[str, Any]:
    """Return the event of a rule: every field of AWS's sample event, and the version that EventBridge adds."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": "local",
        "resources": [f"arn:aws:events:local:000000000000:rule/{rule}"],
        "detail": {},
    }


def triggers_of(app: Chalice, module: object) -> tuple[Trigger, ...]:
    """Return the triggers that the module of the application defines.

    Raises ValueError for a schedule that is no rate: only rates are used.
    """
    found = []
    for source in app.event_sources:
        if not isinstance(source, ScheduledEventConfig):
            continue
        expression = source.schedule_expression
        if isinstance(expression, ScheduleExpression):
            expression = expression.to_string()
        matched = _RATE.fullmatch(expression)
        if matched is None:
            message = f"trigger {source.name}: the schedule {expression!r} is no rate"
            raise ValueError(message)
        every = timedelta(**{f"{matched[2]}s": int(matched[1])})
        function = source.handler_string.rpartition(".")[2]
        found.append(Trigger(source.name, every, getattr(module, function)))
    return tuple(found)


class Scheduler:
    """A thread for each trigger, from construction to ``stop``."""

    def __init__(self, triggers: Sequence[Trigger]) -> None:
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(trigger,), name=trigger.name, daemon=True)
            for trigger in triggers
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let what runs end and start nothing more."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(LAMBDA_TIMEOUT_SECONDS)

    def _run(self, trigger: Trigger) -> None:
        while not self._stopped.wait(trigger.every.total_seconds()):
            try:
                trigger.fire()
            except Exception:  # noqa: BLE001 - a trigger that fails is tried again at its next time
                _LOG.exception("trigger failed", extra={"trigger": trigger.name})
