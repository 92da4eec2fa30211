"""What agents and their proxies ask."""

from chalicelib.api.call import Call
from chalicelib.ports.metrics import ORDERS, REPORTS
from chalicelib.usecases.access.admissions import recheck, redeem
from chalicelib.usecases.agents.prerequisites import prerequisites
from chalicelib.usecases.agents.reconcile import reconcile
from chalicelib.usecases.agents.wake_ups import hold
from chalicelib.wire.admission import Admission, RecheckRequest, RecheckResponse, RedeemRequest
from chalicelib.wire.reconcile import (
    PrerequisitesRequest,
    PrerequisitesResponse,
    ReconcileRequest,
    ReconcileResponse,
    WakeResponse,
)


def post_reconcile(call: Call, body: ReconcileRequest) -> ReconcileResponse:
    """Take an agent's reports and answer with receipts and orders."""
    answered = reconcile(call.ports, call.agent, body, remaining=call.remaining)
    call.figures[REPORTS] = len(body.reports)
    call.figures[ORDERS] = len(answered.orders)
    return answered


def get_wake(call: Call) -> WakeResponse:
    """Hold an agent's question until there is something to ask for, in the one-process mode."""
    return hold(call.ports, call.agent, remaining=call.remaining)


def post_prerequisites(call: Call, body: PrerequisitesRequest) -> PrerequisitesResponse:
    """Take an agent's first message and answer with the proxy's objects."""
    return prerequisites(call.ports, call.agent, body)


def post_admission(call: Call, body: RedeemRequest) -> Admission:
    """Redeem a ticket for an admission, once."""
    return redeem(call.ports, call.agent, body)


def post_recheck(call: Call, body: RecheckRequest) -> RecheckResponse:
    """Tell which admissions hold no longer."""
    return recheck(call.ports, call.agent, body)
