"""The commands of how-to guides, as they are written there."""

import json
import os
import re
import shlex
import signal
import ssl
import subprocess
from pathlib import Path
from urllib.request import urlopen

import yaml
from jsonschema import validate

from berth_cli.failures import Exit
from berth_local.authority import Authority
from berth_local.loopback import free_port
from berth_local.waiting import wait_until
from chalicelib.wire import VERSION
from tests.cli.installation import REPOSITORY, Shell


def blocks(guide: str) -> list[str]:
    """The shell blocks of a guide, without the indentation of the list that they are in."""
    text = (REPOSITORY / "docs" / "how-to" / f"{guide}.md").read_text()
    found = re.findall(r"^( *)```sh\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [re.sub(f"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]


def test_an_agent_is_registered_and_its_manifest_written(berth: Shell, tmp_path: Path) -> None:
    """Without Helm, the commands register an agent, keep its token, and leave no placeholder in the manifest."""
    register, install = blocks("register-an-agent")[-2:]
    installation = berth.installation
    (tmp_path / "infra").symlink_to(REPOSITORY / "infra")
    write = install.replace("| kubectl apply -f -", "> agent.yaml").partition("rm agent-token")[0]
    assert write != install

    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", register + write],
        cwd=tmp_path,
        env=installation.environment(tmp_path, CURL_CA_BUNDLE=str(installation.authority)),
        check=True,
        capture_output=True,
    )

    assert is_taken((tmp_path / "agent-token").read_text(), berth)
    manifest = (tmp_path / "agent.yaml").read_text()
    assert "@" not in "".join(line for line in manifest.splitlines() if not line.startswith("#"))
    assert len(list(yaml.safe_load_all(manifest))) > 10
    images = json.loads(register.partition("<<'EOF' |\n")[2].partition("EOF")[0])["settings"]
    assert images["tools_image"] == f"registry.example.org/berth/berth-tools-base:{VERSION}"


def test_one_command_installs_an_agent(berth: Shell, tmp_path: Path) -> None:
    """The command of the guide registers an agent; the token it is given is taken, and in its file alone."""
    first, values, *_ = blocks("register-an-agent")
    _, *words = shlex.split(first)

    ended = berth(*words, "--secret", str(tmp_path / "secret.yaml"))

    assert ended.code == Exit.DONE, ended.stderr
    assert "berth_agt_" not in ended.stdout + ended.stderr
    secret = tmp_path / "secret.yaml"
    assert secret.stat().st_mode & 0o077 == 0
    token = json.loads(secret.read_text())["items"][1]["stringData"]["token"]
    assert is_taken(token, berth)
    (agent,) = [
        each for each in berth("agent", "list", "-o", "json").json if each["name"] == "cluster-1"
    ]
    prefix = "registry.example.org/berth"
    assert agent["settings"]["proxy_image"] == f"{prefix}/berth-proxy:{VERSION}"
    kubectl, remove, helm = (shlex.split(each) for each in ended.stdout.split(" && "))
    assert kubectl == ["kubectl", "apply", "--server-side", "-f", str(secret)]
    assert remove == ["rm", str(secret)]
    assert f"controlPlane.url={berth.installation.url}" in helm
    given = yaml.safe_load(values.partition("<<'EOF'\n")[2].partition("EOF")[0])
    schema = json.loads((REPOSITORY / "infra/chart/values.schema.json").read_text())
    validate(given | {"controlPlane": {"url": "https://berth.example.org"}}, schema)


def test_an_agent_is_installed_again_with_a_new_token(berth: Shell, tmp_path: Path) -> None:
    """One that is registered gets another token; a file that is there is never written over."""
    agent, secret = berth.installation.agent.id, tmp_path / "secret.yaml"
    words = ("agent", "install", agent, "--secret", str(secret))
    assert berth(*words).code == Exit.DONE
    kept = secret.read_text()
    assert is_taken(json.loads(kept)["items"][1]["stringData"]["token"], berth)

    again = berth(*words)

    assert again.code == Exit.USAGE
    assert "--secret FILE" in again.stderr
    assert secret.read_text() == kept


def test_a_new_agent_needs_its_zone(berth: Shell, tmp_path: Path) -> None:
    """Nothing is registered without it, and no file is left."""
    ended = berth("agent", "install", "nowhere", "--secret", str(tmp_path / "secret.yaml"))
    assert ended.code == Exit.USAGE
    assert "--zone" in ended.stderr
    assert not (tmp_path / "secret.yaml").exists()


def is_taken(token: str, berth: Shell) -> bool:
    """Whether the control plane takes an agent's token."""
    hello = {"epoch": 1, "instance": "i", "namespace": "berth"}
    world = berth.installation.world
    return world.call("POST", "/agent/v1/prerequisites", token=token, body=hello).status_code == 200


def test_the_control_plane_runs_on_one_machine(tmp_path: Path) -> None:
    """The settings and the command of the guide serve the API, and end on SIGTERM with 0."""
    settings, serve, *_ = blocks("run-on-one-machine")
    authority = Authority(tmp_path / "authority")
    certificate = authority.issue("localhost")
    port = free_port()
    script = (settings + serve.replace(".venv/bin/python", "exec .venv/bin/python")).replace(
        "/etc/berth/tls.crt", str(certificate.chain)
    )
    script = script.replace("/etc/berth/tls.key", str(certificate.key)).replace("443", str(port))
    script = script.replace("/var/lib/berth", str(tmp_path / "var")).replace("/etc", str(tmp_path))
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    trust = ssl.create_default_context(cafile=str(authority.certificate))

    def answers() -> bool:
        try:
            with urlopen(f"https://localhost:{port}/healthz", context=trust) as answer:
                return bool(json.load(answer)["status"] == "ok")
        except OSError:
            return False

    with subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            wait_until(answers, "the control plane did not start", seconds=30)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()
        assert process.stdout is not None
        listening, *lines = process.stdout.read().splitlines()
    assert listening == f"listening on 0.0.0.0:{port}"
    assert {json.loads(line)["route"] for line in lines} == {"/healthz"}
    for secret in ("berth.env", "var/master.key"):
        assert (tmp_path / secret).stat().st_mode & 0o077 == 0


def test_the_devfile_of_the_tutorial_is_taken(berth: Shell, tmp_path: Path) -> None:
    """The tutorial's devfile makes a workspace, and with the fault that it plants is refused with its line."""
    page = (REPOSITORY / "docs" / "tutorials" / "first-workspace.md").read_text()
    text = page.partition("```yaml\n")[2].partition("```")[0]
    devfile = tmp_path / "small.devfile.yaml"
    words = ("create", "small", "--devfile", str(devfile), "--agent", berth.installation.agent.id)
    devfile.write_text(text)
    assert berth(*words, "--no-wait").code == Exit.DONE
    devfile.write_text(text.replace("256Mi", "a lot"))

    ended = berth(*words)

    assert ended.code == Exit.REFUSED
    assert "  - line 8, column " in ended.stderr
