"""What commands print: for people, for programs, and never for the terminal itself."""

import json
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from chalice.app import Chalice, Response

from berth_cli.failures import Exit
from berth_local.authority import Authority
from berth_local.gateway import serve
from tests.cli.installation import Ended, Json, Shell, berth_command, fields

HOSTILE = "\x1b]0;owned\x07\x1b[2J\r\N{RIGHT-TO-LEFT OVERRIDE}\x9b31mred\nactual:     Running"
"""Sets a window's title, clears a screen, goes back on the line, turns it round, colours it, forges a line."""
STEERING = "\x1b\x07\r\x9b\N{RIGHT-TO-LEFT OVERRIDE}"


def test_a_table_has_one_line_for_each(berth: Shell) -> None:
    """In a pipe each workspace is one line, however long it is, under the names of the columns."""
    names = ["short", "a-name-as-long-as-names-of-workspaces-may-be-without-any-trouble"[:63]]
    ids = [berth.installation.running(name)["id"] for name in names]

    head, *rows = berth("list").stdout.splitlines()

    assert head.split() == ["NAME", "ID", "DESIRED", "ACTUAL", "REASON", "AGE"]
    shown = {tuple(row.split()[:4]) for row in rows}
    assert shown >= {(n, i, "Running", "Running") for n, i in zip(names, ids, strict=True)}


def test_json_and_yaml_are_what_the_api_says(berth: Shell) -> None:
    """Programs get the API's own words, in either form, of one and of many."""
    made = berth.installation.running("for-programs")
    call = berth.installation.world.call
    path = f"/api/v1/workspaces/{made['id']}"
    wanted = call("GET", path, token=berth.installation.token).json_body

    assert berth("show", "for-programs", "-o", "json").json == wanted
    assert yaml.safe_load(berth("show", "for-programs", "-o", "yaml").stdout) == wanted
    assert wanted in berth("list", "-o", "json").json
    assert wanted in yaml.safe_load(berth("list", "-o", "yaml").stdout)


def test_show_tells_the_reason_and_what_to_do(berth: Shell) -> None:
    """A workspace that the cluster refused is shown with its reason and a hint."""
    made = berth.installation.create("refused")
    berth.installation.agent.refuse(made["id"], 1, "no room for it")

    shown = fields(berth("show", "refused").stdout)

    assert (shown["actual"], shown["desired"]) == ("Error", "Running")
    assert "no room for it" in shown["reason"]
    assert shown["what to do"]
    assert "ApplyInvalid" in berth("list").stdout


def test_events_are_told_oldest_first(berth: Shell) -> None:
    """The story of a workspace is read from above."""
    made = berth.installation.create("storied")
    berth.installation.world.clock.at += 2
    berth.installation.agent.report(made["id"], 1, 1)

    told = berth("events", "storied", "-o", "json").json

    assert [event["text"] for event in told] == ["Created.", "Running."]
    assert [line.split()[1] for line in berth("events", "storied").stdout.splitlines()] == [
        "EVENT",
        "created",
        "actual",
    ]


def test_the_address_to_open_is_printed(berth: Shell) -> None:
    """`open --print` gives the address alone on standard output; a stopped workspace is remarked on."""
    made = berth.installation.running("to-open")
    assert berth("open", "--print", "to-open") == Ended(
        Exit.DONE, f"https://7681-{made['id']}.ws.berth.test/\n", ""
    )
    berth.installation.agent.report(made["id"], 1, 0)

    ended = berth("open", "--print", "to-open")

    assert ended.stdout == f"https://7681-{made['id']}.ws.berth.test/\n"
    assert "`berth start to-open` runs it" in ended.stderr


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Environment of the command line for a control plane whose every text steers terminals."""
    app = Chalice(app_name="hostile")
    workspace: Json = {
        **dict.fromkeys(("id", "name", "owner_id", "agent_id", "editor", "url"), HOSTILE),
        **dict.fromkeys(("created_at", "desired_at", "actual_at"), "2026-01-01T00:00:00Z"),
        **dict.fromkeys(("generation", "acknowledged", "agent_online"), 1),
        "source": {"url": HOSTILE},
        "desired": "Running",
        "actual": "Error",
        "reason": {"code": HOSTILE, "message": HOSTILE, "hint": HOSTILE, "retrying": False},
    }

    @app.route("/api/v1/workspaces")
    def many() -> Json:
        return {"items": [workspace], "next": None}

    @app.route("/api/v1/workspaces/{name}")
    def one(name: str) -> Json | Response:
        problem = json.dumps({"detail": HOSTILE, "problems": [{"message": HOSTILE}]})
        headers: dict[str, str | list[str]] = {"Content-Type": "application/problem+json"}
        return Response(problem, headers, 404) if name == "ws-none" else workspace

    @app.route("/api/v1/workspaces/{name}/events")
    def events(name: str) -> Json:
        told = {"at": "2026-01-01T00:00:00Z", "kind": HOSTILE, "text": name + HOSTILE}
        return {"items": [told], "next": None}

    authority = Authority(tmp_path / "hostile")
    tls: ssl.SSLContext = authority.issue("berth.localhost", "127.0.0.1").server_context()
    server = serve(app, ("127.0.0.1", 0), tls)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield {
        "BERTH_URL": f"https://127.0.0.1:{server.server_address[1]}",
        "BERTH_CA_FILE": str(authority.certificate),
    }
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["show", "ws-any"],
        ["show", "ws-none"],
        ["show", "ws-any", "-o", "json"],
        ["show", "ws-any", "-o", "yaml"],
        ["events", "ws-any"],
        ["wait", "ws-any"],
        ["open", "--print", "ws-any"],
    ],
    ids=" ".join,
)
def test_no_text_steers_the_terminal(
    berth: Shell, hostile: dict[str, str], words: list[str]
) -> None:
    """Whatever a cluster or a control plane says, no control character and no forged line comes out."""
    environment = berth.installation.environment(berth.home, **hostile)
    # Read as bytes: reading as text would turn a carriage return into a line.
    done = subprocess.run(berth_command(*words), env=environment, capture_output=True, check=False)
    printed = (done.stdout + done.stderr).decode()

    assert "owned" in printed
    assert not set(printed) & set(STEERING)
    assert "\nactual:     Running" not in printed
