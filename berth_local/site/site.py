"""Brings a whole Berth up, part by part, and takes it down again."""

import json
import os
import shutil
import sysconfig
import tempfile
from base64 import b64encode
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from berth_cli.client import Client
from berth_cli.configuration import Configuration, checked_url, save
from berth_local.authority import Authority
from berth_local.cluster import prerequisites
from berth_local.git_server import GitServer, publish
from berth_local.issuer import Issuer, Registration
from berth_local.raising import Raised
from berth_local.site import names as naming
from berth_local.site import places
from berth_local.site.control_plane import REPOSITORY, ControlPlane
from berth_local.site.person import Person, sign_in
from berth_local.site.places import OwnCluster, Place
from berth_local.site.steps import Steps
from berth_local.waiting import wait_until
from chalicelib.wire import labels

SAMPLE = REPOSITORY / "examples" / "01-hello-berth"
PERSON = "demo"
AGENT = "demo-cluster"
NEIGHBOURS = {
    "git": "git",
    # Names under localhost are this machine (RFC 6761, 6.3): the C library does not know it by itself.
    "libnss-myhostname": f"/usr/lib/{sysconfig.get_config_var('MULTIARCH')}/libnss_myhostname.so.2",
}
"""Debian packages of the servers around the control plane, each with a file that it brings."""
_NAMESPACE = "berth"
_READY_SECONDS = 120


