"""The thin shell around the core: threads and sockets, no decisions.

One thread owns the core and takes events from an inbox. Reflectors, the elector, the talker to the
control plane and the workers put events into it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from berth_agent.applier import Applier
from berth_agent.client import ControlPlane, NoAnswer
from berth_agent.commands import ApplyProxy, Ask, Command, Listen, Look, Post, WakeAt, Work
from berth_agent.core import Core
from berth_agent.events import (
    Answered,
    Changed,
    Deaf,
    Happening,
    Heard,
    Looked,
    Moment,
    Prepared,
    ProxyApplied,
    Started,
    Tick,
    Unanswered,
    Watched,
    Worked,
)
from berth_agent.proxy import ProxyInstaller
from berth_agent.settings import BadSettings
from berth_agent.tasks import Apply, Collect, Failed, Outcome, Task, Terminate
from berth_agent.terminator import Terminator
from berth_kube.errors import KubernetesError
from berth_kube.lease import LostLease
from berth_kube.machine import THREADS, Machine
from berth_kube.reflector import Change, Reflector
from chalicelib.wire.reconcile import ApplyError, WakeChannel

log = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds that one round of the loop may take before the process counts as stuck."""


@dataclass(frozen=True, slots=True)
class Hands:
    """What commands are carried out with."""

    control_plane: ControlPlane
    applier: Applier
    terminator: Terminator
    proxy: ProxyInstaller
    left: Callable[[Look], int]
    """What is left of a workspace. Raises ``KubernetesError``."""
    listen: Callable[[WakeChannel], bool]
    """Wait at a channel, and whether a wake-up came. Raises ``NoAnswer``."""

    def work(self, workspace_id: str, task: Task) -> Outcome:
        """Do a task."""
        match task:
            case Apply(order):
                return self.applier.run(order)
            case Terminate(generation):
                return self.terminator.terminate(workspace_id, generation)
            case Collect(generation):
                return self.terminator.collect(workspace_id, generation)


