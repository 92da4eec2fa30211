"""Signing in the command line through the browser."""

from chalicelib.domain.access.roles import Role
from tests.api.world import World


def test_the_command_line_gets_a_token_by_a_grant(world: World) -> None:
    """A grant made in the browser is exchanged once, by who knows its verifier, within a minute."""
    verifier, challenge = "v" * 43, "7w_YNF9DSfIdPf_pRjSq646_kPr-2-o9NAl16JGghdM"
    member = world.member(Role.DEVELOPER)
    session = world.session(member)

    def code() -> str:
        made = world.browse("POST", "/api/v1/tokens/grants", session, body={"challenge": challenge})
        return str(made.json_body["code"])

    def exchange(code: str, verifier: str = verifier) -> int:
        got = world.call(
            "POST", "/api/v1/tokens/exchange", body={"code": code, "verifier": verifier}
        )
        return int(got.status_code)

    once, late = code(), code()
    assert exchange(once, "w" * 43) == 401
    got = world.call("POST", "/api/v1/tokens/exchange", body={"code": once, "verifier": verifier})
    assert (
        world.call("GET", "/api/v1/me", token=got.json_body["token"]).json_body["id"] == member.id
    )
    assert exchange(once) == 401
    world.clock.at += 61
    assert exchange(late) == 401
