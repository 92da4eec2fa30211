"""Tokens that are made with tokens, while others are at it."""

from dataclasses import replace

import pytest

from chalicelib.ports.store import ConditionFailed
from chalicelib.usecases.access.tokens import list_tokens, make_token, revoke_token
from tests.builders import World


def test_no_token_is_made_with_one_that_is_being_revoked(world: World) -> None:
    """A token that is revoked between the question and the answer makes no other."""
    maker = make_token(world.ports, world.person, name="maker", lifetime_seconds=None).token
    acting = replace(world.person, token_id=maker.id)
    world.store.meanwhile = lambda: revoke_token(world.ports, world.person, maker.id)
    with pytest.raises(ConditionFailed):
        make_token(world.ports, acting, name="made", lifetime_seconds=None)

    assert list_tokens(world.ports, world.person) == []


def test_a_revocation_that_broke_off_is_finished_by_the_next(world: World) -> None:
    """Whoever asks again after the process died ends what the token had made, though it is gone itself."""
    maker = make_token(world.ports, world.person, name="maker", lifetime_seconds=None).token
    acting = replace(world.person, token_id=maker.id)
    make_token(world.ports, acting, name="made", lifetime_seconds=None)
    world.store.reset()
    world.store.die_at = 1
    with pytest.raises(world.store.dies_of):
        revoke_token(world.ports, world.person, maker.id)
    left = [token.name for token in list_tokens(world.ports, world.person)]
    world.store.die_at = None
    revoke_token(world.ports, world.person, maker.id)

    assert left == ["made"]
    assert list_tokens(world.ports, world.person) == []
