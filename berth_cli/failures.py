"""How a command ends, as exit codes that scripts may rely on (docs/reference/cli.md)."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes. 2 is the shell's own for wrong usage."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    """The control plane refused the request (400, 403, 409, 422, 429)."""
    MISSING = 4
    """There is no such thing, or it is not yours."""
    SIGNED_OUT = 5
    """No token, or it is no longer good."""
    UNREACHABLE = 6
    """The control plane did not answer, or its certificate is not trusted."""
    TIMED_OUT = 7
    """The state waited for did not come in time."""
    UNWELL = 8
    """The workspace is Failed or Error."""
    TAMPERED = 9
    """The audit log, or an exported one, is not as Berth wrote it."""


class Failure(Exception):
    """Ends the command with a sentence for people and an exit code."""

    def __init__(self, message: str, code: Exit = Exit.FAILED) -> None:
        super().__init__(message)
        self.code = code
