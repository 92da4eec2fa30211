"""Serving a route: let in, read, call the handler, answer; and every refusal in one form."""

from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib import import_module
from typing import Any, TypeAlias

from chalice.app import Request, Response
from pydantic import BaseModel

from chalicelib import bootstrap
from chalicelib.api import pages
from chalicelib.api.access_log import Access, named, origin_of
from chalicelib.api.auth import agent_of, person_of
from chalicelib.api.call import BUDGET_SECONDS, Call
from chalicelib.api.requests import Incoming
from chalicelib.api.responses import empty_answer, fault, json_answer, problem, refusal
from chalicelib.api.routes import Credential, Route
from chalicelib.domain.errors import Clash, Invalid, Missing, Refused, Unavailable
from chalicelib.domain.naming import is_id
from chalicelib.log import context, log, note
from chalicelib.ports.bundle import Ports
from chalicelib.ports.keys import KeyServiceBusy
from chalicelib.ports.store import ConditionFailed, ItemTooLarge, StoreBusy

Handler: TypeAlias = Callable[..., BaseModel | Response | None]

_IDS = {
    "agent_id": ("ag", "agent"),
    "token_id": ("tok", "token"),
    "user_id": ("usr", "member"),
    "workspace_id": ("ws", "workspace"),
}
"""What ids of the path look like, and what they are of."""

_REWORDED = {
    405: ("method-not-allowed", "This address does not take this method."),
    415: ("media-type", "Send the header Content-Type: application/json."),
}


def serve(route: Route, request: Request, ids: Mapping[str, str]) -> Response:
    """Answer the request, whatever happens, and leave a line in the log."""
    with context(**origin_of(request)):
        access = Access(route)
        try:
            answered = _answer(access, request, ids)
        except Exception as error:  # noqa: BLE001 - the last one to see it
            refused = _as_refused(error, route)
            access.refuse(error, refused.code)
            answered = pages.refusal(refused) if route.page else refusal(refused)
        return access.end(answered)


@cache
def handler_of(route: Route) -> Handler:
    """Return the route's handler, loading its room."""
    module, _, function = route.handler.partition(":")
    handler: Handler = getattr(import_module(f"chalicelib.api.{module}"), function)
    return handler


def reworded(request: Request, response: Response) -> Response:
    """Return what Chalice refused by itself as a problem, with its line in the log."""
    status = response.status_code
    code, detail = _REWORDED.get(status, ("internal", "Something is wrong in Berth."))
    with context(**origin_of(request)):
        ours = named(problem(status, code, detail))
        route = str(request.context.get("resourcePath", ""))
        log("request", method=request.method, route=route, status=status, code=code)
    if "Allow" in response.headers:
        ours.headers["Allow"] = response.headers["Allow"]
    return ours


def _answer(access: Access, request: Request, ids: Mapping[str, str]) -> Response:
    chosen, route = bootstrap.ports(), access.route
    until = access.begin(chosen) + BUDGET_SECONDS
    if route.surface != "all" and chosen.site.surface not in ("all", route.surface):
        raise Missing("no-such-route", "There is nothing at this address.")
    with bootstrap.call(chosen, until) as ports:
        made = partial(Call, limit=route.limit, until=until, figures=access.figures)
        return _handled(route, _let_in(route, Incoming.of(request), ports, made), ids)


def _handled(route: Route, call: Call, ids: Mapping[str, str]) -> Response:
    _check_ids(ids)
    if ids:
        note(agent_id=ids.get("agent_id"), workspace_id=ids.get("workspace_id"))
    handler = handler_of(route)
    arguments: dict[str, Any] = dict(ids)
    if (model := handler.__annotations__.get("query")) is not None:
        arguments["query"] = call.incoming.query(model)
    if (model := handler.__annotations__.get("body")) is not None:
        codings = ("gzip",) if route.surface == "agents" else ()
        arguments["body"] = call.incoming.body(model, route.limit, codings=codings)
    answered = handler(call, **arguments)
    if isinstance(answered, Response):
        return answered
    if answered is None:
        return empty_answer()
    return json_answer(route.status, answered.model_dump_json())


def _let_in(route: Route, incoming: Incoming, ports: Ports, made: Callable[..., Call]) -> Call:
    match route.credential:
        case Credential.NONE:
            return made(incoming, ports)
        case Credential.PERSON | Credential.SESSION:
            only = route.credential is Credential.SESSION
            return made(incoming, ports, _person=person_of(incoming, ports, session_only=only))
        case Credential.AGENT | Credential.PROXY:
            proxy = route.credential is Credential.PROXY
            return made(incoming, ports, _agent=agent_of(incoming, ports, proxy=proxy))


def _check_ids(ids: Mapping[str, str]) -> None:
    """Treat what cannot be an id (paths arrive decoded) as the id of an absent thing."""
    for name, value in ids.items():
        prefix, kind = _IDS[name]
        if not is_id(prefix, value):
            raise Missing(f"no-such-{kind}", f"There is no such {kind}.")


def _as_refused(error: Exception, route: Route) -> Refused:
    match error:
        case Refused():
            return error
        case ConditionFailed():
            return Clash(
                "changed-meanwhile", "It changed at the same moment. Read it and try again."
            )
        case StoreBusy() | KeyServiceBusy():
            return Unavailable("busy", "Berth is busy. Try again.")
        case ItemTooLarge():
            return Invalid("too-large", "It is too large to be stored.")
        case _:
            return fault(error, f"{route.method} {route.path}")
