"""Lists and watches, as a request asks for them and the server's faults allow."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from berth_kube import kinds
from berth_kube.kinds import Kind
from berth_kube.transport import Request, Response
from simulation.cluster import listing, statuses
from simulation.cluster.addresses import Address
from simulation.cluster.faults import Faults
from simulation.cluster.listing import Wanted
from simulation.cluster.selectors import Predicate, fields_in, selecting
from simulation.cluster.statuses import Refusal
from simulation.cluster.store import Store
from simulation.cluster.watching import Asked, Watch

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "Event": ("type", "reason"),
    "Pod": ("spec.nodeName", "status.phase"),
    "Namespace": ("status.phase",),
    "Secret": ("type",),
}
"""Fields by which a kind is selected, beside its name and namespace."""
DEFAULT_SECONDS = 1800.0
"""Of a watch that names none."""


def page(store: Store, faults: Faults, request: Request, address: Address) -> Response:
    """Return a page of a list. Raises ``Refusal``."""
    query, shelf = request.query, store.shelf(address.kind)
    wanted = Wanted(
        address.namespace or None,
        _selected(address.kind, query),
        min(int(query.get("limit") or 0), faults.list_page),
        request.headers.get("Accept", ""),
    )
    if text := query.get("continue", ""):
        token = listing.token_of(text, store.compacted)
        return listing.page_of(shelf, token.version, wanted, token.after)
    match = query.get("resourceVersionMatch", "")
    asked = query.get("resourceVersion", "")
    version = listing.check_version(asked, store.version, store.compacted, match)
    if match != "Exact" and listing.METADATA not in wanted.accept:
        version = _aged(store, faults)
    return listing.page_of(shelf, version, wanted, None)


def watch(
    store: Store, faults: Faults, now: Callable[[], float], request: Request, address: Address
) -> Watch:
    """Open a watch. Raises ``Refusal``."""
    query, version = request.query, request.query.get("resourceVersion", "")
    shelf = store.shelf(address.kind)
    asked = Asked(
        address.namespace or None,
        _selected(address.kind, query),
        query.get("allowWatchBookmarks") == "true",
        float(query.get("timeoutSeconds") or DEFAULT_SECONDS),
    )
    initial = query.get("sendInitialEvents") == "true"
    _check_initial(query, offered=not faults.no_streaming_lists)
    from_now = initial or version in ("", "0")
    since = _aged(store, faults) if from_now else int(version)
    opened = Watch(store, shelf, asked, now, since)
    opened.lag = faults.lag
    if from_now:
        wanted = Wanted(asked.namespace, asked.selected, 0, "")
        items = [stored for _, stored in listing.pick(shelf, since, wanted)]
        opened.begin(items, marked=initial and asked.bookmarks)
    elif since < store.compacted:
        told = statuses.expired(f"too old resource version: {since} ({store.compacted})")
        if faults.gone_as_status:
            raise Refusal(told)
        opened.fail(told)
    return opened


def refused(store: Store, now: Callable[[], float], answer: Response) -> Watch:
    """Return a watch that was refused with an answer."""
    nothing = Asked(None, None, bookmarks=False, seconds=0.0)
    watch = Watch(store, store.shelf(kinds.POD), nothing, now, 0)
    watch.refusal = answer
    watch.end()
    return watch


def _aged(store: Store, faults: Faults) -> int:
    return max(store.compacted, store.version - faults.staleness)


def _selected(kind: Kind, query: Mapping[str, str]) -> Predicate | None:
    labels, fields = query.get("labelSelector", ""), query.get("fieldSelector", "")
    known = _FIELDS.get(kind.name, ())
    for name in fields_in(fields):
        if not name.startswith(("metadata.name", "involvedObject.")) and name not in known:
            raise statuses.bad_request(f'"{name}" is not a known field selector')
    try:
        return selecting(labels, fields)
    except ValueError as error:
        raise statuses.bad_request(str(error)) from error


def _check_initial(query: Mapping[str, str], *, offered: bool) -> None:
    if "sendInitialEvents" not in query:
        return
    if not offered:
        gate = (
            "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled"
        )
        raise statuses.invalid_option("sendInitialEvents", gate)
    if query.get("resourceVersionMatch") != "NotOlderThan":
        match = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        raise statuses.invalid_option("resourceVersionMatch", match)
