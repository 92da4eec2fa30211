"""The routes as Chalice's blueprints; nothing of a room is loaded before its first request."""

from collections.abc import Callable, Iterator
from contextvars import ContextVar

from chalice.app import Blueprint, Request, Response

from chalicelib.api.routes import ROUTES, Route

_request: ContextVar[Request] = ContextVar("request")
"""Chalice keeps the current request on the app, which threads of the one-process mode share."""


def blueprints() -> Iterator[Blueprint]:
    """Yield a blueprint for each surface."""
    for surface in ("all", "people", "agents"):
        blueprint = Blueprint(f"{__name__}.{surface}")
        for route in ROUTES:
            if route.surface == surface:
                name = route.handler.replace(":", "_")
                blueprint.route(route.path, methods=[route.method], name=name)(_view(route))
        yield blueprint


def keep_request(request: Request, proceed: Callable[[Request], Response]) -> Response:
    """Keep the request for the handler; say what Chalice refuses by itself as every other refusal."""
    token = _request.set(request)
    try:
        response = proceed(request)
    finally:
        _request.reset(token)
    if "Cache-Control" in response.headers:
        return response
    from chalicelib.api.serving import reworded  # noqa: PLC0415 - rare, and loads much

    return reworded(request, response)


def _view(route: Route) -> Callable[..., Response]:
    def view(**ids: str) -> Response:
        from chalicelib.api.serving import serve  # noqa: PLC0415 - at the first request, not before

        return serve(route, _request.get(), ids)

    return view
