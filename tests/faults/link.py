"""A TCP link that a test can break: it refuses, is slow, falls silent, and heals."""

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

_CHUNK = 65_536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER, on, 0 seconds: closing sends RST."""


@dataclass(slots=True, eq=False)
class _Connection:
    """One connection that is carried. ``mute``: nothing of it passes any more, for ever."""

    near: asyncio.StreamWriter
    mute: bool = False


class Link:
    """Listens on the loopback and carries to ``target`` for the life of the context.

    ``tried`` counts connections that were refused or begun in silence since the last fault.
    """

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._started = threading.Event()
        self._connections: set[_Connection] = set()
        self._refuses = self._silent = False
        self._delay = 0.0
        self.tried = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve()), name="link", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(self, *raised: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    def refuse(self) -> None:
        """Reset all connections, and every new one at once."""
        self._at_once(lambda: self._fail(refuses=True))

    def slow(self, seconds: float) -> None:
        """Hold back every piece that long, both ways."""
        self._delay = seconds

    def silence(self) -> None:
        """Take what is sent and pass nothing on, on old and new connections; nobody is told."""
        self._at_once(lambda: self._fail(refuses=False))

    def heal(self) -> None:
        """Carry new connections. Those that fell silent stay so: half-open, as after a lost NAT table."""
        self._refuses = self._silent = False
        self._delay = 0.0

    def _fail(self, *, refuses: bool) -> None:
        self.tried = 0
        self._refuses, self._silent = refuses, not refuses
        for connection in self._connections:
            if refuses:
                _reset(connection.near)
            else:
                connection.mute = True

    def _at_once(self, act: Callable[[], None]) -> None:
        """Run in the loop's thread, and return when it is done."""
        done = threading.Event()

        def run() -> None:
            act()
            done.set()

        self._loop.call_soon_threadsafe(run)
        done.wait()

    async def _serve(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._carry, sock=self._listener)
        self._started.set()
        await self._ended.wait()
        server.close()

    async def _carry(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        if self._refuses or self._silent:
            self.tried += 1
        connection = _Connection(near, mute=self._silent)
        try:
            if self._refuses:
                raise ConnectionRefusedError
            there, far = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            _reset(near)
            return
        self._connections.add(connection)
        try:
            await asyncio.gather(
                self._pipe(connection, reader, far), self._pipe(connection, there, near)
            )
        finally:
            self._connections.discard(connection)
            near.close()
            far.close()

    async def _pipe(
        self, connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Copy one direction, and pass its end on."""
        try:
            while chunk := await reader.read(_CHUNK):
                if self._delay:
                    await asyncio.sleep(self._delay)
                if not connection.mute:
                    writer.write(chunk)
                    await writer.drain()
            if not connection.mute:
                writer.write_eof()
        except (OSError, RuntimeError):
            writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    found = writer.get_extra_info("socket")
    if found is not None:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    writer.transport.abort()
