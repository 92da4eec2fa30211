"""Making ids and tokens."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

from chalicelib.domain.access.credentials import TokenKind, write_token
from chalicelib.domain.agents.agent import Agent
from chalicelib.domain.naming import RANDOM_BYTES, make_id
from chalicelib.ports.bundle import Ports
from chalicelib.ports.signing import Signer
from chalicelib.records.attributes import milliseconds

SEED_BYTES = 32


@dataclass(frozen=True, slots=True)
class Minted:
    """A token to be shown once, and the digest of it to be stored."""

    text: str = field(repr=False)
    digest: bytes = field(repr=False)


def new_id(ports: Ports, prefix: str) -> str:
    """Return a fresh id."""
    return make_id(prefix, ports.chance.token(RANDOM_BYTES))


def new_seed(ports: Ports) -> str:
    """Return the chance of a token, in hex."""
    return ports.chance.token(SEED_BYTES).hex()


def mint(
    signer: Signer, kind: TokenKind, organisation_id: str, own_id: str, *, seed: str
) -> Minted:
    """Return the token that the seed stands for.

    The secret is a keyed digest of the seed: a request repeated under its ``Idempotency-Key`` is
    answered with the same token although the store holds the seed alone, which opens nothing.
    """
    secret = _encoded(signer.digest(f"secret:{kind}:{organisation_id}:{own_id}:{seed}"))
    text = write_token(kind, organisation_id, own_id, secret)
    return Minted(text, signer.digest(text))


def proxy_token(signer: Signer, agent: Agent) -> str:
    """Return the token of the agent's proxy: it is recomputed, not stored, and dies with the agent
    or its era, since whoever had the agent's token could ask for it."""
    made = milliseconds(agent.created_at)
    era = f":{agent.era}" if agent.era else ""
    secret = _encoded(signer.digest(f"proxy:{agent.organisation_id}:{agent.id}:{made}{era}"))
    return write_token(TokenKind.PROXY, agent.organisation_id, agent.id, secret)


def _encoded(secret: bytes) -> str:
    return urlsafe_b64encode(secret).rstrip(b"=").decode()
