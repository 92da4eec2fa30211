"""An HTTP proxy of a few lines: it carries what CONNECT asks for (RFC 9110, 9.3.6) and notes where to."""

import socket
import threading
from contextlib import suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer


class HttpProxy:
    """Listens on a port of the loopback until ``close``."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        """``host:port`` of each connection."""
        asked = self.asked

        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                method, target, _ = self.rfile.readline().decode().split()
                while self.rfile.readline().strip():
                    """Headers are of no interest."""
                asked.append(target)
                if method != "CONNECT":
                    self.wfile.write(b"HTTP/1.1 405 Method Not Allowed\r\n\r\n")
                    return
                host, _, port = target.rpartition(":")
                with socket.create_connection((host, int(port))) as there:
                    self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    back = threading.Thread(target=_carry, args=(there, self.connection))
                    back.start()
                    _carry(self.connection, there)
                    back.join()

        self._server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65_536):
            target.sendall(piece)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
