"""Sessions of browsers on one endpoint: tokens that HAProxy checks on every request.

HS256, bound to the endpoint's name, five minutes at most; renewed silently while the admission
holds. The keys never leave the proxy's pod.
"""

from dataclasses import dataclass
from typing import Any

import jwt
from jwt.types import Options

LIFETIME_SECONDS = 300
TYPE = "berth-session+jwt"
_ALGORITHM = "HS256"
_CLAIMS = ["aud", "exp", "iat", "sid", "sub", "until"]
_MAX_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Session:
    """A browser's session on ``host`` (without port), which hangs on an admission until ``until``."""

    host: str
    workspace_id: str
    admission_id: str
    until: int


def mint(session: Session, key: str, now: float) -> str:
    """Return the cookie's value. ``key`` is used as the text that HAProxy holds too."""
    claims = {
        "aud": session.host,
        "sub": session.workspace_id,
        "sid": session.admission_id,
        "until": session.until,
        "iat": int(now),
        "exp": min(int(now) + LIFETIME_SECONDS, session.until),
    }
    return jwt.encode(claims, key, algorithm=_ALGORITHM, headers={"typ": TYPE})


def read(token: str, host: str, keys: tuple[str, ...], now: float) -> Session | None:
    """Return the session of a cookie that we signed for this host, though its five minutes may be over.

    None when it is not ours, not for this host, or past what its admission allows.
    """
    claims = next(
        (found for key in keys if (found := _verified(token, host, key)) is not None), None
    )
    if claims is None or int(claims["until"]) <= now:
        return None
    return Session(host, str(claims["sub"]), str(claims["sid"]), int(claims["until"]))


def _verified(token: str, host: str, key: str) -> dict[str, Any] | None:
    if len(token) > _MAX_BYTES:
        return None
    options: Options = {"require": _CLAIMS, "verify_exp": False, "strict_aud": True}
    try:
        if jwt.get_unverified_header(token).get("typ") != TYPE:
            return None
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=[_ALGORITHM], audience=host, options=options
        )
    except jwt.InvalidTokenError:
        return None
    return claims
