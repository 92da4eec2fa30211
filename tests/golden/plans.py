"""Plans whose objects are kept under ``manifests/``. Every value is written out here."""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.domain.agents.agent import AgentSettings
from chalicelib.domain.organisations.settings import GitHost
from chalicelib.domain.targets import GuardRails, Holes
from chalicelib.domain.targets.kubernetes.proxy import ProxySite
from chalicelib.domain.targets.plan import (
    PlannedContainer,
    PlannedEndpoint,
    PlannedHook,
    PlannedMount,
    PlannedProject,
    PlannedVolume,
    WorkspacePlan,
)
from chalicelib.domain.variables.variable import Variable, VariableKind

AGENT = AgentSettings(
    zone="ws.example.com",
    image_pull_policy="IfNotPresent",
    tools_image="localhost/berth-tools-base:dev",
)
AGENT_ID = "ag-0123456789ab"
WORKSPACE_ID = "ws-abcdefghjkmn"


@dataclass(frozen=True)
class Case:
    """A plan, what surrounds it, and its sealed variables."""

    plan: WorkspacePlan
    guard: GuardRails
    holes: Holes
    variables: tuple[Variable, ...] = ()


def _guard(agent: AgentSettings, git_hosts: tuple[GitHost, ...] = ()) -> GuardRails:
    return GuardRails(
        agent_id=AGENT_ID, agent=agent, agent_namespace="berth-system", git_hosts=git_hosts
    )


MINIMAL = WorkspacePlan(
    workspace_id=WORKSPACE_ID,
    workspace_name="first",
    agent_id=AGENT_ID,
    organisation_id="org-0123456789ab",
    owner_id="usr-0123456789ab",
    editor="terminal",
    containers=(PlannedContainer("main", "localhost/berth-workspace:dev", main=True),),
    volumes=(),
    projects=(),
    disk_gib=10,
    user_id=33333,
    variables=(),
    agent=AGENT,
)

_APP = PlannedContainer(
    "app",
    "registry.example.com/team/app:1.4",
    main=True,
    command=("/bin/sh", "-c"),
    args=('exec sleep "$TIME" # $$ and $(HOME) are the shell\'s',),
    environment=(
        ("CACHE", "$(PROJECTS_ROOT)/.cache"),
        ("LOG_LEVEL", "debug"),
        ("PROJECTS_ROOT", "/overridden"),
    ),
    endpoints=(
        PlannedEndpoint("web-internal", 8080, "internal"),
        PlannedEndpoint("web", 8080, "public", "https"),
        PlannedEndpoint("web-too", 8080, "internal"),
        PlannedEndpoint("debug", 5005, "none"),
    ),
    mounts=(PlannedMount("m2", "/home/user/.m2"), PlannedMount("scratch", "/scratch")),
    cpu_request=500,
    cpu_limit=4000,
    memory_request=1024,
    memory_limit=4096,
    before_start=(PlannedHook("warm-up", ("/bin/sh", "-c", "echo $$ $(date)"), place=1),),
    after_start=(
        PlannedHook("install", ("npm", "ci"), "/projects/shop/web"),
        PlannedHook("hello", ("/bin/sh", "-c", "echo 'it''s up'"), place=1),
    ),
    before_stop=(PlannedHook("save", ("make", "save"), "/projects/shop"),),
)

_DATABASE = PlannedContainer(
    "db",
    "docker.io/library/postgres:16",
    args=("-c", "fsync=off"),
    endpoints=(PlannedEndpoint("sql", 5432, "internal", "tcp"),),
    mounts=(PlannedMount("pgdata", "/var/lib/postgresql/data"),),
    mount_projects=False,
    memory_limit=512,
    cpu_limit=1000,
    before_start=(PlannedHook("migrate", ("/bin/true",)),),
)

FULL = WorkspacePlan(
    workspace_id=WORKSPACE_ID,
    workspace_name="shop",
    agent_id=AGENT_ID,
    organisation_id="org-0123456789ab",
    owner_id="usr-0123456789ab",
    editor="terminal",
    containers=(_APP, _DATABASE),
    volumes=(
        PlannedVolume("m2", 2048),
        PlannedVolume("pgdata"),
        PlannedVolume("scratch", 256, ephemeral=True),
    ),
    projects=(
        PlannedProject(
            "shop",
            "https://git.example.com/acme/shop.git",
            "main",
            other_remotes=(("upstream", "https://git.example.com/up/shop.git"),),
        ),
        PlannedProject("docs", "https://git.example.com/acme/docs.git", path="site/docs"),
    ),
    disk_gib=20,
    user_id=65432,
    variables=(("API_KEY", "environment"), ("LOG_LEVEL", "environment"), ("KUBECONFIG", "file")),
    agent=AGENT,
)

_HARDENED_AGENT = AgentSettings(
    zone="ws.example.com",
    storage_class="encrypted",
    image_pull_policy="Always",
    runtime_class="gvisor",
    user_namespaces=True,
    tools_image="registry.example.com/berth/tools-base@sha256:" + "0" * 64,
    cluster_cidrs=("10.96.0.0/12", "203.0.113.0/24", "2001:db8:1::/48"),
    dns_addresses=("169.254.20.10",),
    extra_ca="-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
)

_GIT_HOSTS = (
    GitHost("git.example.com", 8443, ("192.0.2.7", "10.1.0.0/16")),
    GitHost("everywhere.example.com", 9443, ("0.0.0.0/0", "169.254.169.254")),
    GitHost("github.com"),
)

HARDENED = WorkspacePlan(
    workspace_id=WORKSPACE_ID,
    workspace_name="hardened",
    agent_id=AGENT_ID,
    organisation_id="org-0123456789ab",
    owner_id="usr-0123456789ab",
    editor="terminal",
    containers=(PlannedContainer("main", "registry.example.com/team/app:1", main=True),),
    volumes=(),
    projects=(PlannedProject("shop", "https://git.example.com:8443/acme/shop.git"),),
    disk_gib=5,
    user_id=10000,
    variables=(),
    agent=_HARDENED_AGENT,
)

CASES: Mapping[str, Case] = {
    "minimal": Case(MINIMAL, _guard(AGENT), Holes(generation=1, replicas=1)),
    "stopped": Case(MINIMAL, _guard(AGENT), Holes(generation=2, replicas=0)),
    "full": Case(
        FULL,
        _guard(AGENT),
        Holes(generation=1, replicas=1, secrets_digest="5eed" * 16),
        (
            Variable("API_KEY", VariableKind.ENVIRONMENT, "not-a-real-key"),
            Variable("LOG_LEVEL", VariableKind.ENVIRONMENT, "info"),
            Variable("KUBECONFIG", VariableKind.FILE, "apiVersion: v1\nkind: Config\n"),
        ),
    ),
    "hardened": Case(
        HARDENED, _guard(_HARDENED_AGENT, _GIT_HOSTS), Holes(generation=7, replicas=1)
    ),
}

PROXY = ProxySite(
    agent_id=AGENT_ID,
    namespace="berth-system",
    settings=_HARDENED_AGENT,
    public_url="https://berth.example.com",
    token="berth_prx_made-up",
)
