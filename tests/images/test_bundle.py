"""The bundle in users' images: everything runs, for any user, on nothing of the image."""

import json
import random
import re
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import websocket

from berth_local.loopback import free_port
from tests.images.gitserver import GitServer, git_server
from tests.images.pod import Pod

pytestmark = pytest.mark.cluster
RANDOM_USER = random.SystemRandom().randrange(1_000_000_000, 2_000_000_000)
HOSTILE = {
    "LD_PRELOAD": "/nowhere/a.so",
    "LD_LIBRARY_PATH": "/nowhere",
    "PYTHONHOME": "/nowhere",
    "LOCPATH": "/nowhere",
}
DEADLINE = 15.0
_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


@pytest.fixture(params=[33333, RANDOM_USER], ids=["33333", "random"])
def pod(request: pytest.FixtureRequest, image: Path, bundle: Path, tmp_path: Path) -> Pod:
    """A pod of one of the images, as the usual or as any user, in a hostile environment."""
    return Pod(
        image, bundle, request.param, tmp_path, {**HOSTILE, "BERTH_WORKSPACE_NAME": "a <b> c"}
    )


def answer(port: int, path: str) -> str:
    """What the server says, as soon as it says anything."""
    deadline = time.monotonic() + DEADLINE
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
                text: str = response.read().decode()
                return text
        except OSError:
            if time.monotonic() > deadline:
                raise
            threading.Event().wait(0.02)


@pytest.fixture
def terminal(pod: Pod) -> Iterator[int]:
    """The port of a running web terminal."""
    port = free_port()
    with pod.started("/.berth/bin/dash", "/.berth/start", "terminal", str(port)):
        assert answer(port, "/healthz") == "ok\n"
        yield port


class Shell:
    """A terminal's WebSocket, used as the page uses it."""

    def __init__(self, port: int) -> None:
        self.socket = websocket.create_connection(f"ws://127.0.0.1:{port}/ws", timeout=DEADLINE)
        self.socket.send(json.dumps(["set_size", 40, 150]))
        self._written = ""

    @property
    def seen(self) -> str:
        """What the terminal wrote, without the sequences that move and colour: a multiplexer that
        draws its screen anew puts some between any two lines (ECMA-48, 5.4)."""
        return _SEQUENCE.sub("", self._written)

    def type(self, line: str) -> None:
        self.socket.send(json.dumps(["stdin", f"{line}\r"]))

    def read_until(self, pattern: str) -> str:
        """The first match of `pattern` in what the terminal wrote so far and from now on."""
        deadline = time.monotonic() + DEADLINE
        while not (found := re.search(pattern, self.seen)):
            assert time.monotonic() < deadline, f"no {pattern!r} in {self.seen!r}"
            try:
                kind, *rest = json.loads(self.socket.recv())
            except websocket.WebSocketTimeoutException:
                raise AssertionError(f"no {pattern!r} in {self.seen!r}") from None
            self._written += rest[0] if kind == "stdout" else ""
        return found[0]


@pytest.fixture
def shell(terminal: int) -> Iterator[Callable[[], Shell]]:
    """Opens the terminal, as often as asked."""
    opened: list[Shell] = []

    def open_one() -> Shell:
        opened.append(Shell(terminal))
        return opened[-1]

    yield open_one
    for one in opened:
        one.socket.close()


def test_a_shell_runs_over_the_websocket(shell: Callable[[], Shell], pod: Pod) -> None:
    """What is typed runs in a shell of the image or, if there is none, of the bundle, as the pod's user."""
    terminal = shell()

    terminal.type("echo user $((6 * 7)) $(id -u)")

    assert terminal.read_until(r"user 42 \d+") == f"user 42 {pod.user_id}"


def test_the_shell_gets_the_images_environment_back(shell: Callable[[], Shell]) -> None:
    """Variables that would lead our programs astray are kept from them, not from the user's shell."""
    terminal = shell()

    terminal.type('echo "<$LD_LIBRARY_PATH|$LOCPATH|$PYTHONHOME>"')
    terminal.type(
        "/.berth/bb/env | /.berth/bb/grep -cE '^(COLUMNS|LINES|BERTH_IMAGE_.*)='; echo en'd'"
    )

    assert terminal.read_until(r"</nowhere.*?>") == "</nowhere|/nowhere|/nowhere>"
    assert terminal.read_until(r"\d+\s+end").split() == ["0", "end"]


