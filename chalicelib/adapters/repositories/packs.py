"""Reads git packs (gitformat-pack) in bounded memory.

Sizes are those that a stranger declares, so each is checked before anything is inflated for it.
Objects are filed under the hash of their content, which makes the pack's own checksums moot.
"""

import hashlib
import zlib
from collections import defaultdict
from dataclasses import dataclass

from chalicelib.adapters.repositories.packets import MalformedAnswer

MOST_OBJECTS = 50_000
MOST_INFLATED = 32 * 1024 * 1024
"""Bytes of all objects of a pack together."""
MOST_DELTAS = 2 * 1024 * 1024
"""Bytes of all deltas of a pack together: two of them can be an instruction, and those take time."""

_HEADER = 12
_CHUNK = 8 * 1024
_KINDS = {1: "commit", 2: "tree", 3: "blob", 4: "tag"}
_REF_DELTA = 7


class PackTooLarge(Exception):
    """The pack holds more than is read here."""


@dataclass(frozen=True, slots=True)
class GitObject:
    """A git object: ``commit``, ``tree``, ``blob`` or ``tag``."""

    kind: str
    content: bytes


def objects(pack: bytes, object_format: str) -> dict[str, GitObject]:
    """The objects of ``pack`` by their ids. Raises MalformedAnswer, or PackTooLarge."""
    return _Unpacking(pack, object_format).run()


class _Unpacking:
    def __init__(self, pack: bytes, object_format: str) -> None:
        self._pack = memoryview(pack)
        self._format = object_format
        self._id_length = hashlib.new(object_format).digest_size
        self._position = _HEADER
        self._inflated = 0
        self._in_deltas = 0
        self._objects: dict[str, GitObject] = {}
        self._deltas: defaultdict[str, list[bytes]] = defaultdict(list)
        """Deltas whose base was not met yet, by its id."""

    def run(self) -> dict[str, GitObject]:
        if bytes(self._pack[:8]) != b"PACK\x00\x00\x00\x02":
            raise MalformedAnswer("this is no pack of version 2")
        count = int.from_bytes(self._pack[8:_HEADER])
        if count > MOST_OBJECTS:
            raise PackTooLarge
        for _ in range(count):
            self._read_object()
        if self._deltas:
            raise MalformedAnswer("a pack leaves out what it builds on")
        return self._objects

    def _read_object(self) -> None:
        kind, size = self._object_header()
        if kind == _REF_DELTA:
            base = self._take(self._id_length).hex()
            self._in_deltas += size
            if self._in_deltas > MOST_DELTAS:
                raise PackTooLarge
            self._keep_delta(base, self._inflate(size))
        elif kind in _KINDS:
            self._keep(GitObject(_KINDS[kind], self._inflate(size)))
        else:
            raise MalformedAnswer(f"a pack has an object of kind {kind}, which was not asked for")

    def _object_header(self) -> tuple[int, int]:
        byte = self._take(1)[0]
        kind, size, shift = byte >> 4 & 7, byte & 15, 4
        while byte & 0x80:
            byte = self._take(1)[0]
            size |= (byte & 0x7F) << shift
            shift += 7
            if shift > 40:
                raise PackTooLarge
        return kind, size

    def _take(self, length: int) -> bytes:
        taken = bytes(self._pack[self._position : self._position + length])
        if len(taken) < length:
            raise MalformedAnswer("a pack ends too early")
        self._position += length
        return taken

    def _reserve(self, size: int) -> None:
        self._inflated += size
        if self._inflated > MOST_INFLATED:
            raise PackTooLarge

    def _inflate(self, size: int) -> bytes:
        self._reserve(size)
        inflater, content = zlib.decompressobj(), bytearray()
        while not inflater.eof:
            chunk = self._pack[self._position : self._position + _CHUNK]
            if not chunk:
                raise MalformedAnswer("a pack ends too early")
            try:
                content += inflater.decompress(chunk, size - len(content) + 1)
            except zlib.error as fault:
                raise MalformedAnswer("a pack cannot be inflated") from fault
            if len(content) > size:
                raise MalformedAnswer("a pack's object is longer than it says")
            self._position += len(chunk) - len(inflater.unused_data) - len(inflater.unconsumed_tail)
        if len(content) != size:
            raise MalformedAnswer("a pack's object is shorter than it says")
        return bytes(content)

    def _keep_delta(self, base: str, delta: bytes) -> None:
        if base in self._objects:
            self._keep(self._applied(self._objects[base], delta))
        else:
            self._deltas[base].append(delta)

    def _keep(self, found: GitObject) -> None:
        """File an object, and with it everything that waited for it."""
        pending = [found]
        while pending:
            each = pending.pop()
            identifier = self._id_of(each)
            self._objects[identifier] = each
            pending += [self._applied(each, delta) for delta in self._deltas.pop(identifier, ())]

    def _id_of(self, found: GitObject) -> str:
        head = f"{found.kind} {len(found.content)}\0".encode()
        return hashlib.new(self._format, head + found.content).hexdigest()

    def _applied(self, base: GitObject, delta: bytes) -> GitObject:
        source_size, position = _varint(delta, 0)
        size, position = _varint(delta, position)
        if source_size != len(base.content):
            raise MalformedAnswer("a delta does not fit its base")
        self._reserve(size)
        return GitObject(base.kind, _patched(base.content, delta[position:], size))


def _varint(octets: bytes, position: int) -> tuple[int, int]:
    """The number at ``position``, least significant bits first, and where it ends."""
    number = 0
    for shift in range(0, 42, 7):
        if position >= len(octets):
            break
        byte = octets[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return number, position
    raise MalformedAnswer("a number in a delta does not end")


def _patched(base: bytes, instructions: bytes, size: int) -> bytes:
    """The result of a delta's instructions: to copy from ``base``, or to insert what follows."""
    result, position = bytearray(), 0
    while position < len(instructions):
        operation = instructions[position]
        position += 1
        if operation & 0x80:
            offset, position = _operand(instructions, position, operation & 0x0F)
            length, position = _operand(instructions, position, operation >> 4 & 0x07)
            result += base[offset : offset + (length or 0x10000)]
        else:
            result += instructions[position : position + operation]
            position += operation
        if len(result) > size or not operation:
            raise MalformedAnswer("a delta does not do what it says")
    if len(result) != size:
        raise MalformedAnswer("a delta does not do what it says")
    return bytes(result)


def _operand(instructions: bytes, position: int, present: int) -> tuple[int, int]:
    """A number of which only the bytes that ``present`` has a bit for are there, lowest first."""
    number = 0
    for index in range(4):
        if present >> index & 1:
            if position >= len(instructions):
                raise MalformedAnswer("a delta ends too early")
            number |= instructions[position] << 8 * index
            position += 1
    return number, position
