"""Keeps HAProxy as it should be: routes as the cluster says, sessions as the control plane says.

One task owns the route table; everything else asks it. HAProxy is compared with the table every
ten seconds, so that a restart of it, or a lost command, heals by itself.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence

from berth_proxy.admissions import GRACE_SECONDS, Admissions
from berth_proxy.control_plane import ControlPlane, Refused, Unreachable
from berth_proxy.discovery import Found
from berth_proxy.haproxy.runtime import CommandRefused, DataPlaneLost, Runtime
from berth_proxy.routes import Full, RouteTable

_LOG = logging.getLogger(__name__)
_COMPARE_SECONDS = 10.0
_RECHECK_SECONDS = 30.0
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
        self._owed: list[str] = []
        """Refusals and cuts that HAProxy did not take: nothing but saying them again makes up for them."""

    def found(self, found: Found) -> None:
        """Take a change of a Service; to be called in the event loop's thread."""
        self._changes.put_nowait(found)

    async def run(self) -> None:
        """Follow changes, compare, recheck; until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow())
            tasks.create_task(self._recheck_always())

    async def recheck(self) -> None:
        """Ask about every admission in use and cut those that hold no longer."""
        now = self._now()
        await self._pay()
        ended = list(self._admissions.expired(now))
        try:
            ended += await self._ended_ones()
            self._admissions.checked_at = now
        except (Unreachable, Refused) as error:
            _LOG.warning("recheck failed", extra={"error": str(error)})
            if now - self._admissions.checked_at >= GRACE_SECONDS:
                ended += self._admissions.live()
        await self.end(ended)
        await self._forget()

    async def end(self, admission_ids: Sequence[str]) -> None:
        """Refuse these admissions from now on and cut the connections to their workspaces.

        First the list, then the cut: a connection that is made in between is refused already.
        """
        workspaces = self._admissions.end(admission_ids, self._now())
        self._owed += [f"add acl {self._revoked} {name}" for name in workspaces]
        slots = {self._routes.slot_of(workspace) for workspace in workspaces.values()}
        self._owed += _cuts(slot.path for slot in slots if slot is not None)
        await self._pay()

    async def compare(self) -> None:
        """Bring HAProxy back to the table where it differs, and cut what led elsewhere."""
        await self._pay()
        shown = await self._runtime.ask(f"show map {self._routes.map_file}")
        held = dict(line.split()[1:3] for line in shown.splitlines() if len(line.split()) == 3)
        state = read_servers(await self._runtime.ask("show servers state"))
        astray = [
            path for path, address in self._routes.addresses().items() if state.get(path) != address
        ]
        if held != self._routes.map_lines() or astray:
            _LOG.warning("routes differ", extra={"held": len(held), "astray": len(astray)})
            await self._tell([*self._routes.everything(), *_cuts(astray)])
            await self._tell(
                [f"add acl {self._revoked} {name}" for name in self._admissions.ended()]
            )

    async def _follow(self) -> None:
        while True:
            try:
                found = await asyncio.wait_for(self._changes.get(), _COMPARE_SECONDS)
            except TimeoutError:
                await self._guarded_compare()
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

    async def _recheck_always(self) -> None:
        while True:
            await asyncio.sleep(_RECHECK_SECONDS)
            await self.recheck()

    async def _ended_ones(self) -> list[str]:
        live = self._admissions.live()
        pages = [live[start : start + _PAGE] for start in range(0, len(live), _PAGE)]
        return [name for page in pages for name in (await self._control_plane.recheck(page)).ended]

    async def _forget(self) -> None:
        gone = self._admissions.forgotten(self._now())
        await self._tell([f"del acl {self._revoked} {name}" for name in gone])

    async def _pay(self) -> None:
        """Say what is owed; it stays owed until HAProxy was there to hear it."""
        owed, self._owed = self._owed, []
        try:
            await self._runtime.run(owed)
        except DataPlaneLost as error:
            self._owed = owed + self._owed
            _LOG.warning("cuts are delayed", extra={"error": str(error)})
        except CommandRefused as error:
            _LOG.warning("commands failed", extra={"error": str(error)})

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
