"""One execution environment of a function: the deployed zip under AWS's own interface emulator, in bubblewrap.

It sees `/var/task`, `/var/runtime`, Python with its standard library and `/tmp`, all but the last read-only, and the
environment that Lambda gives; the network is this machine's loopback, where the emulator is.
"""

import hashlib
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

TEMPORARY_BYTES = 512 * 1024 * 1024
START_SECONDS = 20
_GRACE_SECONDS = 15
"""What is allowed beyond the function's own limit, which the interface emulator keeps."""

_spawner = ThreadPoolExecutor(1, "spawner")
"""`--die-with-parent` means the thread that forked: this one lives as long as the emulator."""
_unpacking = threading.Lock()


class Parts(NamedTuple):
    """What all sandboxes are made of."""

    runtime: Path
    """Becomes `/var/runtime`: what AWS's runtime brings."""
    interface: Path
    """AWS's Runtime Interface Emulator."""
    endpoint: str
    """Where functions find AWS; the only variable that AWS would not set."""
    folder: Path
    """Where sandboxes keep their files."""


class SandboxFailed(Exception):
    """A sandbox did not start, or ended."""


@dataclass(frozen=True)
class Function:
    """A deployed function: its configuration as Lambda keeps it, its archive, its role's credentials."""

    configuration: Mapping[str, Any]
    archive: bytes = field(repr=False)
    credentials: Mapping[str, str] = field(repr=False)

    @property
    def seconds(self) -> int:
        """How long one call may take."""
        return int(self.configuration.get("Timeout", 3))

    def environment(self, endpoint: str) -> dict[str, str]:
        """Return the variables that a function sees (Lambda's developer guide, 'Defined runtime environment variables')."""
        chosen = self.configuration
        region = chosen["FunctionArn"].split(":")[3]
        own = (chosen.get("Environment") or {}).get("Variables", {})
        return {
            **own,
            **self.credentials,
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{chosen['Runtime']}",
            "AWS_LAMBDA_FUNCTION_NAME": chosen["FunctionName"],
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(self.seconds),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(chosen.get("MemorySize", 128)),
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_HANDLER": chosen["Handler"],
            "_HANDLER": chosen["Handler"],
            "LAMBDA_TASK_ROOT": "/var/task",
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "PYTHONPATH": "/var/runtime",
            "PATH": "/usr/bin:/bin",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
        }


class Sandbox:
    """Runs one call at a time; several are for calls at the same moment."""

    def __init__(self, function: Function, parts: Parts) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="function-", dir=parts.folder))
        task = _unpacked(function.archive, parts.folder)
        self._port = _free_port()
        self._log = (self._folder / "log").open("w+b")
        self._read = 0
        command = _command(function, parts, task, self._port)
        environment = function.environment(parts.endpoint)
        self._process = _spawner.submit(_spawn, command, environment, self._log).result()
        try:
            self._await_start()
        except SandboxFailed:
            self.end()
            raise

    def call(self, event: object, seconds: float) -> tuple[bytes, str]:
        """Return what the function answers and what it has logged meanwhile. Raises SandboxFailed."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}/2015-03-31/functions/function/invocations",
            json.dumps(event).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=seconds + _GRACE_SECONDS) as answer:
                body: bytes = answer.read()
        except urllib.error.HTTPError as refusal:
            body = refusal.read()
        except OSError as error:
            raise SandboxFailed(f"{error}: {self._logged()}") from error
        return body, self._logged()

    def end(self) -> None:
        """End it with every process in it, and leave nothing."""
        self._process.kill()
        self._process.wait()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _await_start(self) -> None:
        pause = threading.Event()
        for _ in range(START_SECONDS * 500):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 0.2):
                return
            if self._process.poll() is not None:
                break
            pause.wait(0.002)
        raise SandboxFailed(f"the sandbox did not start: {self._logged()[-2000:]}")

    def _logged(self) -> str:
        """What was logged since the last look."""
        number = self._log.fileno()
        text = os.pread(number, os.fstat(number).st_size - self._read, self._read)
        self._read += len(text)
        return text.decode(errors="replace")


def _unpacked(archive: bytes, folder: Path) -> Path:
    """Return the unpacked archive, which all sandboxes of the same code share: they cannot write to it."""
    target = folder / f"code-{hashlib.sha256(archive).hexdigest()[:32]}"
    with _unpacking:
        if not target.exists():
            partial = folder / f".{target.name}"
            zipfile.ZipFile(io.BytesIO(archive)).extractall(partial)
            partial.rename(target)
    return target


def _spawn(
    command: list[str], environment: Mapping[str, str], log: BinaryIO
) -> subprocess.Popen[bytes]:
    # By the environment and not by bubblewrap's arguments, which everybody on the machine can read.
    return subprocess.Popen(
        command, env=environment, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log
    )


def _command(function: Function, parts: Parts, task: Path, port: int) -> list[str]:
    words = ["/usr/bin/bwrap", "--die-with-parent"]
    words += ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-user"]
    words += ["--uid", "993", "--gid", "990"]  # as on Lambda: nobody in particular
    for source, target in (
        ("/usr", "/usr"),
        (sys.base_prefix, sys.base_prefix),
        (str(task), "/var/task"),
        (str(parts.runtime), "/var/runtime"),
        (str(parts.interface), "/opt/interface"),
        ("/etc/hosts", "/etc/hosts"),
        ("/etc/ssl", "/etc/ssl"),
    ):
        words += ["--ro-bind", source, target]
    for name in ("lib", "lib64", "bin"):
        words += ["--symlink", f"usr/{name}", f"/{name}"]
    words += ["--proc", "/proc", "--dev", "/dev", "--size", str(TEMPORARY_BYTES), "--tmpfs", "/tmp"]  # noqa: S108 - the sandbox's own
    words += ["--remount-ro", "/", "--chdir", "/var/task"]
    words += ["/opt/interface", "--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
    words += ["--runtime-api-address", f"127.0.0.1:{_free_port()}", "--log-level", "error"]
    # The emulator's own interpreter; -S: neither this machine's packages nor the emulator's are to be found.
    return [*words, sys.executable, "-S", "-m", "awslambdaric", function.configuration["Handler"]]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
