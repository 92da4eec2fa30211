"""Everything a use case may need of the world, in one frozen value. ``bootstrap`` builds it."""

from dataclasses import dataclass, field

from chalicelib.ports.clock import Chance, Clock
from chalicelib.ports.holders import Holders
from chalicelib.ports.identity import IdentityProvider
from chalicelib.ports.metrics import Metrics, Unkept
from chalicelib.ports.pace import Pace, Unlimited
from chalicelib.ports.repositories import RepositoryReader
from chalicelib.ports.sealing import Sealer
from chalicelib.ports.signing import Signer
from chalicelib.ports.store import Store
from chalicelib.ports.waker import Silent, Waker


@dataclass(frozen=True, slots=True)
class Site:
    """What an installation is, as far as use cases have to know."""

    public_url: str
    """Where people and agents reach the control plane: ``https://`` and a host, no slash at the end."""
    idle_poll_ms: int = 10_000
    """How long an agent with nothing under way waits before it asks again."""
    listening_poll_ms: int = 10_000
    """The same for an agent that listens for wake-ups."""
    full_sync_ms: int = 3_600_000
    """How often an agent sends everything, changed or not."""
    answer_bytes: int = 3 * 1024 * 1024
    """Of the orders in one answer to an agent as JSON; Lambda's own limit is 6 MB, escaped and enveloped."""
    bootstrap_code: str = field(default="", repr=False)
    """Makes the first person who signs in with it the owner; empty: nobody."""
    surface: str = "all"
    """Which routes answer: ``all``, ``people`` or ``agents``."""

    @property
    def longest_poll_ms(self) -> int:
        """How long a healthy agent is silent at most."""
        return max(self.idle_poll_ms, self.listening_poll_ms)


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one process."""

    store: Store
    sealer: Sealer
    signer: Signer
    identity: IdentityProvider
    repositories: RepositoryReader
    clock: Clock
    chance: Chance
    site: Site
    waker: Waker = field(default_factory=Silent)
    pace: Pace = field(default_factory=Unlimited)
    metrics: Metrics = field(default_factory=Unkept)
    holders: Holders = field(default_factory=Holders)
