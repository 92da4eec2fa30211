"""The steps of the acceptance run: what a workspace needs of a cluster, each seen from outside.

A step raises `Wrong` with what it saw. They run in order, on one cluster, and share a `Trial`.
"""

import http.client
import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from berth_local.cluster.cluster import Cluster
from berth_local.cluster.errors import ClusterError
from berth_local.cluster.layout import CLUSTER_DOMAIN, MACHINE_NAME, NODE_IP
from berth_local.cluster.waiting import wait_until

OBJECTS = Path(__file__).with_name("acceptance.yaml")
IMAGE = "localhost/acceptance:1"
"""Debian with curl: the client that checks certificates."""
HOSTS = {"told.berth.test": "192.0.2.1"}

STRANGER = """
apiVersion: v1
kind: Namespace
metadata: {name: elsewhere}
---
apiVersion: v1
kind: Pod
metadata: {name: stranger, namespace: elsewhere}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: main, image: "localhost/acceptance:1", imagePullPolicy: Never, command: [sleep, infinity]}
"""
PRIVILEGED = """
apiVersion: v1
kind: Pod
metadata: {name: privileged, namespace: trial}
spec: {containers: [{name: main, image: "localhost/busybox:1", securityContext: {privileged: true}}]}
"""


class Wrong(Exception):
    """A step has seen something else than it should."""


@dataclass
class Trial:
    """One cluster under trial."""

    cluster: Cluster

    def read(self, *words: str) -> str:
        """What kubectl prints."""
        return self.cluster.kubectl(*words).stdout.strip()

    def field(self, what: str, path: str) -> str:
        """One field of an object in the namespace `trial`, by its JSONPath."""
        return self.read("--namespace=trial", "get", *what.split(), f"--output=jsonpath={{{path}}}")

    def inside(self, script: str) -> str:
        """What a shell script prints in the workspace's container."""
        return self.read(
            "--namespace=trial",
            "exec",
            "deploy/trial",
            "--container=main",
            "--",
            "sh",
            "-c",
            script,
        )

    def stranger(self, *command: str) -> str:
        """What a command prints in a pod of another namespace."""
        return self.read("--namespace=elsewhere", "exec", "stranger", "--", *command)

    @property
    def pod(self) -> str:
        """Name of the workspace's pod."""
        return self.field("pod --selector=app=trial", ".items[0].metadata.name")

    @property
    def pod_ip(self) -> str:
        """Address of the workspace's pod."""
        return self.field("pod --selector=app=trial", ".items[0].status.podIP")

    @cached_property
    def service_ip(self) -> str:
        """Address of the Service."""
        return self.field("service/trial", ".spec.clusterIP")


def expect(seen: str, wanted: str) -> None:
    """:raises Wrong: they differ."""
    if seen != wanted:
        raise Wrong(f"saw {seen!r} instead of {wanted!r}")


def apply_objects(trial: Trial) -> None:
    """Eight objects in one call."""
    created = trial.read("apply", "--server-side", "--filename", str(OBJECTS)).splitlines()
    expect(str(len(created)), "8")


def becomes_available(trial: Trial) -> None:
    """Init container, dynamic volume and readiness probe included."""
    trial.read(
        "--namespace=trial", "wait", "--for=condition=Available", "deploy/trial", "--timeout=60s"
    )


def exec_sees_identity_and_secrets(trial: Trial) -> None:
    """The container has the uid, the variable and the file that were asked for."""
    script = 'id -u; echo "$VARIABLE"; cat /variables/file; echo; grep NoNewPrivs /proc/1/status | cut -f 2'
    expect(trial.inside(script).replace("\n", " "), "33333 from-the-environment from-a-file 1")


def logs_are_read(trial: Trial) -> None:
    """What the container prints comes back."""
    expect(trial.read("--namespace=trial", "logs", "deploy/trial", "--container=main"), "started")


def pod_answers_the_node(trial: Trial) -> None:
    """By the pod's address, past a policy that admits no stranger: probes must pass."""
    expect(_get(trial, f"{trial.pod_ip}:8080"), "hello")


def service_answers_the_node(trial: Trial) -> None:
    """By the Service's address."""
    expect(_get(trial, f"{trial.service_ip}:80"), "hello")


def pod_answers_itself(trial: Trial) -> None:
    """By the Service's address from its own only pod (hairpin)."""
    request = "printf 'GET /greeting HTTP/1.0\\r\\n\\r\\n'"
    expect(trial.inside(f"{request} | nc -w 5 {trial.service_ip} 80 | tail -1"), "hello")


def pod_security_refuses(trial: Trial) -> None:
    """A privileged pod is refused, and the reason names the profile."""
    refused = trial.cluster.kubectl("apply", "--filename", "-", text_input=PRIVILEGED, check=False)
    if refused.returncode == 0 or 'violates PodSecurity "restricted' not in refused.stderr:
        raise Wrong(f"a privileged pod was not refused: {refused.stderr}")


def volume_honours_fs_group(trial: Trial) -> None:
    """The dynamic volume carries the pod's group and takes a file."""
    expect(
        trial.inside("stat -c %g /home; echo kept > /home/file && cat /home/file").replace(
            "\n", " "
        ),
        "4321 kept",
    )


