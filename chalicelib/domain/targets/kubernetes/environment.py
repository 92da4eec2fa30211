"""The environment variables of the user's containers.

Three sources, the later ones winning: what the devfile says, the workspace's variables, and what
Berth promises. Each name occurs once: the API server refuses a list that repeats one.
"""

import json
from collections.abc import Iterable
from ipaddress import ip_network

from chalicelib.domain.organisations.settings import GitHost
from chalicelib.domain.targets.kubernetes import names, secrets
from chalicelib.domain.targets.plan import PlannedContainer, PlannedProject, WorkspacePlan
from chalicelib.domain.targets.target import Object
from chalicelib.domain.variables.variable import VariableKind


def literal(text: str) -> str:
    """Escape a text that Kubernetes would otherwise expand ``$(NAME)`` in (and fold ``$$``)."""
    return text.replace("$", "$$")


def environment(plan: WorkspacePlan, container: PlannedContainer) -> list[Object]:
    """Return ``env`` of one of the user's containers.

    The places of the projects come first, so that a devfile's values may refer to them.
    """
    first = _places(plan, container)
    own = {name: literal(value) for name, value in _identity(plan, container).items()}
    files = {
        name: f"{names.VARIABLES_PATH}/{name}"
        for name, kind in plan.variables
        if kind == VariableKind.FILE
    }
    given = {name for name, _ in plan.variables}
    home = {"HOME": names.HOME_PATH} if container.main and "HOME" not in given else {}
    # ``env`` wins over ``envFrom``: what a variable overrides must not be listed here.
    stated = {name: value for name, value in container.environment if name not in given}
    values = first | home | stated | files | first | own
    return [{"name": name, "value": value} for name, value in values.items()]


def environment_from(plan: WorkspacePlan) -> list[Object]:
    """Return ``envFrom`` of the user's containers: the sealed variables."""
    if names.ENVIRONMENT_SECRET not in secrets.secret_names(kind for _, kind in plan.variables):
        return []
    return [{"secretRef": {"name": names.ENVIRONMENT_SECRET, "optional": False}}]


def clone_environment(plan: WorkspacePlan) -> list[Object]:
    """Return ``env`` of the container that clones the projects."""
    values = {
        "HOME": names.RUN_PATH,
        "TMPDIR": names.RUN_PATH,
        "PROJECTS_ROOT": names.CLONE_PATH,
        "BERTH_PROJECTS": literal(_compact([_project(project) for project in plan.projects])),
    }
    values |= _trust(plan) | git_configuration(plan.git_hosts)
    return [{"name": name, "value": value} for name, value in values.items()]


def _places(plan: WorkspacePlan, container: PlannedContainer) -> dict[str, str]:
    if not container.mount_projects:
        return {}
    root = container.projects_path
    source = f"{root.rstrip('/')}/{_folder(plan.projects[0])}" if plan.projects else root
    return {"PROJECTS_ROOT": literal(root), "PROJECT_SOURCE": literal(source)}


def _identity(plan: WorkspacePlan, container: PlannedContainer) -> dict[str, str]:
    values = {
        "BERTH_WORKSPACE_ID": plan.workspace_id,
        "BERTH_WORKSPACE_NAME": plan.workspace_name,
        **git_configuration(plan.git_hosts),
    }
    if not container.main:
        return values
    command = container.command + container.args
    if command:
        values["BERTH_COMMAND"] = _compact(command)
    return values | _trust(plan)


def git_configuration(hosts: Iterable[GitHost]) -> dict[str, str]:
    """Return git's configuration as variables (git-config, GIT_CONFIG_COUNT), for every git of the pod.

    A host whose addresses are all single ones is pinned to them: the network policy admits no
    others, and a name that the cluster's resolver answers otherwise, or git itself takes for the
    pod (``*.localhost``), still leads there.
    """
    pins = [
        f"{host.host}:{host.port}:{','.join(addresses)}"
        for host in sorted(hosts, key=lambda host: (host.host, host.port))
        if (addresses := _single_addresses(host))
    ]
    entries = {
        name: value
        for place, pin in enumerate(pins)
        for name, value in (
            (f"GIT_CONFIG_KEY_{place}", "http.curloptResolve"),
            (f"GIT_CONFIG_VALUE_{place}", pin),
        )
    }
    return {"GIT_CONFIG_COUNT": str(len(pins)), **entries} if pins else {}


def _single_addresses(host: GitHost) -> list[str]:
    """Return the addresses to dial; none where a whole network is allowed.

    A loopback address is how the control plane reaches a host beside it; a pod's is the pod.
    """
    networks = [ip_network(address, strict=False) for address in host.addresses]
    if any(network.num_addresses > 1 for network in networks):
        return []
    return [str(network.network_address) for network in networks if not network.is_loopback]


def _trust(plan: WorkspacePlan) -> dict[str, str]:
    return (
        {"BERTH_CA_FILE": f"{names.TRUST_PATH}/{names.TRUST_FILE}"} if plan.agent.extra_ca else {}
    )


def _project(project: PlannedProject) -> Object:
    """One entry of ``BERTH_PROJECTS``, in the words of the devfile."""
    return {
        "name": project.name,
        "remotes": {project.remote: project.url} | dict(project.other_remotes),
        "checkout_from": {"remote": project.remote, "revision": project.revision},
        "clone_path": _folder(project),
    }


def _folder(project: PlannedProject) -> str:
    return project.path or project.name


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