def test_a_reload_keeps_the_session(shell: Callable[[], Shell]) -> None:
    """A second connection finds the shell of the first one, with its variables."""
    first = shell()
    first.type("kept=still-$((40 + 2)); echo ready-$kept")
    first.read_until("ready-still-42")
    first.socket.close()
    second = shell()

    second.type("echo again-$kept")

    assert second.read_until("again-still-42")


def test_the_page_needs_nothing_from_elsewhere(terminal: int) -> None:
    """The page escapes the workspace's name and loads only what the server itself has."""
    page = answer(terminal, "/")
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)

    assert "<title>a &lt;b&gt; c</title>" in page
    assert sources
    assert all(answer(terminal, f"/{source}") for source in sources)
    assert not [source for source in sources if "//" in source]


def test_the_tools_run(pod: Pod) -> None:
    """Git commits, Vim writes, curl and Python speak TLS with the public authorities, the user has a name."""
    script = """
    set -eu
    export PATH=/.berth/ubin:/.berth/bb GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@localhost \
      GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@localhost
    unset PYTHONHOME
    cd /projects && git init -q one && cd one
    vim -u NONE -es -c 'call setline(1, "written")' -c 'wq' file </dev/null || true
    git add file && git commit -q -m first && echo "git $(git log --format=%s): $(cat file)"
    curl --version | head -1
    python3 -I -c 'import ssl, sqlite3, ctypes; print("authorities", len(ssl.create_default_context().get_ca_certs()))'
    git --no-pager -c alias.x='!echo alias' --exec-path
    tmux -V
    less --version | head -1
    """

    output = pod.output("/.berth/bin/dash", "-c", script)

    assert "git first: written" in output
    assert "/.berth" in output
    assert "tmux 3." in output
    assert "less " in output
    assert "curl 7." in output
    authorities = re.search(r"authorities (\d+)", output)
    assert authorities
    assert int(authorities[1]) > 100


def test_the_containers_own_command_runs_beside_the_terminal(pod: Pod) -> None:
    """`BERTH_COMMAND` runs with the image's environment; its end is logged and the terminal stays."""
    command = json.dumps(["/.berth/bin/dash", "-c", "echo own $LOCPATH > /projects/own; exit 3"])
    own = Pod(
        pod.image,
        pod.bundle,
        pod.user_id,
        pod.folder,
        {**pod.environment, "BERTH_COMMAND": command},
    )
    port = free_port()
    log = own.run / "log" / "command.log"

    with own.started("/.berth/bin/dash", "/.berth/start", "terminal", str(port)):
        answer(port, "/healthz")
        deadline = time.monotonic() + DEADLINE
        while not (log.exists() and "ended" in log.read_text()):
            assert time.monotonic() < deadline
            threading.Event().wait(0.02)
        assert answer(port, "/healthz") == "ok\n"

    assert "ended with status 3" in log.read_text()
    assert (own.projects / "own").read_text() == "own /nowhere\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    """A git server with one repository, behind a certificate of an authority of its own."""
    with git_server(tmp_path_factory.mktemp("git")) as server:
        server.git("init", "-q", "-b", "main", "sample")
        (server.root / "sample/file").write_text("cloned")
        server.git("-C", "sample", "add", "file")
        server.git("-C", "sample", "commit", "-q", "-m", "first")
        yield server


def test_a_project_is_cloned_by_the_bundle_and_pulled_in_the_terminal(
    pod: Pod, server: GitServer
) -> None:
    """The cloner and then the user's git trust the authority of `BERTH_CA_FILE`, on any image, as any user."""
    project = {"name": "sample", "remotes": {"origin": f"{server.address}/sample"}}
    settings = {
        **pod.environment,
        "BERTH_PROJECTS": json.dumps([project]),
        "PROJECTS_ROOT": "/projects",
        "PROJECT_SOURCE": "/projects/sample",
        "BERTH_CA_FILE": "/.berth-run/authority.pem",
    }
    own = Pod(pod.image, pod.bundle, pod.user_id, pod.folder, settings)
    own.run.mkdir()
    (own.run / "authority.pem").write_bytes(server.authority.read_bytes())

    said = own.output(
        "/.berth/bin/busybox",
        "env",
        "-u",
        "LD_PRELOAD",
        "/.berth/bin/python3",
        "-I",
        "/.berth/clone.py",
    )
    port = free_port()
    with own.started("/.berth/bin/dash", "/.berth/start", "terminal", str(port)):
        answer(port, "/healthz")
        terminal = Shell(port)
        terminal.type("/.berth/bin/git pull && cat file && pwd")
        terminal.read_until(r"up to date[\s\S]*cloned/projects/sample")
        terminal.socket.close()

    assert said == f"sample cloned from {server.address}/sample\n"
    assert (own.projects / "sample/file").read_text() == "cloned"


