"""Pages and redirects of a browser: start page, sign-in, sign-out, and the way into a workspace."""

import re
from typing import Annotated

from chalice.app import Response
from pydantic import AliasChoices, ConfigDict, Field, StringConstraints

from chalicelib.api import pages
from chalicelib.api.auth import SESSION_COOKIE, refuse_other_sites
from chalicelib.api.call import Call
from chalicelib.api.responses import empty_answer, forget_cookie, redirect, set_cookie
from chalicelib.api.values import Closed
from chalicelib.ports.metrics import SIGN_INS_REFUSED
from chalicelib.usecases.access.authenticate import SESSION_LONGEST_SECONDS
from chalicelib.usecases.access.enter import Wish, enter
from chalicelib.usecases.access.join import Offer, offered
from chalicelib.usecases.access.sessions import end_session
from chalicelib.usecases.access.sign_in import (
    Callback,
    finish_sign_in,
    start_sign_in,
)

BROWSER_COOKIE = "__Host-berth-signin"
JOIN_COOKIE = "__Host-berth-join"
_SIGN_IN_SECONDS = 600
_SECRET = re.compile(r"[-_.A-Za-z0-9]{16,256}")

Secret = Annotated[str, StringConstraints(pattern=rf"^{_SECRET.pattern}\z")]


class SignInQuery(Closed):
    """Where to go afterwards, and the bootstrap code or invitation."""

    return_path: str = Field(default="/", validation_alias=AliasChoices("return"), max_length=2048)
    code: Secret | None = None


class Joining(Closed):
    """The bootstrap code or invitation that the person accepts."""

    code: Secret


class CallbackQuery(Closed):
    """What the issuer sends back (RFC 6749 4.1.2, RFC 9207)."""

    model_config = ConfigDict(extra="ignore")

    state: str = Field(default="", max_length=4096)
    code: str = Field(default="", max_length=4096)
    iss: str | None = Field(default=None, max_length=2048)
    error: str = Field(default="", max_length=200)


class EnterQuery(Closed):
    """What the proxy sends a browser with: the endpoint, a path there, the hash of its secret."""

    host: str = Field(max_length=255)
    path: str = Field(default="/", max_length=2048)
    challenge: str = Field(max_length=128)


def show_start(call: Call) -> Response:
    """Show the start page."""
    del call
    return pages.page("start.html")


def get_sign_in(call: Call, query: SignInQuery) -> Response:
    """Send the browser to the issuer; with ``code``, ask first whether to join what it leads to."""
    if query.code is not None:
        return _ask(offered(call.ports, query.code))
    known = call.incoming.cookie(BROWSER_COOKIE)
    browser = known if _SECRET.fullmatch(known) else ""
    started = start_sign_in(call.ports, return_path=query.return_path, browser=browser)
    cookies = [set_cookie(BROWSER_COOKIE, started.browser, seconds=_SIGN_IN_SECONDS)]
    return redirect(started.location, cookies=cookies)


def post_sign_in(call: Call, body: Joining) -> Response:
    """Accept a bootstrap code or an invitation, from the page that asks; the next sign-in joins by it."""
    refuse_other_sites(call.incoming, call.ports)
    offered(call.ports, body.code)
    cookie = set_cookie(JOIN_COOKIE, body.code, seconds=_SIGN_IN_SECONDS)
    return empty_answer({"Set-Cookie": cookie})


def get_callback(call: Call, query: CallbackQuery) -> Response:
    """Take the issuer's answer and open a session."""
    call.figures[SIGN_INS_REFUSED] = 1
    finished = finish_sign_in(
        call.ports,
        Callback(
            state=query.state,
            code=query.code,
            issuer=query.iss,
            error=query.error,
            browser=call.incoming.cookie(BROWSER_COOKIE),
            code_of_membership=call.incoming.cookie(JOIN_COOKIE),
        ),
    )
    call.figures[SIGN_INS_REFUSED] = 0
    cookies = [
        set_cookie(SESSION_COOKIE, finished.opened.cookie, seconds=SESSION_LONGEST_SECONDS),
        forget_cookie(JOIN_COOKIE),
    ]
    return redirect(call.ports.site.public_url + finished.return_path, status=303, cookies=cookies)


def post_sign_out(call: Call) -> Response:
    """End the browser's session, and with it every way into workspaces that it opened."""
    end_session(call.ports, call.person)
    return empty_answer({"Set-Cookie": forget_cookie(SESSION_COOKIE)})


def get_enter(call: Call, query: EnterQuery) -> Response:
    """Send a signed-in browser to an endpoint of a workspace with a one-time ticket."""
    wish = Wish(host=query.host, path=query.path, challenge=query.challenge)
    return call.with_session(lambda person: redirect(enter(call.ports, person, wish), status=303))


def _ask(offer: Offer) -> Response:
    """Return the page that says what an offer is, with the button that accepts it."""
    if not offer.organisation:
        return pages.page(
            "join.html",
            title="Own this installation?",
            offer="This link makes you the owner of this installation of Berth, which has none yet.",
            caution="Go on only if you are setting it up: the link works once.",
            button="Become the owner",
        )
    name = f"\N{LEFT DOUBLE QUOTATION MARK}{offer.organisation}\N{RIGHT DOUBLE QUOTATION MARK}"
    return pages.page(
        "join.html",
        title=f"Join {name}?",
        offer=f"This link makes you a member of the organisation {name}, with the role {offer.role}. "
        "Who is a member of another one here stays there.",
        caution="Go on only if you expected it: the workspaces that you make there are the "
        "organisation's, and its owners can stop and end them.",
        button=f"Join {name}",
    )
