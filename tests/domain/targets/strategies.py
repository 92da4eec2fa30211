"""Plans of every shape that a devfile may lead to, for property tests."""

import string
from typing import Any

from hypothesis import strategies as st

from chalicelib.domain.agents.agent import AgentSettings
from chalicelib.domain.organisations.settings import GitHost
from chalicelib.domain.targets import GuardRails, Holes
from chalicelib.domain.targets.plan import (
    PlannedContainer,
    PlannedEndpoint,
    PlannedHook,
    PlannedMount,
    PlannedProject,
    PlannedVolume,
    WorkspacePlan,
)

_LOWER = string.ascii_lowercase + string.digits
NASTY = st.text(max_size=20) | st.sampled_from(
    [
        "$(HOME)",
        "$$",
        "'; rm -rf / #",
        "\n- hostPath: /",
        '"}],"hostNetwork":true',
        "$patch",
        "privileged: true",
        "\u202e",
    ]
)
names = st.text(_LOWER, min_size=1, max_size=12).filter(lambda n: not n.startswith("berth"))
ids = st.text("0123456789abcdefghjkmnpqrstvwxyz", min_size=12, max_size=12)
variable_names = st.from_regex(r"\A[A-Z_][A-Z0-9_]{0,10}\Z")
images = st.sampled_from(["localhost/a:1", "registry.example.com/b@sha256:" + "1" * 64, "c"])

_hooks = st.lists(
    st.builds(
        PlannedHook,
        name=names,
        argv=st.lists(NASTY, min_size=1, max_size=3).map(tuple),
        directory=st.sampled_from(["", "/projects", "/pro jects/$(x)"]),
        place=st.integers(0, 5),
    ),
    max_size=2,
).map(tuple)


@st.composite
def _endpoints(draw: Any, first: int) -> tuple[PlannedEndpoint, ...]:
    """Endpoints at ports that no other container of the plan has."""
    return tuple(
        PlannedEndpoint(
            draw(names),
            first + offset,
            draw(st.sampled_from(["public", "internal", "none"])),
            draw(st.sampled_from(["http", "https", "ws", "tcp"])),
        )
        for offset in range(draw(st.integers(0, 2)))
    )


@st.composite
def _containers(draw: Any, name: str, place: int, volumes: tuple[PlannedVolume, ...]) -> Any:
    mounted = draw(st.lists(st.sampled_from(volumes), unique=True)) if volumes else []
    request = draw(st.integers(1, 1000))
    return PlannedContainer(
        name,
        draw(images),
        main=place == 0,
        command=tuple(draw(st.lists(NASTY, max_size=2))),
        args=tuple(draw(st.lists(NASTY, max_size=2))),
        environment=tuple(
            draw(st.dictionaries(variable_names | st.just("HOME"), NASTY, max_size=3)).items()
        ),
        endpoints=draw(_endpoints(10_000 + 10 * place)),
        mounts=tuple(PlannedMount(v.name, f"/mnt/{i}") for i, v in enumerate(mounted)),
        cpu_request=request,
        cpu_limit=request * draw(st.integers(1, 4)),
        memory_request=request,
        memory_limit=request * draw(st.integers(1, 4)),
        mount_projects=draw(st.booleans()),
        projects_path=draw(st.sampled_from(["/projects", "/work/src"])),
        before_start=draw(_hooks),
        after_start=draw(_hooks),
        before_stop=draw(_hooks),
    )


agents = st.builds(
    AgentSettings,
    zone=st.just("ws.example.com"),
    storage_class=st.sampled_from(["", "fast"]),
    image_pull_policy=st.sampled_from(["Always", "IfNotPresent"]),
    runtime_class=st.sampled_from(["", "gvisor"]),
    user_namespaces=st.booleans(),
    cluster_cidrs=st.sampled_from([(), ("10.0.0.0/8", "198.51.100.0/24"), ("2001:db8::/32",)]),
    dns_addresses=st.sampled_from([(), ("169.254.20.10", "fd00::10")]),
    extra_ca=st.sampled_from(["", "-----BEGIN CERTIFICATE-----\n"]),
)


@st.composite
def plans(draw: Any) -> WorkspacePlan:
    """Any plan that ``freeze`` accepts."""
    volumes = tuple(
        PlannedVolume(name, draw(st.none() | st.integers(1, 4096)), ephemeral=draw(st.booleans()))
        for name in draw(st.lists(names, unique=True, max_size=3))
    )
    called = draw(st.lists(names, unique=True, min_size=1, max_size=3))
    kinds = draw(st.dictionaries(variable_names, st.sampled_from(["environment", "file"])))
    return WorkspacePlan(
        workspace_id="ws-" + draw(ids),
        workspace_name=draw(names),
        agent_id="ag-" + draw(ids),
        organisation_id="org-000000000000",
        owner_id="usr-000000000000",
        editor="terminal",
        containers=tuple(
            draw(_containers(name, place, volumes)) for place, name in enumerate(called)
        ),
        volumes=volumes,
        projects=tuple(
            PlannedProject(name, "https://git.example.com/" + name, draw(NASTY))
            for name in draw(st.lists(names, unique=True, max_size=2))
        ),
        disk_gib=draw(st.integers(1, 100)),
        user_id=draw(st.integers(10_000, 2**31 - 2)),
        variables=tuple(kinds.items()),
        agent=draw(agents),
    )


git_hosts = st.lists(
    st.builds(
        GitHost,
        host=st.sampled_from(["git.example.com", "github.com"]),
        port=st.integers(1, 65535),
        addresses=st.sampled_from([(), ("192.0.2.1",), ("0.0.0.0/0", "::/0"), ("169.254.0.0/16",)]),
    ),
    max_size=3,
).map(tuple)


@st.composite
def guards(draw: Any, plan: WorkspacePlan) -> GuardRails:
    """Guard rails for a plan: the agent's settings may have changed since it was frozen."""
    return GuardRails(
        plan.agent_id, draw(agents), draw(st.sampled_from(["", "berth-system"])), draw(git_hosts)
    )


holes = st.builds(
    Holes,
    generation=st.integers(1, 10**6),
    replicas=st.sampled_from([0, 1]),
    secrets_digest=st.sampled_from(["", "ab" * 32]),
)
