"""A whole Berth whose agent is installed by the command that `berth agent install` prints, with Helm."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from berth_local.cluster import helm
from berth_local.cluster.cluster import Cluster
from berth_local.cluster.layout import cache_folder
from berth_local.site.control_plane import REPOSITORY
from berth_local.site.names import NODE
from berth_local.site.places import OwnCluster
from berth_local.site.site import Site
from berth_local.site.steps import Steps
from images.catalogue import IMAGES
from images.release import names
from tests.chart.http_proxy import HttpProxy

NAMESPACE = "berth"
MIRROR = "registry.example.org/berth"
AGENT = "by-helm"
READY = "120s"


class HelmSite(Site):
    """Its nodes bear no pod that does not tolerate them, and its agent gets out by an HTTP proxy alone."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"chart-{os.getpid()}", Steps(), folder=folder)
        self.http_proxy = HttpProxy()
        self._stack.callback(self.http_proxy.close)

    @property
    def cluster(self) -> Cluster:
        """Its cluster."""
        assert isinstance(self.place, OwnCluster)
        return self.place.cluster

    def helm(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run Helm in the agent's namespace."""
        return self._run(["helm", "--namespace", NAMESPACE, *words], check=check)

    def objects(self, kind: str, *words: str) -> list[dict[str, Any]]:
        """The objects of a kind, in the agent's namespace if they are in one."""
        found = self.place.kubectl("--namespace", NAMESPACE, "get", kind, *words, "-o", "json")
        items: list[dict[str, Any]] = json.loads(found)["items"]
        return items

    def install(self, values: dict[str, Any]) -> None:
        """Do as the command line says, with these values beside its own."""
        words = [sys.executable, "-m", "berth_cli", "agent", "install", AGENT]
        words += ["--zone", self.names.zone, "--image-prefix", MIRROR]
        command = self._run([*words, "--chart", str(REPOSITORY / "infra" / "chart")]).stdout.strip()
        (agent,) = self.client.items("/api/v1/agents")
        self.agent_id = str(agent["id"])
        settings = {
            "image_pull_policy": "IfNotPresent",
            "dns_addresses": [f"{NODE}/32"],
            "extra_ca": self.authority.certificate.read_text(),
        }
        self.client.patch(f"/api/v1/agents/{self.agent_id}", {"settings": settings})
        self._run(["bash", "-euc", f"{command} --values {self._written(values)}"])

    def upgrade(self, values: dict[str, Any]) -> None:
        """Upgrade to other values, and wait until what they ask for runs."""
        chart = str(REPOSITORY / "infra" / "chart")
        words = ["--reset-then-reuse-values", "--wait", "--timeout", READY]
        self.helm("upgrade", "berth", chart, *words, "--values", self._written(values))

    def _install_agent(self) -> None:
        for image in IMAGES.values():
            dev, mirrored = image.reference, names(image.name, MIRROR)[1]
            self.cluster.run(["ctr", "-n", "k8s.io", "images", "tag", dev, mirrored])
        node = json.loads(self.place.kubectl("get", "nodes", "-o", "json"))["items"][0]
        name = node["metadata"]["name"]
        self.place.kubectl("label", "node", name, "pool=platform")
        self.place.kubectl("taint", "node", name, "pool=platform:NoSchedule")
        proxy = f"{NODE}:{self.http_proxy.port}"
        self.cluster.reverse(proxy, f"127.0.0.1:{self.http_proxy.port}")
        self.install(asked_for(f"http://{proxy}", int(self._api_server_port())))
        self.place.kubectl("apply", "-f", "-", text_input=json.dumps(self._proxy_certificate()))
        self._await_proxy()
        self.place.kubectl("taint", "node", name, "pool-")  # workspaces tolerate nothing

    def _run(self, words: list[str], *, check: bool = True) -> subprocess.CompletedProcess[str]:
        kubectl = Path(self.cluster.kubectl_command[0]).parent
        program = helm.build(cache_folder())
        environment = {
            **os.environ,
            "PATH": f"{program.parent}:{kubectl}:{os.environ['PATH']}",
            "PYTHONPATH": str(REPOSITORY),
            "KUBECONFIG": str(self.cluster.kubeconfig),
            "XDG_CONFIG_HOME": str(self.configuration),
            "HELM_CACHE_HOME": str(self.folder / "helm"),
        }
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def _written(self, values: dict[str, Any]) -> str:
        file = self.folder / "values.yaml"
        file.write_text(yaml.safe_dump(values))
        return str(file)


def asked_for(proxy: str, api_server_port: int) -> dict[str, Any]:
    """Values of a platform team that leaves little as it is."""
    placed = {
        "nodeSelector": {"pool": "platform"},
        "tolerations": [{"key": "pool", "operator": "Exists", "effect": "NoSchedule"}],
        "serviceAccountAnnotations": {"example.org/team": "platform"},
    }
    return {
        "imagePullSecrets": [{"name": "mirror"}],
        "httpProxy": {"url": proxy},
        "networkPolicy": {"apiServerPorts": [443, api_server_port]},
        "podDisruptionBudget": {"enabled": True},
        "agent": placed,
        "proxy": {**placed, "resources": {"requests": {"cpu": "20m", "memory": "96Mi"}}},
    }
