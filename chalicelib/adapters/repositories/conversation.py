"""What is asked of a git server: protocol version 2 over smart HTTP (gitprotocol-http, gitprotocol-v2)."""

import hashlib
from collections.abc import Iterator, Sequence

from chalicelib.adapters.repositories.exchange import Exchange
from chalicelib.adapters.repositories.packets import MalformedAnswer, ToldByServer, packets, request
from chalicelib.adapters.repositories.packs import GitObject, objects

MOST_PACK_BYTES = 8 * 1024 * 1024
_MOST_REFS_BYTES = 1024 * 1024

_PROTOCOL = {"Git-Protocol": "version=2"}
_ASKING = {
    **_PROTOCOL,
    "Content-Type": "application/x-git-upload-pack-request",
    "Accept": "application/x-git-upload-pack-result",
}
_PACK_BAND, _PROGRESS_BAND = 1, 2


class Conversation:
    """Questions to the server about one repository; raises MalformedAnswer beside what ``Exchange`` raises."""

    def __init__(self, exchange: Exchange, path: str) -> None:
        self._exchange = exchange
        self._target = f"{path}/git-upload-pack"
        self._offers = self._offered(path)
        self.object_format = self._offers.get("object-format", "sha1")
        if self.object_format not in ("sha1", "sha256"):
            raise MalformedAnswer(f"it names objects by {self.object_format[:20]!r}")

    def refs(self, names: Sequence[str]) -> dict[str, str]:
        """Those of ``names`` that exist, with the ids of their commits; tags are peeled."""
        arguments = ["peel", *(f"ref-prefix {name}" for name in names)]
        answer = self._ask("ls-refs", arguments, _MOST_REFS_BYTES)
        found = {}
        for packet in packets(answer):
            words = packet.decode("utf-8", "replace").split() if packet else []
            if len(words) > 1 and words[1] in names:
                peeled = [
                    word.removeprefix("peeled:") for word in words[2:] if word.startswith("peeled:")
                ]
                found[words[1]] = self._checked_id((peeled or words)[0])
        return found

    def commit(self, identifier: str) -> dict[str, GitObject]:
        """The commit and its first tree; where the server cannot leave the rest out, the rest as well."""
        return self._fetch(identifier, ["deepen 1", *self._filter("tree:1")])

    def single(self, identifier: str) -> dict[str, GitObject]:
        """One tree or file; a server without filters adds what a tree holds."""
        return self._fetch(identifier, self._filter("tree:1"))

    def _filter(self, specification: str) -> list[str]:
        return (
            [f"filter {specification}"] if "filter" in self._offers.get("fetch", "").split() else []
        )

    def _fetch(self, identifier: str, options: list[str]) -> dict[str, GitObject]:
        arguments = ["no-progress", *options, f"want {identifier}", "done"]
        return objects(_pack(self._ask("fetch", arguments, MOST_PACK_BYTES)), self.object_format)

    def _ask(self, command: str, arguments: list[str], most: int) -> bytes:
        capabilities = (
            [f"object-format={self.object_format}"] if "object-format" in self._offers else []
        )
        return self._exchange.post(
            self._target, _ASKING, request(command, capabilities, arguments), most
        )

    def _offered(self, path: str) -> dict[str, str]:
        """The server's capabilities, by name."""
        answer = self._exchange.get(
            f"{path}/info/refs?service=git-upload-pack", _PROTOCOL, _MOST_REFS_BYTES
        )
        lines = [packet.decode("utf-8", "replace").strip() for packet in packets(answer) if packet]
        offers = {name: value for name, _, value in (each.partition("=") for each in lines)}
        if "version 2" not in lines[:2] or not {"ls-refs", "fetch"} <= offers.keys():
            raise MalformedAnswer("it does not speak git's protocol version 2 (git 2.18 or newer)")
        return offers

    def _checked_id(self, text: str) -> str:
        if not is_id(text, self.object_format):
            raise MalformedAnswer("an object's id is none")
        return text


def is_id(text: str, object_format: str) -> bool:
    """Whether ``text`` is the full id of an object."""
    length = 2 * hashlib.new(object_format).digest_size
    return len(text) == length and all(character in "0123456789abcdef" for character in text)


def _pack(answer: bytes) -> bytes:
    """The pack in the answer to ``fetch``, taken off its side band."""
    return b"".join(_pack_parts(answer))


def _pack_parts(answer: bytes) -> Iterator[bytes]:
    started = False
    for packet in packets(answer):
        if not started:
            started = packet == b"packfile\n"
        elif packet:
            band, content = packet[0], packet[1:]
            if band == _PACK_BAND:
                yield content
            elif band != _PROGRESS_BAND:
                raise ToldByServer(content)
