"""Helm, built from the Go module beside this file and pinned by its `go.mod` and `go.sum`.

A module of its own: what it needs is never a reason to build Kubernetes anew. Its versions are those of the cluster's
module where both have one, so most of it is compiled already where a cluster was built.
"""

from pathlib import Path

from berth_local.cluster.binaries import (
    Report,
    Tool,
    alone,
    compile_program,
    digest_of,
    go_command,
    pinned_version,
)

MODULE = Path(__file__).parent / "helm_module"
_HELM, _CLIENT = "helm.sh/helm/v3", "k8s.io/client-go"


def build(cache: Path, report: Report = lambda _line: None) -> Path:
    """Build Helm if it is not there, and return its path.

    :raises ClusterError: no Go, or the compiler failed.
    """
    version = pinned_version(_HELM, MODULE)
    sources = [MODULE / "go.mod", MODULE / "go.sum", Path(__file__)]
    target = cache / f"helm-{version.removeprefix('v')}" / digest_of(sources)
    program = target / "helm"
    if not program.exists():
        target.mkdir(parents=True, exist_ok=True)
        with alone(target / "lock", report):
            if not program.exists():
                report("building helm ...")
                compile_program(go_command(cache, report), _tool(version), target, MODULE)
    return program


def _tool(version: str) -> Tool:
    """Without these variables Helm takes each cluster that it cannot ask for Kubernetes 1.20."""
    major, minor = "1", pinned_version(_CLIENT, MODULE).split(".")[1]
    variables = [f"{_HELM}/internal/version.version={version}"]
    for package in ("pkg/chartutil", "pkg/lint/rules"):
        variables += [
            f"{_HELM}/{package}.k8sVersionMajor={major}",
            f"{_HELM}/{package}.k8sVersionMinor={minor}",
        ]
    return Tool("helm", f"{_HELM}/cmd/helm", tuple(variables))
