"""The way out: straight, or by an HTTP proxy; and what the proxy's pod gets of the cluster's own."""

import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from berth_agent.client import Https
from berth_agent.proxy import ProxyPod
from berth_agent.settings import BadSettings, load
from berth_local.authority import Authority
from chalicelib.domain.targets.kubernetes.proxy import render_proxy
from tests.chart.http_proxy import HttpProxy
from tests.golden.plans import PROXY

TOKEN = "berth_agt_0123456789ab_0123456789ab_c2VjcmV0"


@pytest.fixture
def http_proxy() -> Iterator[HttpProxy]:
    """An HTTP proxy."""
    made = HttpProxy()
    yield made
    made.close()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Who vouches for the server."""
    return Authority(tmp_path / "authority")


@pytest.fixture
def server(authority: Authority) -> Iterator[str]:
    """``host:port`` of a server that says yes to each POST, over TLS."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "3")
            self.end_headers()
            self.wfile.write(b"yes")

        def log_message(self, *_: object) -> None:
            """Quiet."""

    serving = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = authority.issue("127.0.0.1").server_context()
    serving.socket = context.wrap_socket(serving.socket, server_side=True)
    threading.Thread(target=serving.serve_forever, args=(0.05,), daemon=True).start()
    yield f"127.0.0.1:{serving.server_address[1]}"
    serving.shutdown()
    serving.server_close()


@pytest.fixture
def trusted(
    http_proxy: HttpProxy, authority: Authority, monkeypatch: pytest.MonkeyPatch, bypassed: str
) -> Https:
    """What the agent sends by, in an environment with an HTTP proxy."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{http_proxy.port}")
    monkeypatch.setenv("NO_PROXY", bypassed)
    return Https(authority.certificate)


@pytest.mark.parametrize(
    "bypassed, is_asked",
    [("", True), ("elsewhere.test", True), ("127.0.0.1", False), ("*", False)],
)
def test_requests_go_by_the_http_proxy(
    http_proxy: HttpProxy, trusted: Https, server: str, bypassed: str, is_asked: bool
) -> None:
    """An https address goes through the proxy that the environment names, unless it is excepted; TLS is end to end."""
    answer = trusted(f"https://{server}/", b"{}", {})

    assert answer.body == b"yes"
    assert http_proxy.asked == ([server] if is_asked else [])


def settings(tmp_path: Path, **more: str) -> Mapping[str, str]:
    """An environment with the least, and more."""
    token = tmp_path / "token"
    token.write_text(TOKEN)
    return {
        "BERTH_CONTROL_PLANE_URL": "https://berth.test",
        "BERTH_AGENT_TOKEN_FILE": str(token),
        "BERTH_NAMESPACE": "berth",
    } | more


def test_the_proxys_pod_gets_what_its_cluster_needs(tmp_path: Path) -> None:
    """Placement goes to the pod, resources and environment to each container; all else is the control plane's."""
    own: dict[str, dict[str, Any]] = {
        "pod": {"nodeSelector": {"pool": "platform"}},
        "container": {"env": [{"name": "HTTPS_PROXY", "value": "http://proxy.test:3128"}]},
    }
    chosen = load(settings(tmp_path, BERTH_PROXY_POD=json.dumps(own))).proxy
    assert chosen is not None
    rendered = render_proxy(PROXY)

    laid: list[dict[str, Any]] = [chosen.upon(each) for each in rendered]

    assert laid[:-1] == list(rendered[:-1])
    before, after = (each["spec"]["template"]["spec"] for each in (rendered[-1], laid[-1]))
    assert after["nodeSelector"] == {"pool": "platform"}
    for name in ("initContainers", "containers"):
        assert [each.pop("env") for each in after[name]] == [own["container"]["env"]] * len(
            before[name]
        )
    assert {**after, "nodeSelector": None} == {**before, "nodeSelector": None}


def test_without_a_word_the_proxy_is_the_control_planes(tmp_path: Path) -> None:
    """Nothing is changed where nothing is said, and there is no proxy where it is off."""
    assert load(settings(tmp_path)).proxy == ProxyPod()
    (*_, deployment) = render_proxy(PROXY)
    assert ProxyPod().upon(deployment) == deployment
    assert load(settings(tmp_path, BERTH_PROXY="off")).proxy is None


@pytest.mark.parametrize(
    "wrong, said",
    [
        ({"BERTH_PROXY": "no"}, "BERTH_PROXY: no is not on or off"),
        ({"BERTH_PROXY_POD": "{"}, "BERTH_PROXY_POD: not JSON like"),
        ({"BERTH_PROXY_POD": '{"nodeSelector": {}}'}, "BERTH_PROXY_POD: not JSON like"),
        ({"BERTH_PROXY_POD": '{"pod": []}'}, "BERTH_PROXY_POD: not JSON like"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, wrong: dict[str, str], said: str) -> None:
    """What cannot be meant is refused before the agent starts."""
    with pytest.raises(BadSettings, match=said):
        load(settings(tmp_path, **wrong))
