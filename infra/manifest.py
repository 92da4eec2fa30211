"""``python -m infra.manifest``: the agent's manifest for who has no Helm, rendered from the chart.

The places to fill in stand where a rendering with stand-in values has those values.
"""

import hashlib
import json
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

from berth_local.cluster import helm
from berth_local.cluster.layout import cache_folder

CHART = Path(__file__).parent / "chart"
MANIFEST = Path(__file__).parent / "kubernetes" / "agent.yaml"
NAMESPACE = "berth"

_DIGEST = f"sha256:{0:064x}"
_URL = "https://control-plane.invalid"
_TOKEN = "berth_agt_stand_in_token"  # noqa: S105 - stands for one
_PEM = "-----BEGIN CERTIFICATE-----"
_VALUES = {
    "namespace": {"create": True},
    "imagePrefix": "registry.invalid",
    "image": {"digest": _DIGEST},
    "controlPlane": {"url": _URL},
    "token": _TOKEN,
    "authorities": {"pem": _PEM},
}
_PLACES = {
    f"registry.invalid/berth-agent@{_DIGEST}": "@IMAGE@",
    _URL: "@CONTROL_PLANE_URL@",
    b64encode(_TOKEN.encode()).decode(): "@AGENT_TOKEN@",
    b64encode(_PEM.encode()).decode(): "@CA_PEM@",
}
_HEAD = """\
# Installs Berth's agent into a cluster, and the account that its proxy will run as.
# Rendered from infra/chart by `make manifest`: change it there. Source {digest}
#
# Replace, then apply:
#   @IMAGE@              image of the agent, by digest
#   @CONTROL_PLANE_URL@  https address of the control plane
#   @AGENT_TOKEN@        the agent's token in base64, shown once when it is registered
#   @CA_PEM@             base64 of the authorities (PEM) that the control plane's certificate is checked
#                        against; empty for the system's
#
#   sed -e "s|@IMAGE@|...|" -e "s|@CONTROL_PLANE_URL@|...|" \\
#       -e "s|@AGENT_TOKEN@|$(base64 -w0 < token)|" -e "s|@CA_PEM@||" agent.yaml | kubectl apply -f -
#
# By the NetworkPolicies below, agent and proxy reach the ports 443 and 6443. Where the control plane or
# the API server is on another, give sed that one, too:
#
#   -e "s|port: 443 # control plane|port: 8443|" -e "s|port: 6443 # API server|port: 16443|"
#
# docs/reference/agent.md explains each right.
"""


def source_digest() -> str:
    """What tells this chart and these values from others: a manifest says which it was made from."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in sorted(path for path in CHART.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(CHART)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def render(program: Path) -> str:
    """Return the manifest, as this Helm renders it."""
    done = subprocess.run(
        [program, "template", "berth", CHART, "--namespace", NAMESPACE, "--no-hooks", "-f", "-"],
        input=json.dumps(_VALUES),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"helm template: {done.stderr.strip()}")
    text = done.stdout
    for value, place in _PLACES.items():
        if value not in text:
            raise RuntimeError(f"the chart renders nothing that {place} could stand for")
        text = text.replace(value, place)
    return _HEAD.format(digest=source_digest()) + text.removeprefix("---\n")


def main() -> int:
    """Write the manifest anew."""
    MANIFEST.write_text(render(helm.build(cache_folder(), print)))
    print(f"written: {MANIFEST}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
