"""What is built up part by part, for the life of a context."""

from contextlib import ExitStack
from typing import Self


class Raised:
    """What stands already is taken down when a part fails, and all of it at the end: the last first."""

    _stack: ExitStack

    def __enter__(self) -> Self:
        try:
            self._raise()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.close()

    def _raise(self) -> None:
        """Build all of it, each part put on the stack."""
        raise NotImplementedError
