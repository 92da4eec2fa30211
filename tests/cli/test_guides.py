"""The commands of how-to guides, as they are written there."""

import json
import os
import re
import signal
import ssl
import subprocess
from pathlib import Path
from urllib.request import urlopen

import yaml

from berth_cli.failures import Exit
from berth_local.authority import Authority
from berth_local.loopback import free_port
from berth_local.waiting import wait_until
from tests.cli.installation import REPOSITORY, Shell


def blocks(guide: str) -> list[str]:
    """The shell blocks of a guide, without the indentation of the list that they are in."""
    text = (REPOSITORY / "docs" / "how-to" / f"{guide}.md").read_text()
    found = re.findall(r"^( *)```sh\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [re.sub(f"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]


def test_an_agent_is_registered_and_its_manifest_written(berth: Shell, tmp_path: Path) -> None:
    """The commands register an agent, keep its token, and leave no placeholder in the manifest."""
    register, install, *_ = blocks("register-an-agent")
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

    token = (tmp_path / "agent-token").read_text()
    hello = {"epoch": 1, "instance": "i", "namespace": "berth"}
    answer = installation.world.call("POST", "/agent/v1/prerequisites", token=token, body=hello)
    assert answer.status_code == 200
    manifest = (tmp_path / "agent.yaml").read_text()
    assert "@" not in "".join(line for line in manifest.splitlines() if not line.startswith("#"))
    assert len(list(yaml.safe_load_all(manifest))) > 10
    images = json.loads(register.partition("<<'EOF' |\n")[2].partition("EOF")[0])["settings"]
    assert images["tools_image"].startswith("registry.example.org/berth/")


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
