"""Opening the variables of 100 workspaces: one data key for each workspace, beside one for each value."""

import json
import os
import time
from collections.abc import Callable, Iterator

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.figures import Figure, Peer, Samples
from benchmarks.options import Options
from benchmarks.reconcile import VALUE, VALUES, WORKSPACES
from chalicelib.adapters.keys.local import LocalMasterKey
from chalicelib.adapters.sealing import AesGcmSealer
from chalicelib.adapters.system import SystemChance
from chalicelib.domain.variables.variable import Variable, VariableKind
from chalicelib.usecases.variables.sealing import open_sealed, seal

NONCE = bytes(12)
ORGANISATION = "org-000000000001"


def measure(options: Options) -> Iterator[Figure]:
    """Yield the time of opening beside a key for each value, and beside the cipher alone.

    The master key is a local one: the round trip that AWS KMS adds to each use is not in it.
    """
    together, apart, plain = _together(), _apart(), _plain()
    ours, peer, limit = list[float](), list[float](), list[float]()
    for _ in range(options.runs):
        ours.append(_milliseconds(together))
        peer.append(_milliseconds(apart))
        limit.append(_milliseconds(plain))
    name, samples = f"opening {WORKSPACES * VALUES:,} values", Samples.of(ours)
    yield Figure(name, "ms", samples, Peer("a data key for each value", Samples.of(peer)))
    yield Figure(name, "ms", samples, Peer("AES-GCM of the same bytes", Samples.of(limit)))


def _together() -> Callable[[], object]:
    sealer = _sealer()
    owned = [(ORGANISATION, f"ws-{n:012d}") for n in range(WORKSPACES)]
    sealed = [(each, seal(sealer, each, _variables(VALUES))) for each in owned]
    return lambda: [open_sealed(sealer, each, content) for each, content in sealed if content]


def _apart() -> Callable[[], object]:
    sealer = _sealer()
    owned = [(ORGANISATION, f"ws-{n:012d}") for n in range(WORKSPACES) for _ in range(VALUES)]
    sealed = [(each, seal(sealer, each, _variables(1))) for each in owned]
    return lambda: [open_sealed(sealer, each, content) for each, content in sealed if content]


def _plain() -> Callable[[], object]:
    box = AESGCM(os.urandom(32))
    rows = [[each.name, each.kind.value, each.value] for each in _variables(VALUES)]
    sealed = [box.encrypt(NONCE, json.dumps(rows).encode(), None) for _ in range(WORKSPACES)]
    return lambda: [box.decrypt(NONCE, content, None) for content in sealed]


def _variables(count: int) -> list[Variable]:
    return [Variable(f"VALUE_{n}", VariableKind.ENVIRONMENT, VALUE) for n in range(count)]


def _sealer() -> AesGcmSealer:
    return AesGcmSealer(LocalMasterKey(os.urandom(32)), SystemChance())


def _milliseconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000
