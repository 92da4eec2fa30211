"""HTTPS exchanges with one allowed host: one resolution, a checked address, one deadline, bounded bytes.

No redirects, no proxies of the environment, no credentials, no cookies. The certificate is checked
against the host's name, however the address was found.
"""

import io
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any, cast

from chalicelib.adapters.repositories.addresses import is_permitted
from chalicelib.domain.organisations.settings import GitHost
from chalicelib.ports.repositories import RepositoryRefused, RepositoryUnavailable

CONNECT_SECONDS = 3.0
TOTAL_SECONDS = 5.0

_CHUNK = 64 * 1024
_AGENT = "git/2.0 (Berth)"

Resolver = Callable[[str, int], Sequence[str]]
"""Name and port to addresses; raises OSError."""


def resolved(host: str, port: int) -> Sequence[str]:
    """The addresses that the system's resolver gives for ``host``."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(answer[4][0]) for answer in answers]


class Exchange:
    """A conversation with ``host`` that has ``seconds`` from the name to the last byte.

    The name itself is resolved at the pace of the system's resolver, which cannot be interrupted.
    """

    def __init__(
        self, host: GitHost, context: ssl.SSLContext, resolver: Resolver, seconds: float
    ) -> None:
        self._host = host
        self._deadline = time.monotonic() + seconds
        self._connection = _PinnedConnection(
            host, _checked(host, resolver), context, self._deadline
        )

    def get(self, target: str, headers: dict[str, str], most: int) -> bytes:
        """The body for ``target``; see ``_request``."""
        return self._request("GET", target, headers, None, most)

    def post(self, target: str, headers: dict[str, str], body: bytes, most: int) -> bytes:
        """The body of the answer to ``body``; see ``_request``."""
        return self._request("POST", target, headers, body, most)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _request(
        self, method: str, target: str, headers: dict[str, str], body: bytes | None, most: int
    ) -> bytes:
        """The body of a 200 answer with at most ``most`` bytes; raises RepositoryRefused or RepositoryUnavailable."""
        try:
            self._connection.request(method, target, body, {"User-Agent": _AGENT, **headers})
            with self._connection.getresponse() as response:
                self._check_status(response)
                return self._body(response, most)
        except (OSError, HTTPException) as fault:
            raise RepositoryUnavailable(
                f"{self._host.host} did not answer as it should: {_told(fault)}."
            ) from fault

    def _check_status(self, response: HTTPResponse) -> None:
        status, host = response.status, self._host.host
        if status == 200:
            return
        if 300 <= status < 400:
            raise RepositoryRefused(
                f"{host} answers that the repository is at another address, which is not followed; give the address "
                "that it shows for cloning over HTTPS, often with .git at its end."
            )
        if status in (401, 403, 404, 410):
            raise RepositoryRefused(f"{host} has no public repository at this address.")
        raise RepositoryUnavailable(f"{host} answered with status {status}.")

    def _body(self, response: HTTPResponse, most: int) -> bytes:
        body = bytearray()
        while chunk := response.read1(_CHUNK):
            body += chunk
            if len(body) > most:
                raise RepositoryRefused(
                    f"{self._host.host} sent more than {most // 1024} KiB: the repository is too large to be read "
                    "from here. Give the devfile as text."
                )
        return bytes(body)


def _checked(host: GitHost, resolver: Resolver) -> Sequence[str]:
    """The addresses to dial, in order. One that is not allowed among the answers refuses them all."""
    try:
        answers = resolver(host.host, host.port)
    except (OSError, UnicodeError) as fault:
        raise RepositoryUnavailable(f"The name {host.host} could not be resolved.") from fault
    if not answers:
        raise RepositoryUnavailable(f"The name {host.host} has no address.")
    if not all(is_permitted(answer, host) for answer in answers):
        raise RepositoryRefused(
            f"{host.host} resolves to an address that `git_hosts` does not allow: only public addresses, or those listed."
        )
    return answers


class _PinnedConnection(HTTPConnection):
    """Speaks for ``host`` to the addresses that were checked, also when it has to connect again."""

    default_port = 443

    def __init__(
        self,
        host: GitHost,
        addresses: Sequence[str],
        context: ssl.SSLContext,
        deadline: float,
    ) -> None:
        super().__init__(host.host, host.port)
        self._addresses = addresses
        self._context = context
        self._deadline = deadline

    def connect(self) -> None:
        """Connect to the first address that answers and shake hands, within the time that is left."""
        raw = self._dial()
        try:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            raw.settimeout(min(CONNECT_SECONDS, _left(self._deadline)))
            secured = self._context.wrap_socket(raw, server_hostname=self.host)
        except BaseException:
            raw.close()
            raise
        self.sock = cast("Any", _TimedSocket(secured, self._deadline))

    def _dial(self) -> socket.socket:
        *others, last = self._addresses
        for address in others:
            try:
                return self._dial_one(address)
            except OSError:
                continue  # a name may have addresses of a family that leads nowhere from here
        return self._dial_one(last)

    def _dial_one(self, address: str) -> socket.socket:
        left = min(CONNECT_SECONDS, _left(self._deadline))
        return socket.create_connection((address, self.port), timeout=left)


class _TimedSocket:
    """The part of a socket that http.client uses, with one deadline over all reads and writes."""

    def __init__(self, sock: ssl.SSLSocket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline

    def sendall(self, octets: bytes) -> None:
        self._sock.settimeout(_left(self._deadline))
        self._sock.sendall(octets)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._sock, self._deadline))

    def close(self) -> None:
        """Let go; a file that was made of the socket keeps it open until that is closed too."""
        self._sock.close()


class _TimedReader(io.RawIOBase):
    def __init__(self, sock: ssl.SSLSocket, deadline: float) -> None:
        self._sock = sock
        self._stream = sock.makefile("rb", buffering=0)
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(_left(self._deadline))
        return self._stream.readinto(buffer)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _told(fault: Exception) -> str:
    """What happened, without addresses: whoever asks may not learn the network from it."""
    if isinstance(fault, TimeoutError):
        return "it took too long"
    if isinstance(fault, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({fault.verify_message})"
    if isinstance(fault, ssl.SSLError):
        return "it does not speak TLS as expected"
    return (
        "the connection failed"
        if isinstance(fault, OSError)
        else "it does not speak HTTP as expected"
    )
