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
    yield from opening(WORKSPACES, VALUES, options.runs)


def opening(workspaces: int, values: int, runs: int) -> Iterator[Figure]:
    """Yield the time of opening so many values of so many workspaces."""
    together, apart = _together(workspaces, values), _apart(workspaces, values)
    plain = _plain(workspaces, values)
    ours, peer, limit = list[float](), list[float](), list[float]()
    for _ in range(runs):
        ours.append(_milliseconds(together))
        peer.append(_milliseconds(apart))
        limit.append(_milliseconds(plain))
    name, samples = f"opening {workspaces * values:,} values", Samples.of(ours)
    yield Figure(name, "ms", samples, Peer("a data key for each value", Samples.of(peer)))
    yield Figure(name, "ms", samples, Peer("AES-GCM of the same bytes", Samples.of(limit)))


def _together(workspaces: int, values: int) -> Callable[[], object]:
    sealer = _sealer()
    owned = [(ORGANISATION, f"ws-{n:012d}") for n in range(workspaces)]
    sealed = [(each, seal(sealer, each, _variables(values))) for each in owned]
    return lambda: [open_sealed(sealer, each, content) for each, content in sealed if content]


def _apart(workspaces: int, values: int) -> Callable[[], object]:
    sealer = _sealer()
    owned = [(ORGANISATION, f"ws-{n:012d}") for n in range(workspaces) for _ in range(values)]
    sealed = [(each, seal(sealer, each, _variables(1))) for each in owned]
    return lambda: [open_sealed(sealer, each, content) for each, content in sealed if content]


def _plain(workspaces: int, values: int) -> Callable[[], object]:
    box = AESGCM(os.urandom(32))
    rows = [[each.name, each.kind.value, each.value] for each in _variables(values)]
    sealed = [box.encrypt(NONCE, json.dumps(rows).encode(), None) for _ in range(workspaces)]
    return lambda: [box.decrypt(NONCE, content, None) for content in sealed]


def _variables(count: int) -> list[Variable]:
    return [Variable(f"VALUE_{n}", VariableKind.ENVIRONMENT, VALUE) for n in range(count)]


def _sealer() -> AesGcmSealer:
    return AesGcmSealer(LocalMasterKey(os.urandom(32)), SystemChance())


def _milliseconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return (time.perf_counter() - began) * 1000
