"""``python -m berth_agent``: run until SIGTERM; ``check``: look whether it could, and say what is missing.

Exits with 2 when a setting is wrong.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import sys
import threading
from collections.abc import Sequence
from functools import partial

from berth_agent import log, settings
from berth_agent.applier import Applier
from berth_agent.check import check
from berth_agent.client import ControlPlane, Https
from berth_agent.conversation import Identity
from berth_agent.core import Core
from berth_agent.health import serve
from berth_agent.ownership import Owner
from berth_agent.proxy import ProxyInstaller, accounts
from berth_agent.settings import LEASE_NAME, BadSettings, Settings, read_token
from berth_agent.shell import Hands, Shell, follow, start_when_synced
from berth_agent.stops import left_of
from berth_agent.terminator import Terminator
from berth_agent.wake_ups import WakeUps
from berth_agent.watches import reflectors
from berth_kube.client import Client
from berth_kube.connection import Connection, connect
from berth_kube.lease import Candidate, Elector, LeaseTiming
from chalicelib.wire import VERSION
from chalicelib.wire.labels import FIELD_MANAGER

RELEASE = 10.0
"""Seconds for giving the Lease back on the way out."""

logger = logging.getLogger("berth_agent")


def main(words: Sequence[str]) -> int:
    """Read the settings and run, or check; the exit code."""
    if words and tuple(words) != ("check",):
        print(f"berth-agent: {' '.join(words)}? There is check, or nothing", file=sys.stderr)  # noqa: T201
        return 2
    try:
        chosen = settings.load(os.environ)
    except BadSettings as error:
        print(f"berth-agent: {error}", file=sys.stderr)  # noqa: T201 - there is no log yet
        return 2
    if words:
        return check(chosen, connect())
    log.configure(chosen.log_level)
    logger.info("agent %s %s in %s", chosen.agent_id, VERSION, chosen.namespace)
    return run(chosen, connect())


def run(chosen: Settings, connection: Connection) -> int:
    """Stand for the Lease, lead, and release it on SIGTERM or SIGINT."""
    instance = f"{chosen.instance}-{secrets.token_hex(4)}"
    holder = f"{chosen.instance}_{chosen.pod_uid}" if chosen.pod_uid else instance
    timing = LeaseTiming()
    candidate = Candidate(chosen.namespace, LEASE_NAME, holder)
    elector = Elector(
        Client(connection, manager=FIELD_MANAGER, timeout=timing.request), candidate, timing=timing
    )
    client = Client(connection, manager=FIELD_MANAGER, before_write=elector.check)
    owner = Owner(chosen.agent_id, chosen.namespace, chosen.service_account)
    shell = Shell(
        Core(Identity(instance, VERSION, chosen.namespace)), _hands(chosen, client, owner)
    )
    watches = reflectors(client, owner, shell.changed)

    def lead(epoch: int) -> None:
        threading.Thread(
            target=start_when_synced, args=(watches, epoch, shell), daemon=True
        ).start()

    follow(watches)
    health = serve(
        chosen.health,
        live=shell.is_turning,
        ready=lambda: all(reflector.synced.is_set() for reflector in watches),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: shell.stop())
    election = threading.Thread(target=elector.run, args=(lead, _exit_now), daemon=True)
    election.start()
    shell.run()
    elector.stop()
    election.join(RELEASE)
    health.shutdown()
    logging.shutdown()
    # Threads may still wait for answers of servers; whatever they do next, they may not write.
    os._exit(0)


def _hands(chosen: Settings, client: Client, owner: Owner) -> Hands:
    token = partial(read_token, chosen.token_file)
    return Hands(
        control_plane=ControlPlane(chosen.control_plane, token, Https(chosen.ca_file)),
        applier=Applier(client, owner, threading.Event().wait),
        terminator=Terminator(client, owner),
        proxy=ProxyInstaller(
            client, owner, chosen.proxy, partial(accounts, client, chosen.namespace)
        ),
        left=partial(left_of, client, owner),
        listen=WakeUps(chosen.control_plane, token, chosen.ca_file),
    )


def _exit_now() -> None:
    """The Lease is lost: another may lead already. A new process stands for it again."""
    logging.shutdown()
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
