"""``python3 -m berth_proxy init`` writes HAProxy's run folder; without argument, the controller runs."""

import asyncio
import contextlib
import faulthandler
import logging
import os
import signal
import sys
import time

from aiohttp import web

from berth_kube.client import Client
from berth_kube.connection import connect
from berth_proxy.admissions import Admissions
from berth_proxy.control_plane import ControlPlane
from berth_proxy.controller import Controller
from berth_proxy.discovery import Discovery, Found
from berth_proxy.haproxy.configuration import layout_of, read_keys, write_run_folder
from berth_proxy.haproxy.runtime import Runtime
from berth_proxy.portal import Portal
from berth_proxy.routes import RouteTable
from berth_proxy.settings import Settings

_LOG = logging.getLogger("berth_proxy")
_STUCK_AFTER_ROUNDS = 4


async def _serve(settings: Settings) -> None:
    folder = settings.run_folder
    control_plane = ControlPlane(settings.control_plane_url, settings.token_file, settings.ca_file)
    admissions = Admissions.load(folder / "admissions.json", time.time())
    routes = RouteTable(str(folder / "routes.map"), layout_of(settings))
    controller = Controller(
        routes, Runtime(folder / "admin.sock"), admissions, control_plane, time.time
    )
    portal = Portal(settings.zone, read_keys(folder), admissions, control_plane, time.time)
    loop = asyncio.get_running_loop()

    def hand_over(found: Found) -> None:
        loop.call_soon_threadsafe(controller.found, found)

    discovery = Discovery(Client(connect(), manager="berth-proxy"), settings.agent_id, hand_over)
    runner = web.AppRunner(portal.application(), access_log=None)
    await runner.setup()
    host, _, port = settings.portal.rpartition(":")
    await web.TCPSite(runner, host, int(port)).start()
    discovery.start()
    _LOG.info("serving", extra={"zone": settings.zone})
    try:
        await _until_told(controller, settings.recheck_seconds)
    finally:
        await asyncio.to_thread(discovery.stop)
        await runner.cleanup()
        await control_plane.close()
        faulthandler.cancel_dump_traceback_later()


async def _until_told(controller: Controller, recheck_seconds: int) -> None:
    """Run the controller until SIGTERM or SIGINT, or until it is stuck.

    The watchdog is a thread of C: it ends the process even where the loop stands still, and the
    kubelet starts it anew.
    """

    def alive() -> None:
        faulthandler.dump_traceback_later(_STUCK_AFTER_ROUNDS * recheck_seconds, exit=True)

    running = asyncio.create_task(controller.run(recheck_seconds, alive))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await running


def main() -> int:
    """Run the program; a wrong setting ends it with a sentence."""
    logging.basicConfig(level=os.environ.get("BERTH_LOG_LEVEL", "INFO"), stream=sys.stderr)
    try:
        settings = Settings.from_environment(os.environ)
    except ValueError as error:
        sys.stderr.write(f"berth-proxy: {error}\n")
        return 2
    if sys.argv[1:] == ["init"]:
        write_run_folder(settings)
        return 0
    asyncio.run(_serve(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
