"""Git's pkt-lines (gitprotocol-common): length-prefixed lines, with a few marks between them."""

from collections.abc import Iterable, Iterator

FLUSH = b"0000"
DELIMITER = b"0001"

Packet = bytes | None
"""The content of a line; None for a mark."""


class MalformedAnswer(Exception):
    """The other side does not speak git as documented."""


class ToldByServer(MalformedAnswer):
    """The server says in git's way that it cannot do what was asked."""

    def __init__(self, told: bytes) -> None:
        super().__init__(f"the server says {told[:200].decode('utf-8', 'replace').strip()!r}")


def line(text: str) -> bytes:
    """``text`` as a pkt-line."""
    content = text.encode() + b"\n"
    return b"%04x" % (len(content) + 4) + content


def request(command: str, capabilities: Iterable[str], arguments: Iterable[str]) -> bytes:
    """A request of protocol version 2 (gitprotocol-v2)."""
    head = b"".join(map(line, (f"command={command}", *capabilities)))
    return head + DELIMITER + b"".join(map(line, arguments)) + FLUSH


def packets(octets: bytes) -> Iterator[Packet]:
    """The packets in ``octets``; raises MalformedAnswer, also for an error that the server tells in an ``ERR`` line."""
    position = 0
    while position < len(octets):
        try:
            length = int(octets[position : position + 4].decode("ascii"), 16)
        except ValueError as fault:
            raise MalformedAnswer("a length is no number") from fault
        if length < 4:
            position += 4
            yield None
            continue
        if position + length > len(octets):
            raise MalformedAnswer("it ends too early")
        content = octets[position + 4 : position + length]
        if content.startswith(b"ERR "):
            raise ToldByServer(content[4:])
        yield content
        position += length
