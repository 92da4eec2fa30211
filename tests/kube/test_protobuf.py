"""What somebody may write into an object, read from protobuf."""

from typing import Any

import msgspec
import pytest

from berth_kube.messages import readers
from berth_kube.projections import Event
from berth_kube.protobuf import CONTENT_TYPE, MAGIC
from berth_kube.schema import message_class


def told(event: Any) -> bytes:
    """The message of a watch that tells of an event."""
    unknown = message_class("Unknown")(raw=event.SerializeToString())
    said = message_class("WatchEvent")(type="ADDED")
    said.object.raw = MAGIC + unknown.SerializeToString()  # type: ignore[attr-defined]  # made at run time
    return said.SerializeToString()


def event_at(seconds: int, nanos: int = 0) -> Any:
    """An event that was last seen at a time."""
    made: Any = message_class("Event")()
    made.metadata.name = "one"
    made.lastTimestamp.seconds, made.lastTimestamp.nanos = seconds, nanos
    return made


@pytest.mark.parametrize(
    "seconds, nanos",
    [(253402387139, 0), (-62167219201, 0), (2**62, 0), (-(2**62), 0), (1, -1), (1, 2**31 - 1)],
)
def test_a_time_that_is_none_is_none(seconds: int, nanos: int) -> None:
    """Anybody who may write events may write a year 10000 into one: the others are read all the same."""
    (reader,) = (readers(Event, "Event")[each] for each in [CONTENT_TYPE])
    sighting: Any = reader.read(told(event_at(seconds, nanos)))
    assert (sighting.item.metadata.name, sighting.item.last_timestamp) == ("one", None)


def test_a_time_is_written_as_json_writes_it() -> None:
    """RFC 3339 in UTC, with a fraction where there is one."""
    reader = readers(Event, "Event")[CONTENT_TYPE]
    for nanos, expected in ((0, "2026-01-02T03:04:05Z"), (67_000, "2026-01-02T03:04:05.000067Z")):
        sighting: Any = reader.read(told(event_at(1767323045, nanos)))
        assert sighting.item.last_timestamp == expected


def test_what_is_no_text_is_a_broken_message() -> None:
    """Bytes that are no UTF-8 are told as what cannot be decoded, so that they are asked for in JSON."""
    message = told(event_at(1)).replace(b"one", b"o\xffe")
    with pytest.raises(msgspec.DecodeError, match="broken protobuf"):
        readers(Event, "Event")[CONTENT_TYPE].read(message)