class Site(Raised):
    """Everything for the life of the context; ``client`` speaks for the signed-in owner."""

    def __init__(
        self,
        name: str,
        steps: Steps,
        *,
        folder: Path | None = None,
        ports: Sequence[int] = (0, 0, 0, 0),
    ) -> None:
        self._name = name
        self._steps = steps
        given = os.environ.get("BERTH_PUBLIC_URL")
        self.names = naming.choose(ports, public_url=checked_url(given) if given else "")
        self._stack = ExitStack()
        self.folder = folder or Path(tempfile.mkdtemp(prefix=f"berth-{name}-"))
        if folder is None:
            self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)

    @property
    def repository(self) -> str:
        """Address of the sample project."""
        return f"{self.names.git}/hello-berth.git"

    def _raise(self) -> None:
        prerequisites.ensure(self._steps.say, NEIGHBOURS)
        with self._steps.step("certificates, OpenID server, git server"):
            self._start_neighbours()
        with self._steps.step("control plane"):
            self._stack.callback(self.control_plane.stop)
            self.control_plane.start()
        with self._steps.step(f"{PERSON} signs in and owns the organisation"):
            code = self.control_plane.bootstrap_code
            self.person: Person = sign_in(
                self.names.control_plane, self.authority.certificate, PERSON, code=code
            )
            self._configure()
        self.place: Place = self._stack.enter_context(
            places.choose(self._name, self.names, self._steps)
        )
        with self._steps.step("agent and proxy in the cluster"):
            self._install_agent()

    def _start_neighbours(self) -> None:
        self.authority = Authority(self.folder / "certificates")
        registration = Registration(
            self.names.issuer, f"{self.names.control_plane}/sign-in/callback"
        )
        identity = self.authority.issue(naming.ISSUER)
        log = self.folder / "issuer.log"
        self._stack.enter_context(Issuer(registration, self.names.issuer_port, identity, log))
        publish(SAMPLE, self.folder / "repositories" / "hello-berth.git")
        git = self.authority.issue(self.names.git_host)
        listen = (self.names.address, self.names.git_port)
        self._stack.enter_context(GitServer(self.folder / "repositories", listen, git))
        certificate = self.authority.issue(naming.CONTROL_PLANE, *self._given_host())
        self.control_plane = ControlPlane(
            self.folder, self.names, certificate, registration, self.authority.certificate
        )

    def _given_host(self) -> tuple[str, ...]:
        return (self.names.git_host,) if self.names.public_url else ()

    def _configure(self) -> None:
        """Let ``berth`` on this machine speak to this site, and allow the git server."""
        chosen = Configuration(
            self.control_plane.local_url, self.person.token, str(self.authority.certificate)
        )
        self.configuration = save(
            chosen, {"XDG_CONFIG_HOME": str(self.folder / "configuration")}
        ).parent.parent
        self.client = Client(chosen)
        self._stack.callback(self.client.close)
        host = {
            "host": self.names.git_host,
            "port": self.names.git_port,
            "addresses": self.names.git_networks,
        }
        self.client.patch("/api/v1/organisation", {"settings": {"git_hosts": [host]}})

    def _install_agent(self) -> None:
        agent = self.client.post(
            "/api/v1/agents", {"name": AGENT, "settings": self._agent_settings()}
        )
        self.agent_id = str(agent["id"])
        manifest = self._agent_manifest(str(agent["token"]))
        if not isinstance(self.place, OwnCluster):
            self._stack.callback(self._leave, manifest)
        self.place.kubectl("apply", "-f", "-", text_input=manifest)
        self.place.kubectl("apply", "-f", "-", text_input=json.dumps(self._proxy_certificate()))
        self._await_proxy()

    def _await_proxy(self) -> None:
        """Wait for agent and proxy, and open the proxy's port."""
        deadline = f"--timeout={_READY_SECONDS}s"
        for deployment in ("berth-agent", "berth-proxy"):
            self._await_deployment(deployment)
            self.place.kubectl(
                "-n", _NAMESPACE, "rollout", "status", f"deployment/{deployment}", deadline
            )
        self.place.expose_proxy(self.names.proxy_port)

    def _leave(self, manifest: str) -> None:
        """Take out of a cluster that lives on what came into it: agent, proxy and workspaces."""
        with self._steps.step("your cluster is left as it was"):
            # A retired agent gets no order, so nothing is made again meanwhile.
            self.client.post(f"/api/v1/agents/{self.agent_id}/retire", {})
            words = ("delete", "--ignore-not-found", "--wait=false", "-f", "-")
            self.place.kubectl(*words, text_input=manifest)
            self.place.kubectl("delete", "namespace", "-l", f"{labels.AGENT_ID}={self.agent_id}")
            self.place.kubectl("wait", "--for=delete", f"namespace/{_NAMESPACE}", "--timeout=100s")

    def _await_deployment(self, name: str) -> None:
        words = ("-n", _NAMESPACE, "get", "deployment", name, "--ignore-not-found", "-o", "name")
        wait_until(
            lambda: bool(self.place.kubectl(*words)), f"there is no {name}", seconds=_READY_SECONDS
        )

    def _agent_settings(self) -> dict[str, Any]:
        ours = isinstance(self.place, OwnCluster)
        return {
            "zone": self.names.zone,
            "image_pull_policy": "IfNotPresent",
            "tools_image": self.place.image("tools"),
            "proxy_image": self.place.image("proxy"),
            "default_image": self.place.image("workspace"),
            "dns_addresses": [f"{naming.NODE}/32"] if ours else [],
            "extra_ca": self.authority.certificate.read_text(),
        }

    def _agent_manifest(self, token: str) -> str:
        text = (REPOSITORY / "infra" / "kubernetes" / "agent.yaml").read_text()
        values = {
            "@IMAGE@": self.place.image("agent"),
            "@CONTROL_PLANE_URL@": self.names.control_plane,
            "@AGENT_TOKEN@": b64encode(token.encode()).decode(),
            "@CA_PEM@": b64encode(self.authority.certificate.read_bytes()).decode(),
            "port: 443 # control plane": f"port: {urlsplit(self.names.control_plane).port or 443}",
            "port: 6443 # API server": f"port: {self._api_server_port()}",
        }
        for placeholder, value in values.items():
            text = text.replace(placeholder, value)
        return text

    def _api_server_port(self) -> str:
        """Return where the Service of the API server leads: what a pod's packets are judged by."""
        of_service = "kubernetes.io/service-name=kubernetes"
        path = "jsonpath={.items[0].ports[0].port}"
        found = self.place.kubectl("get", "endpointslices", "-l", of_service, "-o", path)
        return found.strip() or "6443"

    def _proxy_certificate(self) -> dict[str, Any]:
        certificate = self.authority.issue(f"*.{naming.ZONE}")
        files = {"tls.crt": certificate.chain, "tls.key": certificate.key}
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/tls",
            "metadata": {"name": "berth-proxy-tls", "namespace": _NAMESPACE},
            "data": {name: b64encode(file.read_bytes()).decode() for name, file in files.items()},
        }
