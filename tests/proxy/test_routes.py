"""The proxy's pure parts: names, slots, Services, settings."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berth_kube.projections import Annotations, Labels, Metadata, Service, ServiceSpec
from berth_proxy.discovery import Found, read_service
from berth_proxy.hosts import Endpoint, parse_host, parse_label
from berth_proxy.routes import Full, Layout, RouteTable, Wanted
from berth_proxy.settings import Settings

ANN, BOB = "ws-000000000ann", "ws-000000000bob"


@given(
    st.integers(1000, 65_535), st.text("0123456789abcdefghjkmnpqrstvwxyz", min_size=12, max_size=12)
)
def test_a_name_is_read_as_it_is_written(port: int, tail: str) -> None:
    """Every endpoint's label names that endpoint again."""
    endpoint = Endpoint(port, f"ws-{tail}")

    assert (
        parse_host(f"{endpoint.label.upper()}.Zone.localhost:8443", "zone.localhost:9000")
        == endpoint
    )


@given(st.text(max_size=40))
def test_one_label_for_each_endpoint(text: str) -> None:
    """Whatever is read as an endpoint is the very label of it."""
    found = parse_label(text)

    assert found is None or found.label == text


@pytest.mark.parametrize(
    "host",
    [
        f"080-{ANN}.zone",
        f"80-{ANN}.zone",
        f"65536-{ANN}.zone",
        f"\N{FULLWIDTH DIGIT SEVEN}681-{ANN}.zone",
        f"7681-{ANN}\n.zone",
        f"7681-{ANN}.zone.",
        f"7681-{ANN}.other",
        f"7681-{ANN}",
        f"7681-{ANN}x.zone",
        "zone",
    ],
)
def test_what_is_not_quite_an_endpoint_is_none(host: str) -> None:
    """Other spellings of ports, ids and zones name nothing."""
    assert parse_host(host, "zone") is None


def wanted(workspace_id: str = ANN, address: str = "10.0.0.1", *ports: int) -> Wanted:
    """A route to a workspace."""
    return Wanted(workspace_id, address, tuple((port, "private") for port in ports or (7681,)))


def test_two_workspaces_never_share_a_slot() -> None:
    """Each workspace has a slot of its own, and when none is left the next is refused by name."""
    table = RouteTable("m", Layout(buckets=2, slots=2))
    ids = [f"ws-00000000000{number}" for number in range(5)]
    for workspace_id in ids[:4]:
        table.put(wanted(workspace_id))
    with pytest.raises(Full, match="all 4 slots"):
        table.put(wanted(ids[4]))

    assert len({table.slot_of(workspace_id) for workspace_id in ids[:4]}) == 4


def test_a_freed_slot_is_used_last() -> None:
    """A slot rests after its workspace went: a late connection must not meet another's workspace."""
    table = RouteTable("m", Layout(buckets=1, slots=3))
    table.put(wanted(ANN))
    freed = table.slot_of(ANN)
    table.remove(ANN)
    table.put(wanted(BOB))

    assert table.slot_of(BOB) != freed


def test_the_same_route_twice_says_nothing() -> None:
    """A repeated wish costs no command."""
    table = RouteTable("m")
    table.put(wanted())

    assert table.put(wanted()) == []


def test_a_changed_port_changes_the_map_alone() -> None:
    """Endpoints that come and go leave the workspace's connections alone."""
    table = RouteTable("m", Layout(1, 1))
    table.put(wanted(ANN, "10.0.0.1", 7681, 8080))

    assert table.put(wanted(ANN, "10.0.0.1", 7681, 9090)) == [
        f"del map m 8080-{ANN}",
        f"add map m 9090-{ANN} b0/s1/private",
    ]


def test_a_moved_workspace_is_cut_after_its_address() -> None:
    """Connections to the old address end once the new one is known."""
    table = RouteTable("m", Layout(1, 1))
    table.put(wanted())

    assert table.put(wanted(ANN, "10.0.0.2")) == [
        "set server b0/s1 addr 10.0.0.2",
        "shutdown sessions server b0/s1",
    ]


AGENT = "ag-000000000001"


def a_service(**changes: str) -> Service:
    """A Service of Ann's workspace, or one that differs."""
    values = {
        "namespace": f"berth-{ANN}",
        "workspace_id": ANN,
        "agent_id": AGENT,
        "address": "10.0.0.1",
        "serving": "true",
        "endpoints": json.dumps([{"port": 7681, "name": "terminal", "exposure": "private"}]),
    } | changes
    metadata = Metadata(
        name="workspace",
        namespace=values["namespace"],
        labels=Labels(workspace_id=values["workspace_id"], agent_id=values["agent_id"]),
        annotations=Annotations(serving=values["serving"], endpoints=values["endpoints"]),
    )
    return Service(metadata=metadata, spec=ServiceSpec(cluster_ip=values["address"]))


def test_a_service_becomes_a_route() -> None:
    """A workspace's Service in its own namespace is a route to its address."""
    assert read_service(a_service(), AGENT) == Found(ANN, wanted())


@pytest.mark.parametrize(
    "changes",
    [
        {"namespace": f"berth-{BOB}"},
        {"namespace": "default"},
        {"agent_id": "ag-000000000002"},
        {"workspace_id": "x"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_label_alone_draws_no_traffic(changes: dict[str, str]) -> None:
    """A Service with our labels in a namespace that is not the workspace's is no route."""
    assert read_service(a_service(**changes), AGENT) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"serving": "false"},
        {"endpoints": "[]"},
        {"endpoints": "no json"},
        {"address": "None"},
        {"address": "evil; x"},
    ],
    ids=str,
)
def test_a_workspace_that_does_not_serve_is_known_and_not_routed(changes: dict[str, str]) -> None:
    """Stopped, without endpoints, or with something that is no address: there is nothing to reach."""
    assert read_service(a_service(**changes), AGENT) == Found(ANN, None)


def test_missing_settings_are_all_named() -> None:
    """One error names every variable that is missing or wrong."""
    with pytest.raises(
        ValueError,
        match="BERTH_CONTROL_PLANE_URL is not set; BERTH_ZONE is not set; BERTH_BUCKETS is no",
    ):
        Settings.from_environment({"BERTH_AGENT_ID": AGENT, "BERTH_BUCKETS": "many"})
