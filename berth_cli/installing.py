"""What ``berth agent install`` does: an agent's token in a file, and a command that takes it from there.

A token in a command line could be read by everybody on the machine, and stays in the shell's history.
"""

import json
import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from berth_cli import workspaces
from berth_cli.client import Client, Json
from berth_cli.configuration import load
from berth_cli.failures import Exit, Failure
from chalicelib.wire import VERSION

NAMESPACE = "berth"
LOCAL = "localhost"
"""Where the chart and the control plane look for images unless they are told."""
SECRET = "berth-agent"  # noqa: S105 - the name of a Secret
_IMAGES = {
    "tools_image": "berth-tools-base",
    "proxy_image": "berth-proxy",
    "default_image": "berth-workspace",
}


@contextmanager
def reserved(file: Path) -> Iterator[Callable[[str], object]]:
    """Take a new file that its owner alone can read, before there is a token that could be lost.

    Gives what keeps the token there. Raises Failure where there is a file already: it may hold another.
    """
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        message = f"{file} cannot be made ({error.strerror}): say where to, --secret FILE"
        raise Failure(message, Exit.USAGE) from error
    try:
        with os.fdopen(handle, "w") as opened:
            yield lambda token: opened.write(json.dumps(manifest(token), indent=1))
    except BaseException:
        file.unlink()
        raise


def token(client: Client, name: str, zone: str, image_prefix: str) -> str:
    """Return a token of the agent of this name, which is registered where there is none.

    Raises Failure, also where a new one lacks its zone.
    """
    known = [
        each for each in workspaces.living_agents(client) if name in (each["name"], each["id"])
    ]
    if len(known) == 1:
        path = f"/api/v1/agents/{quote(known[0]['id'], safe='')}/rotate"
        return str(client.post(path, {})["token"])
    if known:
        raise Failure(f"several agents are called {name}: give an id", Exit.USAGE)
    if not zone:
        message = f"there is no agent {name} yet: to register it, say --zone workspaces.example.org"
        raise Failure(message, Exit.USAGE)
    images = {
        setting: f"{(image_prefix or LOCAL).rstrip('/')}/{image}:{VERSION}"
        for setting, image in _IMAGES.items()
    }
    made = client.post("/api/v1/agents", {"name": name, "settings": {"zone": zone, **images}})
    return str(made["token"])


def command(file: Path, chart: str, image_prefix: str) -> str:
    """Return the command that brings the token to the cluster, and then the agent."""
    configured = load(os.environ)
    values = {"controlPlane.url": configured.url, "existingSecret": SECRET}
    if image_prefix:
        values["imagePrefix"] = image_prefix
    # Without it, the values of an agent that is installed already would be the chart's again.
    kept = "--reset-then-reuse-values"
    helm = ["helm", "upgrade", "--install", "berth", chart, "--namespace", NAMESPACE, kept]
    for name, value in values.items():
        helm += ["--set", f"{name}={value}"]
    if configured.ca_file:
        helm += ["--set-file", f"authorities.pem={configured.ca_file}"]
    secret = shlex.quote(str(file))
    return f"kubectl apply --server-side -f {secret} && rm {secret} && {shlex.join(helm)}"


def manifest(agent_token: str) -> Json:
    """Return the namespace, as the chart expects it, and the Secret."""
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": NAMESPACE,
            "labels": {
                "app.kubernetes.io/managed-by": "berth",
                "pod-security.kubernetes.io/enforce": "restricted",
                "pod-security.kubernetes.io/enforce-version": "v1.30",
            },
        },
    }
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": SECRET, "namespace": NAMESPACE},
        "type": "Opaque",
        "stringData": {"token": agent_token},
    }
    return {"apiVersion": "v1", "kind": "List", "items": [namespace, secret]}
