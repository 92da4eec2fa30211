"""Endpoints of containers: names, ports, paths."""

from chalicelib.devfile.document import View
from chalicelib.devfile.quoting import quoted
from chalicelib.devfile.review import Review
from chalicelib.devfile.rules.names import check_reserved

_LAST_PORT = 65535


def check(root: View, review: Review) -> None:
    """Report what is wrong with an endpoint, alone or beside the others."""
    names: set[str] = set()
    owners: dict[int, int] = {}
    for number, component in enumerate(root.items("components")):
        container = component.member("container")
        for endpoint in container.items("endpoints"):
            check_reserved(endpoint, review)
            _check_name(endpoint, names, review)
            _check_path(endpoint, review)
            port = _checked_port(endpoint, review)
            if port is None or container.flag("dedicatedPod"):
                continue
            if owners.setdefault(port, number) != number:
                message = f"Port {port} is taken by another container; they share one network, so change one."
                review.problem(
                    "duplicate-endpoint-port", endpoint.member("targetPort").path, message
                )
        for kind in ("kubernetes", "openshift"):
            for endpoint in component.member(kind).items("endpoints"):
                _check_name(endpoint, names, review)


def _check_name(endpoint: View, seen: set[str], review: Review) -> None:
    name = endpoint.text("name")
    if name and name in seen:
        message = f"The endpoint {quoted(name)} is there twice; names of endpoints are unique in a devfile."
        review.problem("duplicate-endpoint-name", endpoint.member("name").path, message)
    seen.add(name)


def _checked_port(endpoint: View, review: Review) -> int | None:
    port = endpoint.member("targetPort")
    if isinstance(port.value, bool) or not isinstance(port.value, int | float):
        return None
    if isinstance(port.value, int) and 1 <= port.value <= _LAST_PORT:
        return port.value
    message = f"A port is a whole number from 1 to {_LAST_PORT}, not {quoted(port.value)}."
    review.problem("port", port.path, message)
    return None


def _check_path(endpoint: View, review: Review) -> None:
    path = endpoint.text("path")
    if not path.isprintable() or " " in path or "\\" in path or "//" in path[:3]:
        message = f"The path {quoted(path)} is no path of an address, such as `/api?x=1`."
        review.problem("endpoint-path", endpoint.member("path").path, message)
