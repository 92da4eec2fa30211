"""Where workspaces run: a cluster of ours, or one that the user has."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol, Self

from berth_local.cluster import binaries
from berth_local.cluster.cluster import Cluster
from berth_local.cluster.layout import Tier, cache_folder
from berth_local.site.names import CONTROL_PLANE, GIT, ISSUER, NODE, Names
from berth_local.site.port_forward import port_forward
from berth_local.site.steps import Steps
from images.cache import Cache, default_cache
from images.catalogue import IMAGES, build_image

_CLUSTER_IMAGES = ("tools", "agent", "proxy", "workspace")
PROXY_NAMESPACE, PROXY_SERVICE = "berth", "berth-proxy"


class Place(Protocol):
    """A Kubernetes cluster with an administrator's access to it."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *raised: object) -> None: ...

    @property
    def kubeconfig(self) -> Path:
        """The administrator's access."""
        ...

    @property
    def kubectl_command(self) -> Sequence[str]:
        """The kubectl that reaches it, for what shall go on running."""
        ...

    def image(self, name: str) -> str:
        """Reference of one of Berth's images."""
        ...

    def kubectl(self, *words: str, text_input: str | None = None) -> str:
        """Run kubectl and return what it printed. Raises when it fails."""
        ...

    def expose_proxy(self, port: int) -> None:
        """Let 127.0.0.1:port reach the proxy."""
        ...


class OwnCluster:
    """A cluster of ours, for the life of the context, which reaches this machine's servers by name."""

    def __init__(self, name: str, names: Names, steps: Steps) -> None:
        hosts = dict.fromkeys((CONTROL_PLANE, ISSUER, GIT), NODE)
        self._steps = steps
        self._names = names
        self._images: list[Path] = []
        self._name, self._hosts = name, hosts

    def __enter__(self) -> Self:
        cache = Cache(default_cache() / "images")
        cache.root.mkdir(parents=True, exist_ok=True)
        # Images wait for the network, programs for the processor: together they take as long as one.
        with ThreadPoolExecutor(1) as pool:
            programs = pool.submit(binaries.build, cache_folder(), Tier.FULL, self._steps.say)
            for name in _CLUSTER_IMAGES:
                with self._steps.step(f"image {IMAGES[name].reference}"):
                    self._images.append(build_image(name, cache.root, cache))
            with self._steps.step("Kubernetes's programs"):
                programs.result()
        self.cluster = Cluster(
            self._name, images=self._images, hosts=self._hosts, report=self._steps.say
        )
        with self._steps.step("a real one-node Kubernetes"):
            self.cluster.__enter__()
        for port in (self._names.control_plane_port, self._names.git_port):
            self.cluster.reverse(f"{NODE}:{port}", f"127.0.0.1:{port}")
        return self

    def __exit__(self, *raised: object) -> None:
        self.cluster.__exit__(*raised)

    @property
    def kubeconfig(self) -> Path:
        """The administrator's access, by a port of this machine."""
        return self.cluster.kubeconfig

    @property
    def kubectl_command(self) -> Sequence[str]:
        """Our kubectl, as the administrator."""
        return self.cluster.kubectl_command

    def image(self, name: str) -> str:
        """Reference of an image that was imported when the cluster started."""
        return IMAGES[name].reference

    def kubectl(self, *words: str, text_input: str | None = None) -> str:
        """Run our kubectl."""
        return self.cluster.kubectl(*words, text_input=text_input).stdout

    def expose_proxy(self, port: int) -> None:
        """Let 127.0.0.1:port reach the proxy's Service."""
        address = self.kubectl(
            "-n",
            PROXY_NAMESPACE,
            "get",
            "service",
            PROXY_SERVICE,
            "-o",
            "jsonpath={.spec.clusterIP}",
        )
        self.cluster.forward(port, f"{address}:443")


class GivenCluster:
    """A cluster that the user has: it reaches ``BERTH_PUBLIC_URL`` and pulls from ``BERTH_IMAGES``."""

    def __init__(self, kubeconfig: Path, image_prefix: str) -> None:
        self.kubeconfig = kubeconfig
        self._prefix = image_prefix.rstrip("/")
        self.kubectl_command = ("kubectl", "--kubeconfig", str(kubeconfig))
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        if shutil.which("kubectl") is None:
            raise RuntimeError("kubectl is not installed: it is needed where the cluster is yours")
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.close()

    def image(self, name: str) -> str:
        """Reference of an image under the user's prefix."""
        return f"{self._prefix}/{IMAGES[name].reference.rpartition('/')[2]}"

    def kubectl(self, *words: str, text_input: str | None = None) -> str:
        """Run the user's kubectl."""
        done = subprocess.run(
            [*self.kubectl_command, *words],
            input=text_input,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        if done.returncode:
            raise RuntimeError(f"kubectl {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def expose_proxy(self, port: int) -> None:
        """Forward the port by kubectl, until the context ends."""
        self._stack.enter_context(
            port_forward(
                self.kubectl_command, PROXY_NAMESPACE, f"service/{PROXY_SERVICE}", f"{port}:443"
            )
        )


def choose(name: str, names: Names, steps: Steps) -> Place:
    """Return the user's cluster where ``BERTH_IMAGES`` says that one is meant, else one of ours."""
    prefix, kubeconfig = os.environ.get("BERTH_IMAGES"), os.environ.get("KUBECONFIG")
    if not prefix:
        return OwnCluster(name, names, steps)
    if not kubeconfig or not names.public_url:
        raise RuntimeError("with BERTH_IMAGES set, set KUBECONFIG and BERTH_PUBLIC_URL too")
    return GivenCluster(Path(kubeconfig), prefix)
