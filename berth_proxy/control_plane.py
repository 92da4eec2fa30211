"""What the proxy asks the control plane: may this browser in, and do those who are in still belong."""

import asyncio
import ssl
from collections.abc import Sequence
from pathlib import Path

import aiohttp
from pydantic import ValidationError

from chalicelib.wire.admission import Admission, RecheckRequest, RecheckResponse, RedeemRequest

_TIMEOUT = aiohttp.ClientTimeout(total=10, connect=3)
_MAX_ANSWER_BYTES = 256 * 1024
_PROBLEM = "application/problem+json"
"""RFC 9457: what the control plane refuses in. A gateway on the way speaks otherwise."""


class Refused(Exception):
    """The control plane does not let this browser in."""


class Dismissed(Refused):
    """The control plane takes this proxy's credential no longer: its agent is retired."""


class Unreachable(Exception):
    """The control plane does not answer as it should."""


class ControlPlane:
    """One connection pool; the credential is read anew each time, so that it can be replaced."""

    def __init__(self, url: str, token_file: Path, ca_file: str = "") -> None:
        self._url = url.rstrip("/")
        self._token_file = token_file
        trust = ssl.create_default_context()
        if ca_file:
            trust.load_verify_locations(cafile=ca_file)
        self._connector = aiohttp.TCPConnector(ssl=trust)
        self._http = aiohttp.ClientSession(
            connector=self._connector, timeout=_TIMEOUT, trust_env=True
        )

    @property
    def url(self) -> str:
        """Its address."""
        return self._url

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()

    async def redeem(self, request: RedeemRequest) -> Admission:
        """Trade a one-time ticket for an admission. Raises Refused or Unreachable."""
        return Admission.model_validate_json(
            await self._post("/agent/v1/admissions", request.model_dump_json())
        )

    async def recheck(self, admission_ids: Sequence[str]) -> RecheckResponse:
        """Ask which admissions hold no longer. Raises Dismissed, Refused or Unreachable."""
        body = RecheckRequest(admission_ids=tuple(admission_ids)).model_dump_json()
        try:
            return RecheckResponse.model_validate_json(
                await self._post("/agent/v1/admissions/recheck", body)
            )
        except ValidationError as error:
            raise Unreachable("the control plane's answer is not understood") from error

    async def _post(self, path: str, body: str) -> bytes:
        try:
            headers = {
                "Authorization": f"Bearer {self._token_file.read_text().strip()}",
                "Content-Type": "application/json",
            }
            async with self._http.post(
                self._url + path, data=body, headers=headers, allow_redirects=False
            ) as answer:
                content = await _whole(answer)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(f"{self._url} does not answer: {error}") from error
        if answer.status >= 500 or answer.status == 429:
            raise Unreachable(f"{self._url}{path} answered {answer.status}")
        if answer.status in {401, 403} and answer.content_type == _PROBLEM:
            raise Dismissed(f"{path} answered {answer.status}")
        if answer.status != 200:
            raise Refused(f"{path} answered {answer.status}")
        return content


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    """Return the body, however it comes in pieces. Raises Unreachable where it does not end."""
    try:
        await answer.content.readexactly(_MAX_ANSWER_BYTES)
    except asyncio.IncompleteReadError as body:
        return body.partial
    raise Unreachable(f"an answer of more than {_MAX_ANSWER_BYTES} bytes")
