"""The Deployment of a workspace: one pod, its containers and what runs before them."""

from chalicelib.domain.editors import EDITORS
from chalicelib.domain.targets.kubernetes import (
    environment,
    hardening,
    hooks,
    metadata,
    names,
    storage,
)
from chalicelib.domain.targets.kubernetes.resources import Amount, Need
from chalicelib.domain.targets.plan import PlannedContainer, PlannedHook, WorkspacePlan
from chalicelib.domain.targets.target import Object
from chalicelib.wire import labels

START_DEADLINE_SECONDS = 300
GRACE_SECONDS = 10

TOOLS_NEED = Need(Amount(50, 64, 64), Amount(1_000, 256, 256))
CLONE_NEED = Need(Amount(50, 64, 64), Amount(1_000, 1_024, 256))
ROOT_REQUEST_MIB = 128
ROOT_LIMIT_MIB = 8_192
"""What a container may write outside its volumes, logs included."""


def deployment(plan: WorkspacePlan) -> Object:
    """Return the Deployment but for its holes: replicas and annotations."""
    identity = metadata.own_labels(plan.workspace_id, plan.agent_id)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata.member(names.WORKLOAD, plan.workspace_id, plan.agent_id),
        "spec": {
            # The volume takes one writer: the old pod ends before the new one starts.
            "strategy": {"type": "Recreate"},
            "progressDeadlineSeconds": START_DEADLINE_SECONDS,
            "revisionHistoryLimit": 1,
            "selector": {"matchLabels": {labels.WORKSPACE_ID: plan.workspace_id}},
            "template": {"metadata": {"labels": identity}, "spec": _pod(plan)},
        },
    }


def needs(plan: WorkspacePlan) -> tuple[tuple[Need, ...], tuple[Need, ...]]:
    """Return the needs of the containers, and of those that run before them."""
    running = tuple(container_need(plan, container) for container in plan.staying)
    hooked = (container_need(plan, owner) for owner, _ in hooks.before_start(plan.containers))
    clone = (CLONE_NEED,) if plan.projects else ()
    return running, (TOOLS_NEED, *clone, *hooked)


def container_need(plan: WorkspacePlan, container: PlannedContainer) -> Need:
    """Return what one of the user's containers needs.

    The main one carries the pod's ``emptyDir`` volumes: the kubelet adds them to what the
    containers write and compares that with the sum of their limits.
    """
    storage_limit = ROOT_LIMIT_MIB + (storage.ephemeral_mib(plan) if container.main else 0)
    return Need(
        Amount(container.cpu_request, container.memory_request, ROOT_REQUEST_MIB),
        Amount(container.cpu_limit, container.memory_limit, storage_limit),
    )


def _pod(plan: WorkspacePlan) -> Object:
    pod: Object = {
        "serviceAccountName": names.SERVICE_ACCOUNT,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "securityContext": hardening.pod(plan.user_id),
        "initContainers": [_tools(plan), *_clone(plan), *_hook_containers(plan)],
        "containers": [_container(plan, container) for container in plan.staying],
        "volumes": storage.pod_volumes(plan),
    }
    if plan.agent.user_namespaces:
        pod["hostUsers"] = False
    if plan.agent.runtime_class:
        pod["runtimeClassName"] = plan.agent.runtime_class
    return pod


def _tools(plan: WorkspacePlan) -> Object:
    """The container that copies the tools to where all others see them read-only.

    Not ``cp -a``: an arbitrary user may not give files away, and each failure to would be a line.
    ``-f``: after a failure it runs again over what it left.
    """
    return {
        "name": names.TOOLS_CONTAINER,
        "command": ["/bin/busybox", "cp", "-RPf", "/bundle/.", f"{names.TOOLS_PATH}/"],
        "volumeMounts": storage.tools_mounts(writable=True)[:1],
    } | _own(plan, TOOLS_NEED)


def _clone(plan: WorkspacePlan) -> list[Object]:
    """The container that clones the projects, where there are any."""
    if not plan.projects:
        return []
    python, program = f"{names.TOOLS_PATH}/bin/python3", f"{names.TOOLS_PATH}/clone.py"
    mounts = [*storage.tools_mounts(), storage.projects_mount(names.CLONE_PATH)]
    container = {
        "name": names.CLONE_CONTAINER,
        "command": [python, "-I", program],
        "env": environment.clone_environment(plan),
        "volumeMounts": mounts + storage.trust_mounts(plan),
    }
    return [container | _own(plan, CLONE_NEED)]


def _own(plan: WorkspacePlan, need: Need) -> Object:
    """What our containers have in common. Their last words are fit to be shown as a reason."""
    return {
        "image": plan.agent.tools_image,
        "imagePullPolicy": plan.agent.image_pull_policy,
        "resources": need.resources(),
        "securityContext": hardening.OWN_CONTAINER,
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }


def _hook_containers(plan: WorkspacePlan) -> list[Object]:
    return [
        _hook_container(plan, container, hook, place)
        for place, (container, hook) in enumerate(hooks.before_start(plan.containers))
    ]


def _hook_container(
    plan: WorkspacePlan, container: PlannedContainer, hook: PlannedHook, place: int
) -> Object:
    base = _users(plan, container)
    base["name"] = f"{names.HOOK_PREFIX}{place}-{hook.name}"[:63].rstrip("-")
    base["volumeMounts"] += storage.tools_mounts()
    argv = hook.argv or container.command + container.args
    if argv:
        base["command"] = [environment.literal(word) for word in argv]
    if hook.directory:
        base["workingDir"] = hook.directory
    return base


def _container(plan: WorkspacePlan, container: PlannedContainer) -> Object:
    base = _users(plan, container)
    reactions = hooks.lifecycle(container)
    if container.main or reactions:
        base["volumeMounts"] += storage.tools_mounts()
    if reactions:
        base["lifecycle"] = reactions
    ports = {endpoint.port for endpoint in container.endpoints}
    if container.main:
        ports |= _start_editor(plan, base)
    else:
        base |= {"command": list(container.command)} if container.command else {}
        base |= {"args": list(container.args)} if container.args else {}
    if ports:
        base["ports"] = [{"containerPort": port, "protocol": "TCP"} for port in sorted(ports)]
    return base


def _users(plan: WorkspacePlan, container: PlannedContainer) -> Object:
    """What a container of the user's image and a preStart command in it have in common."""
    base: Object = {
        "name": container.name,
        "image": container.image,
        "imagePullPolicy": plan.agent.image_pull_policy,
        "env": environment.environment(plan, container),
        "resources": container_need(plan, container).resources(),
        "securityContext": hardening.CONTAINER,
        "volumeMounts": storage.mounts(plan, container) + storage.trust_mounts(plan),
    }
    sealed = environment.environment_from(plan)
    return base | ({"envFrom": sealed} if sealed else {})


def _start_editor(plan: WorkspacePlan, container: Object) -> set[int]:
    """Let the start program run the editor, which runs ``BERTH_COMMAND``; return its ports."""
    editor = EDITORS[plan.editor]
    start = [f"{names.TOOLS_PATH}/bin/dash", f"{names.TOOLS_PATH}/start"]
    container["command"] = [*start, editor.name, str(editor.port)]
    container["readinessProbe"] = {
        "httpGet": {"path": editor.health, "port": editor.port},
        "periodSeconds": 1,
        "timeoutSeconds": 2,
        "failureThreshold": 10,
    }
    return {editor.port}
