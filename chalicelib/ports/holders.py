"""Whose a credential is: the one thing about it that never changes."""

MOST = 1_024
"""Ids of about 100 bytes each, per process."""


class Holders:
    """Remembers the holder of each credential that was let in, by the credential's digest.

    It opens nothing: it lets a later call read the credential's record and its holder's at once. By
    the digest and not by the id, so that a wrong secret costs what an unknown id costs.
    """

    def __init__(self) -> None:
        self._users: dict[bytes, str] = {}

    def find(self, digest: bytes) -> str | None:
        """Return the id of the credential's user, None where no call of this process has met it."""
        return self._users.get(digest)

    def learn(self, digest: bytes, user_id: str) -> None:
        """Remember whose credential it is."""
        if len(self._users) >= MOST:
            self._users.clear()
        self._users[digest] = user_id