class Shell:
    """``run`` blocks until ``stop``."""

    def __init__(self, core: Core, hands: Hands, machine: Machine = THREADS) -> None:
        self._core = core
        self._hands = hands
        self._machine = machine
        self._inbox: deque[Happening] = deque()
        self._arrived = machine.signal()
        self._stopping = False
        self._wake_at = float("inf")
        self._turned = machine.now()

    def tell(self, event: Happening) -> None:
        """Put an event into the inbox; from any thread."""
        self._inbox.append(event)
        self._arrived.set()

    def changed(self, change: Change[Watched]) -> None:
        """A reflector's news."""
        self.tell(Changed(change))

    def stop(self) -> None:
        """Make ``run`` return."""
        self._stopping = True
        self._arrived.set()

    def is_turning(self) -> bool:
        """Whether the loop is alive."""
        return self._machine.now() - self._turned < PATIENCE

    def run(self) -> None:
        """Feed the core until ``stop``. Work in progress is left: it is safe to break off."""
        while not self._stopping:
            event = self._next()
            self._wake_at = float("inf")
            moment = Moment(self._machine.now(), self._machine.chance())
            for command in self._core.handle(event, moment):
                self._do(command)

    def _next(self) -> Happening:
        """Wait for an event, or for the time that the core wants to be woken at."""
        self._turned = now = self._machine.now()
        if not self._inbox:
            self._arrived.wait(min(max(self._wake_at - now, 0.0), PATIENCE / 4))
        self._arrived.clear()  # before the look: what comes after it sets the signal again
        return self._inbox.popleft() if self._inbox else Tick()

    def _do(self, command: Command) -> None:
        match command:
            case WakeAt(when):
                self._wake_at = when
            case Ask() | Post():
                self._start("control-plane", lambda: self._talk(command))
            case ApplyProxy():
                self._start("proxy", lambda: self._apply_proxy(command))
            case Work():
                self._start(command.workspace_id, lambda: self._work(command))
            case Look():
                self._start(command.workspace_id, lambda: self._look(command))
            case Listen(channel):
                self._start("wake-ups", lambda: self._listen(channel))

    def _listen(self, channel: WakeChannel) -> Happening:
        try:
            return Heard(self._hands.listen(channel))
        except NoAnswer as failure:
            log.info("no wake-ups: %s", failure)
            return Deaf(refused=400 <= failure.status < 500)
        except Exception as error:  # noqa: BLE001 - polls go on; and its words may quote the address
            log.error("cannot listen for wake-ups: %s", type(error).__name__)  # noqa: TRY400 - as above
            return Deaf(refused=True)

    def _look(self, command: Look) -> Happening:
        try:
            return Looked(command, self._hands.left(command))
        except KubernetesError as error:
            log.warning("cannot see what is left of %s: %s", command.workspace_id, error)
            return Looked(command, None)

    def _start(self, name: str, act: Callable[[], Happening]) -> None:
        # The core bounds how many run at once: work by its workers, looks by `Stops`.
        self._machine.start(name, lambda: self._deliver(act))

    def _deliver(self, act: Callable[[], Happening]) -> None:
        try:
            self.tell(act())
        except LostLease as lost:
            log.error("%s: stopping", lost)  # noqa: TRY400 - expected, and the line says all
            self.stop()

    def _talk(self, command: Ask | Post) -> Happening:
        try:
            if isinstance(command, Ask):
                return Prepared(self._hands.control_plane.prerequisites(command.request))
            return Answered(self._hands.control_plane.reconcile(command.request))
        except BadSettings as error:
            log.error("%s", error)  # noqa: TRY400 - the line says all
            return Unanswered(0)
        except NoAnswer as failure:
            if failure.status in (401, 403):
                log.error(  # noqa: TRY400 - the trace says nothing that the line does not
                    "the control plane refuses this agent's token (%s): register it or give it its"
                    " new token; asking again slowly",
                    failure,
                )
            else:
                log.warning("%s", failure)
            return Unanswered(failure.status, failure.retry_after)

    def _apply_proxy(self, command: ApplyProxy) -> Happening:
        return ProxyApplied(command.digest, self._hands.proxy.install(command.objects))

    def _work(self, command: Work) -> Happening:
        try:
            outcome = self._hands.work(command.workspace_id, command.task)
        except LostLease:
            raise
        except Exception:  # a fault of ours over one workspace must not stop the others
            log.exception("cannot work on %s", command.workspace_id)
            outcome = Failed(_fault(command))
        if isinstance(outcome, Failed):
            _log_failure(command, outcome.error)
        else:
            log.info(
                "%s %s generation %d: %s",
                type(command.task).__name__.lower(),
                command.workspace_id,
                command.task.generation,
                type(outcome).__name__.lower(),
            )
        return Worked(command.workspace_id, outcome)


def _fault(command: Work) -> ApplyError:
    return ApplyError(
        generation=command.task.generation,
        kind="Order",
        status=0,
        reason="AgentFault",
        message="the agent failed over this order; its log says how",
        final=True,
    )


def _log_failure(command: Work, error: ApplyError) -> None:
    log.warning(
        "%s %s generation %d: %s %s answered %d %s: %s",
        type(command.task).__name__.lower(),
        command.workspace_id,
        command.task.generation,
        error.kind,
        error.name,
        error.status,
        error.reason,
        error.message,
    )


def follow(reflectors: Iterable[Reflector[Watched]], machine: Machine = THREADS) -> None:
    """Run each reflector beside the others."""
    for reflector in reflectors:
        machine.start("reflector", reflector.run)


def start_when_synced(reflectors: Iterable[Reflector[Watched]], epoch: int, shell: Shell) -> None:
    """Tell the core that we lead, once all is known. Blocks: not for the elector's thread."""
    for reflector in reflectors:
        reflector.synced.wait()
    shell.tell(Started(epoch))
