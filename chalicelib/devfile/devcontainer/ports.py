"""Ports of a devcontainer.json, as endpoints of a devfile."""

from collections.abc import Iterator
from typing import Any

from chalicelib.devfile.document import View
from chalicelib.devfile.quoting import quoted
from chalicelib.devfile.review import Review

_OWN = ("localhost", "127.0.0.1", "")
_PROTOCOLS = ("http", "https")


def endpoints_of(root: View, review: Review) -> Iterator[tuple[View, dict[str, Any]]]:
    """Yield an endpoint for each port, with where it was written; each port once."""
    met: set[int] = set()
    for view in _stated(root):
        port = _port(view, review)
        if port is not None and port not in met:
            met.add(port)
            yield view, _endpoint(port, root.member("portsAttributes").member(str(port)), review)


def _stated(root: View) -> Iterator[View]:
    yield from root.items("forwardPorts")
    app = root.member("appPort")
    if isinstance(app.value, list):
        yield from root.items("appPort")
    elif isinstance(app.value, int | str):
        yield app


def _port(view: View, review: Review) -> int | None:
    """Return the port, None once it is told why there is none. `appPort` is `machine:container`."""
    value = view.value
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    host, _, number = value.rpartition(":") if isinstance(value, str) else ("", "", "")
    if not number.isascii() or not number.isdigit() or len(number) > 5:
        message = f"{quoted(value)} is no port; write a number from 1 to 65535."
        review.problem("port", view.path, message)
        return None
    if view.path[0] == "forwardPorts" and host not in _OWN:
        message = f"{quoted(value)} is a port of another container, and there is none."
        review.problem("port", view.path, message)
        return None
    return int(number)


def _endpoint(port: int, attributes: View, review: Review) -> dict[str, Any]:
    endpoint: dict[str, Any] = {"name": f"port-{port}", "targetPort": port}
    if attributes.text("onAutoForward") == "ignore":
        endpoint["exposure"] = "none"
    if protocol := attributes.text("protocol"):
        if protocol in _PROTOCOLS:
            endpoint["protocol"] = protocol
        else:
            message = f"{quoted(protocol)} is no protocol of a port; there are `http` and `https`."
            review.problem("not-one-of", attributes.member("protocol").path, message)
    return endpoint
