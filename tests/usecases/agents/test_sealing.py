from dataclasses import replace

import pytest

from chalicelib.adapters.keys.local import LocalMasterKey
from chalicelib.adapters.sealing import AesGcmSealer
from chalicelib.domain.variables.variable import Variable, VariableKind
from chalicelib.ports.keys import Context, DataKey, KeyRefused
from chalicelib.ports.sealing import SealBroken, Sealed
from chalicelib.ports.store import Delete, Put
from chalicelib.records import keys, sealed
from chalicelib.usecases.variables.sealing import open_sealed, seal
from tests.builders import PaperCluster, World, create
from tests.doubles import CountedChance

OWNED = ("org-000000000001", "ws-000000000001")
VALUES = (
    Variable("A", VariableKind.ENVIRONMENT, "canary é"),
    Variable("B", VariableKind.FILE, "line\nline\0"),
)


def test_what_was_sealed_opens_as_it_was(world: World) -> None:
    """Names, kinds and values come back exactly; the ciphertext tells none of them."""
    content = seal(world.ports.sealer, OWNED, VALUES)
    assert content is not None
    assert open_sealed(world.ports.sealer, OWNED, content) == VALUES
    assert b"canary" not in content.ciphertext
    assert "canary" not in repr(content)


@pytest.mark.parametrize("owned", [("org-000000000002", OWNED[1]), (OWNED[0], "ws-000000000002")])
def test_it_opens_for_no_other_workspace_and_no_other_organisation(
    world: World, owned: tuple[str, str]
) -> None:
    """The context is bound in: a copied row is refused by the key's keeper."""
    content = seal(world.ports.sealer, OWNED, VALUES)
    assert content is not None
    with pytest.raises(KeyRefused):
        open_sealed(world.ports.sealer, owned, content)


class CarelessKeys:
    """A key service that opens for whoever asks: one key for all contexts."""

    def __init__(self) -> None:
        self._keys = LocalMasterKey(bytes(32))

    def make_data_key(self, context: Context) -> DataKey:
        del context
        return self._keys.make_data_key({})

    def open_data_key(self, wrapped: bytes, context: Context) -> bytes:
        del context
        return self._keys.open_data_key(wrapped, {})


def test_the_cipher_is_bound_to_the_context_by_itself() -> None:
    """Where the key's keeper refuses nobody, a copied row does not open all the same."""
    sealer = AesGcmSealer(CarelessKeys(), CountedChance())
    content = seal(sealer, OWNED, VALUES)
    assert content is not None
    assert open_sealed(sealer, OWNED, content) == VALUES
    with pytest.raises(SealBroken):
        open_sealed(sealer, (OWNED[0], "ws-000000000002"), content)


def test_a_seal_has_the_sizes_of_its_specification(world: World) -> None:
    """A nonce of 96 bits before the content and a tag of 128 behind it (NIST SP 800-38D)."""
    content = world.ports.sealer.seal(b"0123456789", {})
    assert len(content.ciphertext) == 12 + 10 + 16


@pytest.mark.parametrize("place", [0, 12, -1])
def test_an_altered_byte_breaks_the_seal(world: World, place: int) -> None:
    """Nonce, content and tag are all authenticated."""
    content = seal(world.ports.sealer, OWNED, VALUES)
    assert content is not None
    altered = bytearray(content.ciphertext)
    altered[place] ^= 1
    with pytest.raises(SealBroken):
        open_sealed(world.ports.sealer, OWNED, replace(content, ciphertext=bytes(altered)))


def test_equal_values_have_digests_that_tell_nothing(world: World) -> None:
    """The same values in two workspaces have different digests, and no value has none."""
    first = seal(world.ports.sealer, OWNED, VALUES)
    second = seal(world.ports.sealer, (OWNED[0], "ws-000000000002"), VALUES)
    assert first is not None
    assert second is not None
    assert first.digest != second.digest
    assert seal(world.ports.sealer, OWNED, ()) is None


def test_a_row_copied_to_another_workspace_is_not_sent(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """The other workspace gets no order and no value, and holds up nobody else's."""
    other = create(world, "other", Variable("A", VariableKind.ENVIRONMENT, "own"))
    org = world.organisation.id
    stolen = sealed.sealed_of(sealed.load_items(world.store, org, [workspace_id])[workspace_id])
    world.store.write(Delete(keys.sealed(org, other, 0)))
    for put in sealed.put_new(org, other, stolen):
        world.store.write(Put(put.item))
    answer = cluster.poll()
    assert [order.workspace_id for order in answer.orders] == [workspace_id]


def test_large_and_small_variables_come_back_from_one_question(world: World) -> None:
    """Variables of several chunks, of exactly one full chunk, small ones and none are read together, each whole."""
    org = world.organisation.id
    sizes = {"a": 700_000, "b": sealed.CHUNK_BYTES, "c": 10, "d": 2 * sealed.CHUNK_BYTES}
    stored = {f"ws-00000000000{name}": size for name, size in sizes.items()}
    for workspace_id, size in stored.items():
        content = bytes(n % 251 for n in range(size))
        for put in sealed.put_new(org, workspace_id, Sealed(b"key", content, workspace_id)):
            world.store.write(put)
    world.store.reset()
    found = sealed.load_items(world.store, org, [*stored, "ws-000000000none"])

    assert world.store.reads == 2
    assert {each: len(sealed.sealed_of(found[each]).ciphertext) for each in found} == stored
    assert sealed.sealed_of(found["ws-00000000000a"]).ciphertext == bytes(
        n % 251 for n in range(700_000)
    )
