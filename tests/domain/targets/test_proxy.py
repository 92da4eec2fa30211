"""The proxy's objects, which an agent applies in its own namespace."""

import dataclasses
import json
from typing import Any

from chalicelib.domain.targets.kubernetes.proxy import render_proxy
from tests.golden.plans import PROXY


def pod(objects: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    """Return the pod's template."""
    template: dict[str, Any] = objects[-1]["spec"]["template"]
    return template


def test_objects_are_of_the_agents_namespace() -> None:
    """Only kinds that the agent may write, all in its namespace, all called berth-proxy..."""
    objects = render_proxy(PROXY)
    assert {o["kind"] for o in objects} == {"ConfigMap", "Secret", "Service", "Deployment"}
    for thing in objects:
        assert thing["metadata"]["namespace"] == "berth-system"
        assert thing["metadata"]["name"].startswith("berth-proxy")


def test_token_is_in_the_secret_alone() -> None:
    """The credential stands in the Secret and nowhere else, and only the controller mounts it."""
    objects = render_proxy(PROXY)
    holding = [o["kind"] for o in objects if "YmVydGhfcHJ4X21hZGUtdXA=" in json.dumps(o)]
    assert holding == ["Secret"]
    assert PROXY.token not in json.dumps(objects)
    assert PROXY.token not in repr(PROXY)
    spec = pod(objects)["spec"]
    for volume in ("token", "account"):
        mounting = [
            c["name"]
            for c in spec["initContainers"] + spec["containers"]
            if any(mount["name"] == volume for mount in c["volumeMounts"])
        ]
        assert mounting == ["controller"]
    assert spec["automountServiceAccountToken"] is False


def test_changed_settings_make_a_new_pod() -> None:
    """A new zone, credential or authority changes the pod's template; nothing else does."""
    before = pod(render_proxy(PROXY))
    assert pod(render_proxy(PROXY)) == before
    for change in (
        {"token": "another"},
        {"public_url": "https://other.example.com"},
        {"settings": dataclasses.replace(PROXY.settings, zone="other.example.com")},
        {"settings": dataclasses.replace(PROXY.settings, extra_ca="other")},
    ):
        assert pod(render_proxy(dataclasses.replace(PROXY, **change))) != before
    storage = dataclasses.replace(PROXY.settings, storage_class="other")
    assert pod(render_proxy(dataclasses.replace(PROXY, settings=storage))) == before
