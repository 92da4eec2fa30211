"""Agents as the control plane knows them: online or not, fenced, and what their proxy is made of."""

from base64 import b64decode

from tests.api.world import World


def test_a_new_agent_is_offline_until_heard(world: World) -> None:
    """An agent is online from its first message until it is silent for three intervals."""
    agent = world.agent()
    path = f"/api/v1/agents/{agent.agent.id}"
    assert world.call("GET", path, token=world.token()).json_body["online"] is False
    first = {"epoch": 1, "instance": "pod-a", "version": "0.1", "namespace": "berth-agent"}
    answered = world.call(
        "POST", "/agent/v1/prerequisites", token=agent.token, body=first
    ).json_body
    shown = world.call("GET", path, token=world.token()).json_body
    assert (shown["online"], shown["instance"]) == (True, "pod-a")
    assert {"Deployment", "Service", "Secret"} <= {each["kind"] for each in answered["objects"]}
    assert {each["metadata"]["namespace"] for each in answered["objects"]} == {"berth-agent"}
    world.clock.at += 91
    assert world.call("GET", path, token=world.token()).json_body["online"] is False


def test_an_older_instance_is_fenced(world: World) -> None:
    """An instance that lost its lease gets no prerequisites and changes nothing."""
    agent = world.agent()
    message = {"epoch": 2, "instance": "new", "namespace": "a"}
    world.call("POST", "/agent/v1/prerequisites", token=agent.token, body=message)
    late = world.call(
        "POST",
        "/agent/v1/prerequisites",
        token=agent.token,
        body={**message, "epoch": 1, "instance": "old"},
    )
    assert (late.status_code, late.json_body["code"]) == (409, "fenced")
    shown = world.call("GET", f"/api/v1/agents/{agent.agent.id}", token=world.token()).json_body
    assert shown["instance"] == "new"


def test_prerequisites_carry_a_working_proxy_credential(world: World) -> None:
    """The proxy's Secret holds the token with which it is let in, and a repeated message changes nothing."""
    agent = world.agent()
    message = {"epoch": 1, "instance": "a", "namespace": "berth-agent"}
    first, second = (
        world.call("POST", "/agent/v1/prerequisites", token=agent.token, body=message).json_body
        for _ in range(2)
    )
    assert first["digest"] == second["digest"]
    secrets = [each for each in first["objects"] if each["kind"] == "Secret"]
    held = [b64decode(value).decode() for secret in secrets for value in secret["data"].values()]
    assert held == [world.proxy(agent)]


def test_an_audit_record_is_written_for_each_change(world: World) -> None:
    """Registering, rotating and retiring an agent leave one audit record each, naming who and what."""
    token = world.token()
    agent = world.call(
        "POST", "/api/v1/agents", token=token, body={"name": "a", "settings": {"zone": "a.b"}}
    ).json_body
    for verb in ("rotate", "retire"):
        world.call("POST", f"/api/v1/agents/{agent['id']}/{verb}", token=token, body={})
    audit = world.store.query(f"ORG#{world.organisation}#AUDIT").items
    told = [
        (i.attributes["actor"], i.attributes["action"])
        for i in audit
        if i.attributes["subject"] == agent["id"]
    ]
    assert sorted(told) == [
        (world.owner.id, f"agents:{verb}") for verb in ("register", "retire", "rotate")
    ]


def test_a_rotation_at_once_ends_a_stolen_token_and_what_it_fenced(world: World) -> None:
    """A thief with the highest epoch fences the true agent until the token is rotated, and no longer."""
    agent = world.agent()
    said = {"update_type": "partial", "instance": "a"}

    def reconcile(token: str, epoch: int, **more: object) -> tuple[int, dict[str, object]]:
        body = said | {"epoch": epoch} | more
        answer = world.call("POST", "/agent/v1/reconcile", token=token, body=body)
        return answer.status_code, dict(answer.json_body)

    era = reconcile(agent.token, 3)[1]["era"]
    stolen = world.proxy(agent)
    assert reconcile(agent.token, 2**32 - 1)[0] == 200
    assert reconcile(agent.token, 3)[0] == 409
    path = f"/api/v1/agents/{agent.agent.id}/rotate"
    token = world.call("POST", path, token=world.token(), body={"overlap_seconds": 0}).json_body[
        "token"
    ]
    status, answer = reconcile(token, 3, era=era, reports=[])
    assert (status, answer["receipts"], answer["orders"]) == (200, [], [])
    assert reconcile(token, 3, era=answer["era"])[0] == 200
    assert reconcile(token, 3)[0] == 200
    assert reconcile(agent.token, 2**32 - 1)[0] == 401
    asked: dict[str, list[str]] = {"admission_ids": []}
    refused = world.call("POST", "/agent/v1/admissions/recheck", token=stolen, body=asked)
    assert refused.status_code == 401
