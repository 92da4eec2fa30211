"""Quotas: what is used of them, and counting anew."""

from chalicelib.api.call import Call
from chalicelib.api.values import Listing, Shown
from chalicelib.domain.organisations.quotas import Scope
from chalicelib.usecases.organisations.quotas import read_quotas, recount_quotas


class ShownQuota(Shown):
    """How many workspaces that are not terminated the organisation, you or an agent has, and may."""

    scope: Scope
    id: str
    name: str
    workspaces: int
    limit: int


class ShownCorrection(Shown):
    """A counter that was wrong."""

    scope: Scope
    id: str
    stored: int
    counted: int


class ShownHolder(Shown):
    """Whose workspaces a quota counts."""

    scope: Scope
    id: str


class ShownRecount(Shown):
    """What a recount did; what changed all the while was left as it is (``unsettled``)."""

    corrections: tuple[ShownCorrection, ...]
    unsettled: tuple[ShownHolder, ...]


def get_quotas(call: Call) -> Listing[ShownQuota]:
    """List what is used of your quota, your organisation's and its agents'."""
    shown = [
        ShownQuota(
            scope=usage.holder.scope,
            id=usage.holder.id,
            name=usage.name,
            workspaces=usage.workspaces,
            limit=usage.limit,
        )
        for usage in read_quotas(call.ports, call.person)
    ]
    return Listing[ShownQuota](items=tuple(shown), next=None)


def post_recount(call: Call) -> ShownRecount:
    """Count all workspaces anew and correct the quotas' counters. For owners."""
    done = recount_quotas(call.ports, call.person, remaining=call.remaining)
    return ShownRecount(
        corrections=tuple(
            ShownCorrection(
                scope=each.holder.scope,
                id=each.holder.id,
                stored=each.stored,
                counted=each.counted,
            )
            for each in done.corrections
        ),
        unsettled=tuple(ShownHolder(scope=each.scope, id=each.id) for each in done.unsettled),
    )
