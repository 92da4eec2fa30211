"""What can be wrong with the API server itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Faults:
    """What is wrong with the server, until it is set back."""

    staleness: int = 0
    """Lists of whole objects and streamed lists, as reflectors ask for them, are so many versions old. A
    real server lets only those be that ask for resourceVersion 0, but reflectors can bear it. Lists of
    metadata are how an agent looks at the store itself, and as new as a GET."""
    lag: float = 0.0
    """Seconds by which watches that open from now on are late."""
    list_page: int = 500
    """Objects in one page of a list, whatever limit is asked for: fewer are allowed."""
    no_streaming_lists: bool = False
    """422, as from a server without the feature."""
    gone_as_status: bool = False
    """A watch from a forgotten version is answered 410, not with an ERROR event: both occur."""
    binding_lag: float = 0.0
    """Seconds until a RoleBinding that is made from now on gives its rights."""


def of_an_old_server() -> Faults:
    """Return the ways of a server that is some releases old, and in no hurry."""
    return Faults(list_page=2, no_streaming_lists=True, gone_as_status=True)
