"""The few pages there are: one head, and a static file each; script and style are allowed by their
hash alone."""

import hashlib
import re
from base64 import b64encode
from functools import cache
from html import escape
from importlib.resources import files
from string import Template

from chalice.app import Response

from chalicelib.api.responses import HTML, answer, status_of
from chalicelib.domain.errors import Refused
from chalicelib.log import request_id

_INLINE = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


def page(name: str, *, status: int = 200, **words: str) -> Response:
    """Return the page with the words in their places, escaped. Scripts and styles take no words."""
    text, policy = _read(name)
    body = Template(text).substitute({key: escape(word) for key, word in words.items()})
    return answer(status, body, HTML, {"Content-Security-Policy": policy})


def refusal(refused: Refused) -> Response:
    """Return a page that says what was refused and what to do."""
    asked = request_id()
    found = f"Request {asked}" if asked else ""
    return page("refusal.html", status=status_of(refused), message=refused.message, found=found)


@cache
def _read(name: str) -> tuple[str, str]:
    text = "".join(
        files(__package__).joinpath(part).read_text(encoding="utf-8")
        for part in ("head.html", name)
    )
    sources = {"script": "'none'", "style": "'none'"}
    for kind, content in _INLINE.findall(text):
        digest = b64encode(hashlib.sha256(content.replace("$$", "$").encode()).digest()).decode()
        sources[kind] = f"'sha256-{digest}'"
    policy = (
        f"default-src 'none'; script-src {sources['script']}; style-src {sources['style']}; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
    )
    return text, policy
