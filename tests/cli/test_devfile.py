"""``berth devfile`` needs no control plane: what it prints, how it ends, and what it reads."""

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import yaml

from berth_cli.failures import Exit
from tests.cli.installation import REPOSITORY

BASE = """\
schemaVersion: 2.2.0
components:
- name: dev
  container: {image: debian, env: [{name: A, value: '1'}]}
"""
CHILD = """\
schemaVersion: 2.2.2
parent:
  uri: ../base.yaml
  components: [{name: dev, container: {image: fedora}}]
"""


def berth(*words: str | Path, given: str = "") -> tuple[int, str, str]:
    """Run ``berth devfile`` to its end without any configuration: code, output, errors."""
    done = subprocess.run(
        [sys.executable, "-m", "berth_cli", "devfile", *map(str, words)],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"},
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a devfile in a folder, whose parent is above that folder."""
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    (tmp_path / "repository" / "app").mkdir()
    (tmp_path / "repository" / "base.yaml").write_text(BASE)
    (tmp_path / "repository" / "app" / "devfile.yaml").write_text(CHILD)
    (tmp_path / "outside.yaml").write_text(BASE)
    return tmp_path / "repository"


def test_what_can_be_used_ends_with_0(repository: Path) -> None:
    """A parent anywhere in the same repository is read."""
    file = repository / "app" / "devfile.yaml"
    assert berth("check", file) == (Exit.DONE, f"{file}: accepted\n", "")


def test_every_problem_has_a_line_that_editors_understand() -> None:
    """File, line and column come first, the code last, and the end is 1."""
    text = "schemaVersion: 2.2.0\nnonsense: 1\ncomponents: []\n"
    code, output, _ = berth("check", "-", given=text)
    lines = output.splitlines()
    assert code == Exit.FAILED
    assert lines[0].startswith("-:2:1: nonsense: The devfile has no `nonsense`")
    assert lines[0].endswith("[unknown-key]")
    assert lines[-1] == "-: refused, 2 problem(s)"


def test_a_problem_of_an_import_names_the_import(repository: Path) -> None:
    """As JSON, it has the file, path and line of where it was written."""
    (repository / "base.yaml").write_text(BASE.replace("name: A", "name: 1A"))
    code, output, _ = berth("check", "--json", repository / "app" / "devfile.yaml")
    answer = json.loads(output)
    (problem,) = answer["problems"]
    assert (code, answer["accepted"]) == (Exit.FAILED, False)
    assert (problem["code"], problem["file"], problem["line"]) == ("env-name", "base.yaml", 4)


@pytest.mark.parametrize(
    "uri, code",
    [("../../outside.yaml", "import-address"), ("../link.yaml", "import-refused")],
)
def test_nothing_outside_of_the_repository_is_read(repository: Path, uri: str, code: str) -> None:
    """Neither by a path nor by a link."""
    (repository / "link.yaml").symlink_to(repository.parent / "outside.yaml")
    file = repository / "app" / "devfile.yaml"
    file.write_text(CHILD.replace("../base.yaml", uri))
    _, output, _ = berth("check", "--json", file)
    assert [problem["code"] for problem in json.loads(output)["problems"]] == [code]


def test_the_strict_profile() -> None:
    """What runs here need not run in GitLab."""
    assert berth("check", "-", given=BASE)[0] == Exit.DONE
    code, output, _ = berth("check", "-", "--profile", "strict", given=BASE)
    assert code == Exit.FAILED
    assert "[strict]" in output


def test_flatten_prints_a_devfile_without_imports(repository: Path) -> None:
    """What comes out is accepted by itself, and has what the parent brought, overridden."""
    code, output, _ = berth("flatten", repository / "app" / "devfile.yaml")
    container = yaml.safe_load(output)["components"][0]["container"]
    assert code == Exit.DONE
    assert container == {"image": "fedora", "env": [{"name": "A", "value": "1"}]}
    assert berth("check", "-", given=output)[0] == Exit.DONE


def test_manifests_are_what_an_agent_would_apply(repository: Path) -> None:
    """Namespace first, Deployment last, the user's image within."""
    code, output, _ = berth("manifests", repository / "app" / "devfile.yaml")
    objects = list(yaml.safe_load_all(output))
    kinds = [each["kind"] for each in objects]
    pod = objects[-1]["spec"]["template"]["spec"]
    assert code == Exit.DONE
    assert (kinds[0], kinds[-1]) == ("Namespace", "Deployment")
    assert [each["image"] for each in pod["containers"]] == ["fedora"]
    assert "&id" not in output


def test_an_editor_that_is_not_there_is_said() -> None:
    """The message names the editors that are."""
    code, _, errors = berth("manifests", "-", "--editor", "ed", given=BASE)
    assert code == Exit.FAILED
    assert "There is no editor ed" in errors


@pytest.fixture
def asked() -> Iterator[tuple[str, Sequence[str]]]:
    """Address of a server, and the paths it was asked for."""
    paths: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}", paths
    server.shutdown()
    thread.join()
    server.server_close()


def test_no_host_is_asked_that_is_not_allowed(asked: tuple[str, Sequence[str]]) -> None:
    """Without a word nothing is dialled; the answer says which option would allow it."""
    host, paths = asked
    text = f"schemaVersion: 2.2.0\nparent: {{uri: 'https://{host}/devfile.yaml'}}\n"
    code, output, _ = berth("check", "-", given=text)
    assert code == Exit.FAILED
    assert f"--allow-host {host}" in output
    assert paths == []


def test_an_allowed_host_that_does_not_speak_tls_is_unreachable(
    asked: tuple[str, Sequence[str]],
) -> None:
    """The devfile is not to blame, so the code is another one, and nothing goes out in clear."""
    host, paths = asked
    text = f"schemaVersion: 2.2.0\nparent: {{id: node, registryUrl: 'https://{host}'}}\n"
    code, _, errors = berth("check", "-", "--allow-host", host, given=text)
    assert code == Exit.UNREACHABLE
    assert f"https://{host}/devfiles/node does not answer" in errors
    assert paths == []


def test_a_devcontainer_is_read_by_its_name(repository: Path) -> None:
    """It is checked with its own lines, and printed as the devfile that it is read as."""
    file = repository / ".devcontainer" / "devcontainer.json"
    file.parent.mkdir()
    file.write_text(
        '{ // ours\n "image": "debian",\n "customizations": {}, "forwardPorts": [80],\n}'
    )
    code, output, _ = berth("check", file)
    notice, verdict = output.splitlines()
    assert (code, verdict) == (Exit.DONE, f"{file}: accepted")
    assert notice.startswith(f"{file}:3:2: notice: customizations: ")
    _, flat, _ = berth("flatten", file)
    (component,) = yaml.safe_load(flat)["components"]
    assert component["container"]["endpoints"] == [{"name": "port-80", "targetPort": 80}]
    assert berth("check", "-", given=flat)[0] == Exit.DONE
