"""Packs from strangers are read in bounded memory, or refused."""

import hashlib
import time
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.adapters.repositories.packets import MalformedAnswer, packets
from chalicelib.adapters.repositories.packs import (
    MOST_DELTAS,
    MOST_INFLATED,
    MOST_OBJECTS,
    GitObject,
    PackTooLarge,
    objects,
)
from chalicelib.adapters.repositories.trees import entries

BLOB, REF_DELTA = 3, 7


def header(kind: int, size: int) -> bytes:
    """The head of an object in a pack."""
    octets, size = [kind << 4 | size & 15], size >> 4
    while size:
        octets[-1] |= 0x80
        octets.append(size & 0x7F)
        size >>= 7
    return bytes(octets)


def varint(number: int) -> bytes:
    """A size as deltas spell it."""
    octets = [number & 0x7F]
    while number := number >> 7:
        octets[-1] |= 0x80
        octets.append(number & 0x7F)
    return bytes(octets)


def pack(*parts: bytes, count: int | None = None) -> bytes:
    """A pack of the parts, each a header with deflated content."""
    many = len(parts) if count is None else count
    return b"PACK\x00\x00\x00\x02" + many.to_bytes(4, "big") + b"".join(parts) + bytes(20)


def blob(content: bytes, size: int | None = None) -> bytes:
    """A blob that says it has ``size`` bytes."""
    return header(BLOB, len(content) if size is None else size) + zlib.compress(content)


def delta(base: str, instructions: bytes, *, source: int, size: int) -> bytes:
    """A difference to the object ``base``."""
    content = varint(source) + varint(size) + instructions
    return header(REF_DELTA, len(content)) + bytes.fromhex(base) + zlib.compress(content)


def name_of(content: bytes) -> str:
    """The id of a blob."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


COPY_FIRST_FOUR = b"\x90\x04"


@pytest.mark.parametrize("base_first", [True, False])
def test_deltas_are_applied_in_any_order(base_first: bool) -> None:
    """A difference may come before what it is a difference to."""
    base, changed = b"abcdef", b"abcd!"
    parts = [blob(base), delta(name_of(base), COPY_FIRST_FOUR + b"\x01!", source=6, size=5)]
    found = objects(pack(*(parts if base_first else reversed(parts))), "sha1")
    assert found == {
        name_of(base): GitObject("blob", base),
        name_of(changed): GitObject("blob", changed),
    }


BASE = name_of(b"abcdef")


@pytest.mark.parametrize(
    "octets,error",
    [
        (b"", MalformedAnswer),
        (b"PACK\x00\x00\x00\x03\x00\x00\x00\x00", MalformedAnswer),
        (pack(count=1)[:12], MalformedAnswer),
        (pack(count=MOST_OBJECTS + 1), PackTooLarge),
        (pack(blob(b"abc", size=2)), MalformedAnswer),
        (pack(blob(b"abc", size=4)), MalformedAnswer),
        (pack(blob(b"", size=MOST_INFLATED + 1)), PackTooLarge),
        (pack(b"\xb0" + b"\xff" * 20), PackTooLarge),
        (pack(header(BLOB, 3) + b"no zlib"), MalformedAnswer),
        (pack(header(6, 3) + zlib.compress(b"abc")), MalformedAnswer),
        (pack(header(0, 3) + zlib.compress(b"abc")), MalformedAnswer),
        (pack(delta(BASE, b"\x01!", source=6, size=1)), MalformedAnswer),
        (pack(blob(b"abcdef"), delta(BASE, b"\x01!", source=5, size=1)), MalformedAnswer),
        (pack(blob(b"abcdef"), delta(BASE, b"\x01!", source=6, size=2)), MalformedAnswer),
        (pack(blob(b"abcdef"), delta(BASE, b"\x00", source=6, size=0)), MalformedAnswer),
        (pack(blob(b"abcdef"), delta(BASE, b"\x91", source=6, size=4)), MalformedAnswer),
        (pack(blob(b"abcdef"), delta(BASE, b"\x01!", source=6, size=2**33)), PackTooLarge),
    ],
)
def test_broken_and_oversized_packs_are_refused(octets: bytes, error: type[Exception]) -> None:
    """Each way in which a pack can lie has its refusal."""
    with pytest.raises(error):
        objects(octets, "sha1")


@pytest.mark.parametrize("declared", [100, MOST_INFLATED])
def test_a_bomb_is_not_inflated(declared: int) -> None:
    """128 MiB of zeros behind a smaller declared size costs no more memory than was declared."""
    bomb, deflater = bytearray(), zlib.compressobj(1)
    for _ in range(32):
        bomb += deflater.compress(bytes(4 * 1024 * 1024))
    octets = pack(header(BLOB, declared) + bytes(bomb) + deflater.flush())
    tracemalloc.start()
    with pytest.raises(MalformedAnswer, match="longer"):
        objects(octets, "sha1")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * declared + 1024 * 1024


@pytest.mark.parametrize("instruction", [b"\x90\x01", b"\x01a"], ids=["copy", "insert"])
@pytest.mark.parametrize("many", [MOST_DELTAS // 2 - 4, MOST_INFLATED // 4])
def test_a_delta_of_tiny_steps_takes_no_time(instruction: bytes, many: int) -> None:
    """A few KiB that spell millions of instructions are carried out quickly, or refused."""
    steps = delta(BASE, instruction * many, source=6, size=many)
    octets = pack(blob(b"abcdef"), steps)
    started = time.process_time()
    try:
        assert len(objects(octets, "sha1")) == 2
    except PackTooLarge:
        assert many * len(instruction) > MOST_DELTAS
    assert time.process_time() - started < 3


@settings(max_examples=300)
@given(st.binary(max_size=200), st.lists(st.binary(max_size=40), max_size=4), st.integers(0, 200))
def test_noise_is_refused_or_read(noise: bytes, contents: list[bytes], cut: int) -> None:
    """Whatever comes, the readers answer with a value or with one of their two errors."""
    good = pack(*(blob(content) for content in contents))
    for octets in (noise, good[:cut] + noise, good[:12] + noise, good[:cut] + noise + good[cut:]):
        for read in (
            lambda o: objects(o, "sha1"),
            lambda o: list(packets(o)),
            lambda o: entries(o, 20),
        ):
            try:
                assert read(octets) is not None
            except (MalformedAnswer, PackTooLarge):
                continue
