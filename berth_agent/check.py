"""``python -m berth_agent check``: what the agent needs, asked for from where it runs.

`helm test` runs it in a pod like the agent's. It changes nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from berth_agent.client import Https, NoAnswer
from berth_agent.settings import LEASE_NAME, BadSettings, Settings, read_token
from berth_kube.client import Client
from berth_kube.errors import KubernetesError
from berth_kube.kinds import LEASE
from berth_kube.lease import LeaseTiming
from berth_kube.transport import Transport
from chalicelib.wire.labels import FIELD_MANAGER

_REFUSED_MESSAGE = (400, 422)
"""To an empty message, from a control plane that took the token."""


class Missing(Exception):
    """Something that the agent needs is not there."""


class _Spec(msgspec.Struct, rename="camel"):
    holder_identity: str | None = None
    renew_time: datetime | None = None


class _Lease(msgspec.Struct):
    spec: _Spec


def check(chosen: Settings, transport: Transport) -> int:
    """Ask control plane and API server; a line for each, and 1 where one is not as it has to be."""
    looks: tuple[Callable[[], str], ...] = (
        lambda: _control_plane(chosen),
        lambda: _leader(chosen, transport),
    )
    return max([_told(look) for look in looks])


def _told(look: Callable[[], str]) -> int:
    try:
        line, code = f"good: {look()}", 0
    except (Missing, NoAnswer, BadSettings, KubernetesError) as found:
        line, code = f"bad: {found}", 1
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
    return code


def _control_plane(chosen: Settings) -> str:
    """Send a message that says nothing: what refuses it for that has seen the token."""
    headers = {
        "Authorization": f"Bearer {read_token(chosen.token_file)}",
        "Content-Type": "application/json",
    }
    address = f"{chosen.control_plane}/agent/v1/prerequisites"
    answer = Https(chosen.ca_file)(address, b"{}", headers)
    if answer.status in (401, 403):
        raise Missing(f"{chosen.control_plane} does not take the token of {chosen.agent_id}")
    if answer.status not in _REFUSED_MESSAGE:
        raise Missing(f"{chosen.control_plane} answers {answer.status}: is it a control plane?")
    return f"{chosen.control_plane} takes the token of {chosen.agent_id}"


def _leader(chosen: Settings, transport: Transport) -> str:
    client = Client(transport, manager=FIELD_MANAGER)
    lease = client.get(LEASE, LEASE_NAME, _Lease, namespace=chosen.namespace)
    if lease is None or not lease.spec.holder_identity or lease.spec.renew_time is None:
        raise Missing(
            f"no agent leads: see the log of deployment/berth-agent in {chosen.namespace}"
        )
    age = datetime.now(UTC) - lease.spec.renew_time
    if age > timedelta(seconds=LeaseTiming().duration):
        raise Missing(
            f"{lease.spec.holder_identity} led, and was heard {age.total_seconds():.0f} s ago"
        )
    return f"{lease.spec.holder_identity} leads"