def test_a_home_that_cannot_be_written_does_not_end_the_workspace(pod: Pod) -> None:
    """`start` takes another folder as the home and says so."""
    own = Pod(
        pod.image,
        pod.bundle,
        pod.user_id,
        pod.folder,
        {"HOME": "/proc/none", "BERTH_CA_FILE": "/absent"},
    )
    port = free_port()

    with own.started("/.berth/bin/dash", "/.berth/start", "terminal", str(port)):
        answer(port, "/healthz")
        terminal = Shell(port)
        terminal.type("echo home=$HOME=")
        assert terminal.read_until("home=/[^=]+") == "home=/.berth-run/home"
        terminal.socket.close()

    assert "HOME=/proc/none cannot be written" in own.said
    assert "BERTH_CA_FILE=/absent cannot be read" in own.said


def test_an_unknown_editor_is_refused(pod: Pod) -> None:
    """`start` names the editors that there are."""
    output = pod.output("/.berth/bin/dash", "/.berth/start", "emacs", "7681")

    assert "there is no editor 'emacs'" in output


def test_no_library_of_the_image_is_opened(bundle: Path, image: Path, tmp_path: Path) -> None:
    """By strace: our programs open no shared object and no unknown system file outside the bundle."""
    trace = tmp_path / "trace"
    pod = Pod(image, bundle, 33333, tmp_path, {**HOSTILE, "SHELL": "/.berth/bin/bash"})
    port = free_port()
    tracer = f"strace -f -qq -e trace=open,openat,execve -o {trace}"

    with pod.started("/.berth/bin/dash", "/.berth/start", "terminal", str(port), tracer=tracer):
        answer(port, "/healthz")
        shell = Shell(port)
        shell.type(
            "PATH=/.berth/ubin:/.berth/bb; cd; git init -q x; git -C x status; vim --version; echo do'ne'"
        )
        shell.read_until("done")
        shell.socket.close()

    calls = trace.read_text()
    assert '"/.berth/bin/git"' in calls or '"/.berth/ubin/git"' in calls
    inside = calls[calls.index('execve("/.berth/bin/dash"') :]
    opened = set(
        re.findall(
            r'(?:open|openat|execve)\((?:AT_FDCWD, )?"(/(?!\.berth)[^"]+)"[^\n]*= \d', inside
        )
    )
    system = {path for path in opened if path.startswith(("/lib", "/usr", "/etc", "/bin", "/opt"))}
    system = {
        path for path in system if "/terminfo/" not in path
    }  # descriptions of terminals are data
    allowed = {
        "/etc/passwd",
        "/etc/group",
        "/etc/hosts",
        "/etc/host.conf",
        "/etc/resolv.conf",
        "/etc/localtime",
    }
    allowed |= {
        "/etc/bash.bashrc",
        "/etc/selinux/config",
        "/etc/gitconfig",
        "/etc/vim/vimrc.local",
        "/etc/inputrc",
    }
    assert system <= allowed


def test_an_init_container_can_copy_the_bundle_twice(pod: Pod) -> None:
    """The image's command copies all as any user, again after a restart too, and keeps links and permissions."""
    copy = ["/.berth/bin/busybox", "cp", "-RPf", "/.berth/.", "/projects/"]

    complaints = [pod.output(*copy) for _ in range(2)]

    assert complaints == ["", ""]
    compare = ["diff", "-r", "--no-dereference", str(pod.bundle), str(pod.projects)]
    assert subprocess.run(compare, capture_output=True, check=False).stdout == b""
    assert (pod.projects / "bin/git").stat().st_mode & 0o777 == 0o755
