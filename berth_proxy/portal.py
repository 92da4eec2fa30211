"""What browsers see that HAProxy does not let through: the way to sign in, and the way back.

HAProxy says in ``X-Berth-State`` why a request came here: ``signin`` (no good session), ``cold``
(a session, but nothing to route to) or ``own`` (a path that belongs to the proxy).
"""

import base64
import hashlib
import logging
import secrets
from collections.abc import Callable
from importlib.resources import files
from string import Template
from urllib.parse import urlencode

from aiohttp import web

from berth_proxy.admissions import Admissions
from berth_proxy.control_plane import ControlPlane, Refused, Unreachable
from berth_proxy.hosts import parse_host, without_port
from berth_proxy.sessions import LIFETIME_SECONDS, Session, mint, read
from chalicelib.wire.admission import ENTER_PATH, PRESESSION_COOKIE, SESSION_COOKIE, RedeemRequest

_LOG = logging.getLogger(__name__)
_PRESESSION_SECONDS = 600
_VERIFIER_LENGTH = 43
_MAX_PATH = 2048
_STARTING = "The workspace is not running, or is just starting. This page tries again by itself."
_NOT_LET_IN = "The way in was used already, took too long, or was begun in another browser."
_AWAY = "Berth's control plane does not answer at the moment, so nobody can be let in."
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}


class Portal:
    """The handlers, and what they need."""

    def __init__(
        self,
        zone: str,
        keys: tuple[str, str],
        admissions: Admissions,
        control_plane: ControlPlane,
        now: Callable[[], float],
    ) -> None:
        self._zone = zone
        self._keys = keys
        self._admissions = admissions
        self._control_plane = control_plane
        self._now = now

    def application(self) -> web.Application:
        """Return the application; it must listen on the pod's loopback only, for HAProxy."""
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        return application

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if parse_host(request.host, self._zone) is None:
            return _page(404, "refused", "There is no such endpoint.")
        match request.headers.get("X-Berth-State"):
            case "own":
                return await self._own(request)
            case "cold":
                return _waiting()
            case "signin":
                return self._renew(request) or self._to_sign_in(request)
            case _:
                return _page(404, "refused", "There is nothing here.")

    def _renew(self, request: web.Request) -> web.Response | None:
        """Return a fresh session and the same request again, while its admission holds."""
        token, now = request.cookies.get(SESSION_COOKIE), self._now()
        session = read(token, without_port(request.host), self._keys, now) if token else None
        if session is None or not self._admissions.holds(session.admission_id, now):
            return None
        address = f"https://{request.host}{_raw_path(request)}"
        answer = web.Response(status=307, headers={**_HEADERS, "Location": address})
        self._set_session(answer, session)
        return answer

    def _to_sign_in(self, request: web.Request) -> web.Response:
        if (
            request.method not in {"GET", "HEAD"}
            or request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate"
        ):
            return web.Response(
                status=401, headers=_HEADERS, text="Sign in by opening this address in a browser.\n"
            )
        known = request.cookies.get(PRESESSION_COOKIE, "")
        # One secret for all tabs of the browser: signing in twice at once must not undo itself.
        verifier = (
            known
            if len(known) == _VERIFIER_LENGTH and known.isascii()
            else secrets.token_urlsafe(32)
        )
        query = urlencode(
            {
                "host": request.host.lower(),
                "path": _path(request),
                "challenge": _challenge(verifier),
            }
        )
        answer = web.Response(
            status=303, headers={**_HEADERS, "Location": f"{self._control_plane.url}/enter?{query}"}
        )
        _set(answer, PRESESSION_COOKIE, verifier, _PRESESSION_SECONDS)
        return answer

    async def _own(self, request: web.Request) -> web.Response:
        """Take a ticket that the control plane gave to this browser."""
        is_script = request.headers.get("Service-Worker") == "script"
        if request.path != ENTER_PATH or request.method != "GET" or is_script:
            return _page(404, "refused", "There is nothing here.")
        ticket, verifier = (
            request.query.get("ticket", ""),
            request.cookies.get(PRESESSION_COOKIE, ""),
        )
        if not ticket or len(verifier) != _VERIFIER_LENGTH:
            return _page(403, "refused", _NOT_LET_IN)
        return await self._redeem(
            RedeemRequest(ticket=ticket, host=request.host.lower(), verifier=verifier)
        )

    async def _redeem(self, asked: RedeemRequest) -> web.Response:
        host = without_port(asked.host)
        try:
            admission = await self._control_plane.redeem(asked)
        except (Refused, ValueError):
            return _page(403, "refused", _NOT_LET_IN)
        except Unreachable as error:
            _LOG.warning("redeem failed", extra={"error": str(error)})
            return _page(503, "refused", _AWAY)
        endpoint = parse_host(host, self._zone)
        is_same = endpoint is not None and (endpoint.workspace_id, endpoint.port) == (
            admission.workspace_id,
            admission.port,
        )
        if not is_same or not _is_local_path(admission.path):
            return _page(403, "refused", _NOT_LET_IN)
        self._admissions.add(admission.admission_id, admission.workspace_id, admission.expires)
        answer = web.Response(status=303, headers={**_HEADERS, "Location": admission.path})
        self._set_session(
            answer, Session(host, admission.workspace_id, admission.admission_id, admission.expires)
        )
        return answer

    def _set_session(self, answer: web.Response, session: Session) -> None:
        # The cookie outlives its token: an old token is what a fresh one is given for.
        lifetime = max(int(session.until - self._now()), LIFETIME_SECONDS)
        _set(answer, SESSION_COOKIE, mint(session, self._keys[0], self._now()), lifetime)


def _set(answer: web.Response, name: str, value: str, lifetime: int) -> None:
    answer.set_cookie(
        name, value, max_age=lifetime, path="/", secure=True, httponly=True, samesite="Lax"
    )


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _path(request: web.Request) -> str:
    """Return where the browser wanted to go, or the root where that cannot be carried along."""
    path = _raw_path(request)
    return path if _is_local_path(path) else "/"


def _raw_path(request: web.Request) -> str:
    """Return path and query as they came, or the root where the target is no path (RFC 9112, 3.2).

    Alone it is no address to send a browser to: ``//other.example`` is a path, too.
    """
    return request.raw_path if request.raw_path.startswith("/") else "/"


def _is_local_path(path: str) -> bool:
    is_absolute = path.startswith("/") and not path.startswith(("//", "/\\"))
    return (
        is_absolute
        and len(path) <= _MAX_PATH
        and path.isascii()
        and path.isprintable()
        and "\\" not in path
    )


def _waiting() -> web.Response:
    answer = _page(503, "waiting", _STARTING)
    answer.headers["Retry-After"] = "2"
    return answer


def _page(status: int, name: str, message: str) -> web.Response:
    frame = Template(files("berth_proxy.pages").joinpath(f"{name}.html").read_text())
    text = frame.substitute(message=message)
    return web.Response(status=status, text=text, content_type="text/html", headers=_HEADERS)
