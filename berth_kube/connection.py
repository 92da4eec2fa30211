"""The one importer of ``kubernetes``: where the API server is, who we are, and a connection pool.

``kubernetes`` keeps ServiceAccount tokens fresh, runs credential plugins of kubeconfig files and
knows proxies and certificates. Everything above works on raw bytes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import urllib3
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import load_incluster_config, load_kube_config

from berth_kube import protobuf
from berth_kube.errors import Unreachable, error_of
from berth_kube.transport import Request, Response

CONNECTIONS = 32
"""Kept open: watches, apply workers, elector. Threads beyond it open and throw away connections."""

CHUNK = 65_536
_LENGTH = 4
_LONGEST = 16 * 1024 * 1024
"""Bytes of one message: ten times what the API server stores of an object."""


class Connection:
    """``Transport`` over the pool of one ``ApiClient``."""

    def __init__(self, configuration: Configuration) -> None:
        configuration.connection_pool_maxsize = CONNECTIONS
        configuration.keep_alive = True
        self._configuration = configuration
        self._pool: urllib3.PoolManager = ApiClient(configuration).rest_client.pool_manager

    def send(self, request: Request) -> Response:
        """See ``Transport.send``."""
        answer = self._open(request, preload=True)
        return Response(answer.status, answer.headers, answer.data)

    @contextmanager
    def stream(self, request: Request) -> Iterator[_Messages]:
        """See ``Transport.stream``."""
        answer = self._open(request, preload=False)
        try:
            if answer.status >= 400:
                raise error_of(answer.status, answer.read(CHUNK), answer.headers)
            yield _Messages(answer)
        except urllib3.exceptions.HTTPError as broken:
            raise Unreachable(f"the API server's answer broke off: {broken}") from broken
        finally:
            answer.close()  # never back to the pool: an endless answer was not read to its end

    def _open(self, request: Request, *, preload: bool) -> urllib3.BaseHTTPResponse:
        url = self._configuration.host + request.path
        if request.query:
            url = f"{url}?{urlencode(request.query)}"
        connect, read = request.timeout
        try:
            return self._pool.request(
                request.method,
                url,
                body=request.body,
                headers={**self._credentials(), **request.headers},
                timeout=urllib3.Timeout(connect=connect, read=read),
                retries=False,
                redirect=False,
                preload_content=preload,
            )
        except (urllib3.exceptions.HTTPError, OSError) as broken:
            raise Unreachable(f"{request.method} {request.path}: {broken}") from broken

    def _credentials(self) -> dict[str, str]:
        token = self._configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
        return {"Authorization": token} if token else {}


class _Messages:
    """Messages of an answer. Chunks are cut where the server flushed, not where messages end."""

    def __init__(self, answer: urllib3.BaseHTTPResponse) -> None:
        self._answer = answer
        self.content_type = answer.headers.get("Content-Type", "").partition(";")[0].strip()

    def __iter__(self) -> Iterator[bytes]:
        cut = _frames if self.content_type == protobuf.CONTENT_TYPE else _lines
        rest = b""
        for chunk in self._answer.stream(CHUNK):
            messages, rest = cut(rest + chunk)
            yield from messages
        if rest.strip():
            raise Unreachable("the API server's answer ended in the middle of a message")

    def stop(self) -> None:
        try:
            self._answer.shutdown()
        except (ValueError, RuntimeError, OSError):  # it ended by itself meanwhile
            return


def _lines(received: bytes) -> tuple[list[bytes], bytes]:
    """Whole lines and the rest."""
    *lines, rest = received.split(b"\n")
    return [line for line in lines if line.strip()], rest


def _frames(received: bytes) -> tuple[list[bytes], bytes]:
    """Whole messages and the rest; ahead of each are its length's four bytes, the highest first."""
    frames, start = list[bytes](), 0
    while (begin := start + _LENGTH) <= len(received):
        length = int.from_bytes(received[start:begin])
        if length > _LONGEST:
            raise Unreachable(f"the API server announces a message of {length} bytes")
        end = begin + length
        if end > len(received):
            break
        frames.append(received[begin:end])
        start = end
    return frames, received[start:]


def connect(kubeconfig: str | None = None) -> Connection:
    """Connect with ``kubeconfig``, or as the pod's ServiceAccount, or by ``KUBECONFIG``.

    Raises ``kubernetes.config.ConfigException`` when none of them is there.
    """
    configuration = Configuration()
    if kubeconfig is None and "KUBERNETES_SERVICE_HOST" in os.environ:
        load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]  # the library's loaders have no types
    else:
        load_kube_config(config_file=kubeconfig, client_configuration=configuration)  # type: ignore[no-untyped-call] # the library has no types
    return Connection(configuration)