def stranger_starts(trial: Trial) -> None:
    """A pod in another namespace, for the steps that follow."""
    trial.cluster.kubectl("apply", "--filename", "-", text_input=STRANGER)
    trial.read(
        "--namespace=elsewhere", "wait", "--for=condition=Ready", "pod/stranger", "--timeout=60s"
    )


def names_resolve(trial: Trial) -> None:
    """The Service's name gives its address, the machine's the node's, and a name of `hosts` what was told."""
    known = {f"trial.trial.svc.{CLUSTER_DOMAIN}": trial.service_ip, MACHINE_NAME: NODE_IP, **HOSTS}
    for name, address in known.items():
        expect(trial.stranger("getent", "ahostsv4", name).split()[0], address)


def policy_blocks_strangers(trial: Trial) -> None:
    """By the pod's address and by the Service's; open as soon as the policy is gone, so it was the policy."""
    addresses = (f"{trial.pod_ip}:8080", f"{trial.service_ip}:80")
    for address in addresses:
        if _stranger_reaches(trial, address):
            raise Wrong(f"a stranger reached {address} against the policy")
    trial.read("--namespace=trial", "delete", "networkpolicy/neighbours-only")
    for address in addresses:
        wait_until(
            partial(_stranger_reaches, trial, address),
            f"a stranger to reach {address}",
            deadline=10,
        )


def pod_reaches_api_by_name(trial: Trial) -> None:
    """With its token and the cluster's authority, as the agent does; RBAC then refuses what it may not."""
    script = (
        "cd /var/run/secrets/kubernetes.io/serviceaccount && curl --silent --max-time 10 --cacert ca.crt"
        ' --header "Authorization: Bearer $(cat token)" --output /dev/null --write-out %{http_code}'
        f" https://kubernetes.default.svc.{CLUSTER_DOMAIN}/api/v1/nodes"
    )
    expect(trial.stranger("sh", "-c", script), "403")


def pod_reaches_the_machine(trial: Trial) -> None:
    """A server on the machine's loopback, by name through `reverse`."""
    with _server() as port:
        inside = trial.cluster.reverse(f"{NODE_IP}:0", f"127.0.0.1:{port}")
        expect(
            trial.stranger(
                "curl", "--silent", "--max-time", "10", f"http://{MACHINE_NAME}:{inside}/"
            ),
            "machine",
        )


def stops(trial: Trial) -> None:
    """Scaled to zero, the pod goes."""
    pod = trial.pod
    trial.read("--namespace=trial", "scale", "deploy/trial", "--replicas=0")
    trial.read("--namespace=trial", "wait", "--for=delete", f"pod/{pod}", "--timeout=60s")


def starts_again(trial: Trial) -> None:
    """Scaled to one, it is available again."""
    trial.read("--namespace=trial", "scale", "deploy/trial", "--replicas=1")
    ready = "--for=jsonpath={.status.readyReplicas}=1"
    trial.read("--namespace=trial", "wait", ready, "deploy/trial", "--timeout=60s")


def file_is_kept(trial: Trial) -> None:
    """The volume outlived the stop."""
    expect(trial.inside("cat /home/file"), "kept")


def everything_goes(trial: Trial) -> None:
    """Objects, namespace, volume and its folder."""
    trial.read("delete", "--ignore-not-found", "--filename", str(OBJECTS), "--timeout=60s")
    wait_until(
        lambda: not trial.read("get", "pv", "--output=name"),
        "the volume to be deleted",
        deadline=20,
    )
    if left := list(trial.cluster.folder.volumes.iterdir()):
        raise Wrong(f"folders of volumes are left: {left}")


STEPS: tuple[tuple[str, Callable[[Trial], None]], ...] = (
    ("apply 8 objects", apply_objects),
    ("Deployment available", becomes_available),
    ("exec: uid, variable, secret file", exec_sees_identity_and_secrets),
    ("logs", logs_are_read),
    ("node to pod", pod_answers_the_node),
    ("node to Service", service_answers_the_node),
    ("pod to its own Service", pod_answers_itself),
    ("Pod Security refuses", pod_security_refuses),
    ("dynamic volume, fsGroup", volume_honours_fs_group),
    ("pod in another namespace", stranger_starts),
    ("DNS: Service and hosts entry", names_resolve),
    ("network policy blocks", policy_blocks_strangers),
    ("pod to API server by name", pod_reaches_api_by_name),
    ("pod to the machine's loopback", pod_reaches_the_machine),
    ("scale 1 to 0, pod gone", stops),
    ("scale 0 to 1, available", starts_again),
    ("file kept on the volume", file_is_kept),
    ("delete all, namespace gone", everything_goes),
)


def _get(trial: Trial, address: str) -> str:
    connection = http.client.HTTPConnection(
        "127.0.0.1", trial.cluster.forward(0, address), timeout=10
    )
    try:
        connection.request("GET", "/greeting")
        return connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException) as error:
        raise Wrong(f"{address} did not answer: {error}") from None
    finally:
        connection.close()


def _stranger_reaches(trial: Trial, address: str) -> bool:
    try:
        return (
            trial.stranger("curl", "--silent", "--max-time", "1", f"http://{address}/greeting")
            == "hello"
        )
    except ClusterError:
        return False


@contextmanager
def _server() -> Iterator[int]:
    """A server on a free port of the machine's loopback that answers `machine`."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"machine")

        def log_message(self, *_arguments: object) -> None:
            """Nothing is logged."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()
