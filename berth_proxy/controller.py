"""Keeps HAProxy as it should be: routes as the cluster says, sessions as the control plane says.

One task owns the route table; everything else asks it. HAProxy is compared with the table every
ten seconds, so that a restart of it, or a lost command, heals by itself.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence

from berth_proxy.admissions import Admissions
from berth_proxy.control_plane import ControlPlane, Dismissed, Refused, Unreachable
from berth_proxy.discovery import Found
from berth_proxy.haproxy.runtime import CommandRefused, DataPlaneLost, Runtime
from berth_proxy.routes import Full, RouteTable

_LOG = logging.getLogger(__name__)
_COMPARE_SECONDS = 10.0
"""Of quiet, after which HAProxy is compared with the table."""
_COMPARE_AT_LATEST_SECONDS = 60.0
"""Where there is no quiet."""
_PAGE = 1000
_RUNNING = "2"
"""Operational state of a server."""


class Controller:
    """``run`` until cancelled; ``found`` may be called from any thread of the same loop."""

    def __init__(
        self,
        routes: RouteTable,
        runtime: Runtime,
        admissions: Admissions,
        control_plane: ControlPlane,
        now: Callable[[], float],
    ) -> None:
        self._routes = routes
        self._runtime = runtime
        self._admissions = admissions
        self._control_plane = control_plane
        self._now = now
        self._changes: asyncio.Queue[Found] = asyncio.Queue()
        self._revoked = f"{admissions.file.parent}/revoked.lst"
        # Nothing but saying so again makes up for what HAProxy did not hear, and the controller before
        # this one may have been killed between its note and the deed.
        self._unrefused = set(admissions.ended())
        self._uncut = set(admissions.ended().values())

    def found(self, found: Found) -> None:
        """Take a change of a Service; to be called in the event loop's thread."""
        self._changes.put_nowait(found)

    async def run(self, recheck_seconds: float, alive: Callable[[], None]) -> None:
        """Follow changes, compare, recheck; until cancelled.

        ``alive`` is called at the start and after each round of rechecks: where it is not, whoever
        may be in no longer is in all the same, and another process must take over.
        """
        alive()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow())
            tasks.create_task(self._recheck_always(recheck_seconds, alive))

    async def recheck(self, within_seconds: float = 60.0) -> None:
        """Ask about every admission in use and cut those that hold no longer."""
        now = self._now()
        await self._pay()
        ended = list(self._admissions.expired(now))
        try:
            async with asyncio.timeout(within_seconds):
                ended += await self._ended_ones()
            self._admissions.checked(now)
        except Dismissed as error:
            # An answer, not silence: whoever is in came in by a proxy that lets nobody in.
            _LOG.warning("dismissed, so everybody is cut", extra={"error": str(error)})
            ended = list(self._admissions.live())
        except (Unreachable, Refused, TimeoutError) as error:
            _LOG.warning("recheck failed", extra={"error": str(error) or "it took too long"})
            if not self._admissions.are_current(now):
                ended += self._admissions.live()
        await self.end(ended)
        await self._forget()

    async def end(self, admission_ids: Sequence[str]) -> None:
        """Refuse these admissions from now on and cut the connections to their workspaces.

        First the list, then the cut: a connection that is made in between is refused already.
        """
        ended = self._admissions.end(admission_ids, self._now())
        self._unrefused |= ended.keys()
        self._uncut |= set(ended.values())
        await self._pay()

    async def compare(self) -> None:
        """Bring HAProxy back to the table where it differs, and cut what led elsewhere.

        A slot that runs and is in no use was another controller's: who is connected through it
        would be found by no cut of their workspace.
        """
        await self._pay()
        shown = await self._runtime.ask(f"show map {self._routes.map_file}")
        held = dict(line.split()[1:3] for line in shown.splitlines() if len(line.split()) == 3)
        state = read_servers(await self._runtime.ask("show servers state"))
        astray = [
            path for path, address in self._routes.addresses().items() if state.get(path) != address
        ]
        unused = [path for path in self._routes.unused() if path in state]
        if held != self._routes.map_lines() or astray or unused:
            counts = {"held": len(held), "astray": len(astray), "unused": len(unused)}
            _LOG.warning("routes differ", extra=counts)
            await self._tell([*self._routes.everything(), *_cuts(astray), *_closed(unused)])
            await self._tell(self._refusals(self._admissions.ended()))

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        latest = loop.time() + _COMPARE_AT_LATEST_SECONDS
        while True:
            wait = min(_COMPARE_SECONDS, latest - loop.time())
            try:
                found = await asyncio.wait_for(self._changes.get(), wait)
            except TimeoutError:
                await self._guarded_compare()
                latest = loop.time() + _COMPARE_AT_LATEST_SECONDS
            else:
                await self._apply(found)

    async def _apply(self, found: Found) -> None:
        try:
            commands = (
                self._routes.remove(found.workspace_id)
                if found.wanted is None
                else self._routes.put(found.wanted)
            )
        except Full:
            _LOG.exception("no slot is free", extra={"workspace_id": found.workspace_id})
            return
        await self._tell(commands)

    async def _guarded_compare(self) -> None:
        try:
            await self.compare()
        except DataPlaneLost as error:
            _LOG.warning("data plane lost", extra={"error": str(error)})

    async def _recheck_always(self, seconds: float, alive: Callable[[], None]) -> None:
        while True:
            await self.recheck(within_seconds=2 * seconds)
            alive()
            await asyncio.sleep(seconds)

    async def _ended_ones(self) -> list[str]:
        live = self._admissions.live()
        pages = [live[start : start + _PAGE] for start in range(0, len(live), _PAGE)]
        return [name for page in pages for name in (await self._control_plane.recheck(page)).ended]

    async def _forget(self) -> None:
        gone = self._admissions.forgotten(self._now())
        self._uncut &= set(self._admissions.ended().values())
        await self._tell([f"del acl {self._revoked} {name}" for name in gone])

    async def _pay(self) -> None:
        """Say what is owed; it stays owed until HAProxy was there to hear it.

        The cut of a workspace without a route waits for one: after a restart the routes come later.
        """
        unrefused, self._unrefused = self._unrefused, set()
        slots = {name: slot for name in self._uncut if (slot := self._routes.slot_of(name))}
        self._uncut -= slots.keys()
        cuts = _cuts(slot.path for slot in slots.values())
        try:
            await self._runtime.run([*self._refusals(unrefused), *cuts])
        except DataPlaneLost as error:
            self._unrefused |= unrefused
            self._uncut |= slots.keys()
            _LOG.warning("cuts are delayed", extra={"error": str(error)})
        except CommandRefused as error:
            _LOG.warning("commands failed", extra={"error": str(error)})

    def _refusals(self, admission_ids: Iterable[str]) -> list[str]:
        return [f"add acl {self._revoked} {name}" for name in admission_ids]

    async def _tell(self, commands: Sequence[str]) -> None:
        """Send commands; what does not get through is put right by the next comparison."""
        try:
            await self._runtime.run(commands)
        except (DataPlaneLost, CommandRefused) as error:
            _LOG.warning("commands failed", extra={"error": str(error)})


def read_servers(shown: str) -> dict[str, str]:
    """Return the address of each slot that takes requests, from ``show servers state`` (Management Guide, 9.3)."""
    lines = [line.split() for line in shown.splitlines()]
    return {
        f"{fields[1]}/{fields[3]}": fields[4]
        for fields in lines
        if len(fields) > 5 and fields[5] == _RUNNING
    }


def _cuts(paths: Iterable[str]) -> list[str]:
    return [f"shutdown sessions server {path}" for path in paths]


def _closed(paths: Sequence[str]) -> list[str]:
    return [*(f"set server {path} state maint" for path in paths), *_cuts(paths)]
