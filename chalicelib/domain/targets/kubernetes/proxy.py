"""The proxy's objects, which the agent applies in its own namespace: the answer to prerequisites.

One pod, two containers of one image: HAProxy carries the traffic, the controller steers it over a
socket in a folder that both see. The ServiceAccount and its roles come with the agent.
"""

from base64 import b64encode
from dataclasses import dataclass, field

from chalicelib.domain.agents.agent import AgentSettings
from chalicelib.domain.targets.kubernetes import hardening
from chalicelib.domain.targets.target import Object
from chalicelib.wire import labels
from chalicelib.wire.canonical import digest_of

NAME = "berth-proxy"
"""Of each object and of the ServiceAccount."""
TRUST = "berth-proxy-trust"
HTTPS_PORT, HEALTH_PORT = 8443, 8480
USER_ID = 65532
CONFIG_DIGEST = f"{labels.DOMAIN}/config-digest"
"""Annotation of the pod: a changed setting or credential makes a new one."""

_RUN, _TOKEN, _TLS, _SITE, _ACCOUNT = "run", "token", "tls", "trust", "account"
_RESOURCES: Object = {
    "requests": {"cpu": "50m", "memory": "128Mi", "ephemeral-storage": "32Mi"},
    "limits": {"cpu": "1000m", "memory": "512Mi", "ephemeral-storage": "128Mi"},
}
_PATHS = {
    _RUN: "/run/berth",
    _TOKEN: "/etc/berth/token",
    _TLS: "/etc/berth/tls",
    _SITE: "/etc/berth/trust",
    _ACCOUNT: "/var/run/secrets/kubernetes.io/serviceaccount",
}


@dataclass(frozen=True, slots=True)
class ProxySite:
    """Where a proxy runs, and whom it serves."""

    agent_id: str
    namespace: str
    settings: AgentSettings
    public_url: str
    """Address of the control plane."""
    token: str = field(repr=False)
    """The proxy's credential."""


def render_proxy(site: ProxySite) -> tuple[Object, ...]:
    """Return the objects in order of application, the Deployment last."""
    before = (*_config_maps(site), _secret(site), _service(site))
    return (*before, _deployment(site, digest_of(before)))


def _config_maps(site: ProxySite) -> list[Object]:
    values = {
        "BERTH_AGENT_ID": site.agent_id,
        "BERTH_CONTROL_PLANE_URL": site.public_url,
        "BERTH_PROXY_TOKEN_FILE": f"{_PATHS[_TOKEN]}/token",
        "BERTH_ZONE": site.settings.zone,
    }
    if not site.settings.extra_ca:
        return [_object(site, "v1", "ConfigMap", NAME) | {"data": values}]
    values["BERTH_CA_FILE"] = f"{_PATHS[_SITE]}/ca.pem"
    return [
        _object(site, "v1", "ConfigMap", NAME) | {"data": values},
        _object(site, "v1", "ConfigMap", TRUST) | {"data": {"ca.pem": site.settings.extra_ca}},
    ]


def _secret(site: ProxySite) -> Object:
    data = {"token": b64encode(site.token.encode()).decode()}
    return _object(site, "v1", "Secret", NAME) | {"type": "Opaque", "data": data}


def _service(site: ProxySite) -> Object:
    port = {"name": "https", "port": 443, "targetPort": HTTPS_PORT, "protocol": "TCP"}
    spec = {"type": "ClusterIP", "selector": {labels.PROXY_LABEL: "true"}, "ports": [port]}
    return _object(site, "v1", "Service", NAME) | {"spec": spec}


def _deployment(site: ProxySite, digest: str) -> Object:
    template: Object = {
        "metadata": {
            "labels": _labels(site) | {labels.PROXY_LABEL: "true"},
            "annotations": {CONFIG_DIGEST: digest},
        },
        "spec": _pod(site),
    }
    spec = {
        "replicas": 1,
        "revisionHistoryLimit": 1,
        "selector": {"matchLabels": {labels.PROXY_LABEL: "true"}},
        "template": template,
    }
    return _object(site, "apps/v1", "Deployment", NAME) | {"spec": spec}


def _pod(site: ProxySite) -> Object:
    python = ["python3", "-m", "berth_proxy"]
    prepare = _container(site, "prepare", [*python, "init"], _RUN, _TLS)
    carrier = ["haproxy", "-db", "-f", f"{_PATHS[_RUN]}/haproxy.cfg"]
    haproxy = _container(site, "haproxy", carrier, _RUN) | {
        "ports": [{"containerPort": HTTPS_PORT, "protocol": "TCP"}],
        "readinessProbe": {
            "httpGet": {"path": "/healthz", "port": HEALTH_PORT},
            "periodSeconds": 2,
            "failureThreshold": 3,
        },
    }
    controller = _container(site, "controller", python, _RUN, _TOKEN, _ACCOUNT)
    own_group = {"runAsGroup": USER_ID, "fsGroup": USER_ID}
    return {
        "serviceAccountName": NAME,
        # The token is mounted by hand, into the one container that speaks to the API server.
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 30,
        "securityContext": hardening.pod(USER_ID) | own_group,
        "initContainers": [prepare],
        "containers": [haproxy, controller],
        "volumes": _volumes(site),
    }


def _container(site: ProxySite, name: str, command: list[str], *volumes: str) -> Object:
    seen = [*volumes, *([_SITE] if site.settings.extra_ca else [])]
    mounts = [
        {"name": volume, "mountPath": _PATHS[volume]}
        | ({} if volume == _RUN else {"readOnly": True})
        for volume in seen
    ]
    return {
        "name": name,
        "image": site.settings.proxy_image,
        "imagePullPolicy": site.settings.image_pull_policy,
        "command": command,
        "envFrom": [{"configMapRef": {"name": NAME}}],
        "resources": _RESOURCES,
        "securityContext": hardening.OWN_CONTAINER,
        "volumeMounts": mounts,
    }


def _volumes(site: ProxySite) -> list[Object]:
    tls = {"secretName": site.settings.proxy_tls_secret, "defaultMode": 0o440}
    volumes: list[Object] = [
        # In memory: it holds the session keys.
        {"name": _RUN, "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}},
        {"name": _TOKEN, "secret": {"secretName": NAME, "defaultMode": 0o440}},
        {"name": _TLS, "secret": tls},
        {"name": _ACCOUNT, "projected": {"defaultMode": 0o440, "sources": _account_sources()}},
    ]
    if site.settings.extra_ca:
        volumes.append({"name": _SITE, "configMap": {"name": TRUST}})
    return volumes


def _account_sources() -> list[Object]:
    """What the kubelet mounts for a pod that may speak to the API server."""
    certificate = [{"key": "ca.crt", "path": "ca.crt"}]
    namespace = [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]
    return [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}},
        {"configMap": {"name": "kube-root-ca.crt", "items": certificate}},
        {"downwardAPI": {"items": namespace}},
    ]


def _object(site: ProxySite, version: str, kind: str, name: str) -> Object:
    metadata = {"name": name, "namespace": site.namespace, "labels": _labels(site)}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def _labels(site: ProxySite) -> dict[str, str]:
    return {labels.MANAGED_BY: "berth", labels.AGENT_ID: site.agent_id}
