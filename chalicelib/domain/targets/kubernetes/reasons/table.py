"""What Kubernetes says, and what that means to a workspace's owner: data, in order of exactness.

Codes are for programs and never change their meaning.
"""

import re

from chalicelib.domain.targets.kubernetes import names
from chalicelib.domain.targets.kubernetes.reasons.row import UNTIL_DEADLINE, Row
from chalicelib.domain.targets.kubernetes.symptoms import APPLY, DEPLOYMENT


def _any(*words: str) -> frozenset[str]:
    return frozenset(words)


def _said(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_CONTAINERS = _any("container", "init")
_CREATION = _any(DEPLOYMENT, "event")
_PULL = _any(
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "RegistryUnavailable",
    "SignatureValidationFailed",
    "ImageInspectError",
)
_ENDED = _any("CrashLoopBackOff", "Error", "OOMKilled", "ContainerCannotRun", "StartError")
_NOT_STARTED = _any("RunContainerError", "CreateContainerError", "ContainerCannotRun", "StartError")
_OURS = (names.TOOLS_CONTAINER, names.CLONE_CONTAINER)
_ASK = "Tell the people who run this cluster."

ROWS: tuple[Row, ...] = (
    # The pod could not be created.
    Row(
        "QuotaExceeded",
        _CREATION,
        _any("FailedCreate"),
        "The workspace's quota is used up: {said}",
        "An old pod may still be ending; otherwise the workspace needs more than it is granted.",
        pattern=_said(r"exceeded quota"),
    ),
    Row(
        "PodSecurityRefused",
        _CREATION,
        _any("FailedCreate"),
        "The cluster's Pod Security rules refuse the workspace: {said}",
        _ASK,
        pattern=_said(r"violates PodSecurity"),
        retrying=False,
    ),
    Row(
        "ServiceAccountMissing",
        _CREATION,
        _any("FailedCreate"),
        "The workspace's service account is missing.",
        "It is made again by itself; if this lasts, tell the people who run this cluster.",
        pattern=_said(r"service account"),
    ),
    Row(
        "RuntimeClassMissing",
        _CREATION,
        _any("FailedCreate"),
        "The cluster has not the runtime class that this agent is set to: {said}",
        "The agent's owner corrects its setting runtime_class.",
        pattern=_said(r"RuntimeClass"),
    ),
    Row(
        "AdmissionRefused",
        _CREATION,
        _any("FailedCreate"),
        "A rule of the cluster refuses the workspace: {said}",
        _ASK,
        pattern=_said(
            r"admission webhook|ValidatingAdmissionPolicy|denied the request|failed calling webhook"
        ),
    ),
    Row(
        "PodNotCreated",
        _CREATION,
        _any("FailedCreate"),
        "The cluster could not create the workspace's pod: {said}",
        _ASK,
    ),
    # An image cannot be had.
    Row(
        "ToolsImageNotPulled",
        _CONTAINERS,
        _PULL | {"InvalidImageName"},
        "The tools image cannot be pulled: {said}",
        "The agent's owner corrects its setting tools_image, or the access to its registry.",
        only=_OURS,
    ),
    Row(
        "ImageNameInvalid",
        _CONTAINERS,
        _any("InvalidImageName"),
        "The image name of container {name} is not valid: {said}",
        "Correct the image in the devfile and create the workspace again.",
        retrying=False,
    ),
    Row(
        "ImageForbidden",
        _CONTAINERS,
        _PULL,
        "The registry does not give out the image of container {name}: {said}",
        "Check the image's name; a private image needs access for the cluster.",
        pattern=_said(r"denied|unauthori[sz]ed|forbidden|authentication required|\b40[13]\b"),
    ),
    Row(
        "ImageNotFound",
        _CONTAINERS,
        _PULL,
        "There is no such image for container {name}: {said}",
        "Check the image's name and tag in the devfile.",
        pattern=_said(r"not found|manifest unknown|does not exist|no such image|no match for"),
    ),
    Row(
        "ImageNotPulled",
        _CONTAINERS,
        _PULL,
        "The image of container {name} cannot be pulled: {said}",
        "Check the image's name; the registry may be unreachable from the cluster.",
    ),
    # Our own steps before the start.
    Row(
        "ToolsFailed",
        _any("init"),
        _ENDED | _NOT_STARTED,
        "The editor could not be put into the workspace{exit}: {said}",
        _ASK,
        only=(names.TOOLS_CONTAINER,),
        sticks=True,
    ),
    Row(
        "CloneFailed",
        _any("init"),
        _ENDED | _NOT_STARTED,
        "The project could not be cloned{exit}: {said}",
        "Check the repository's address and branch, and whether it may be read without signing in.",
        only=(names.CLONE_CONTAINER,),
        sticks=True,
    ),
    # A container does not start, or does not stay.
    Row(
        "ContainerConfigInvalid",
        _CONTAINERS,
        _any("CreateContainerConfigError"),
        "Container {name} cannot be configured: {said}",
        "Something it refers to is missing, or its image asks for the root user.",
    ),
    Row(
        "OutOfMemory",
        _CONTAINERS,
        _any("CrashLoopBackOff", "OOMKilled", "Error"),
        "Container {name} used more memory than its limit and was ended{exit}.",
        "Raise memoryLimit of the component in the devfile.",
        detail=_any("OOMKilled"),
        sticks=True,
    ),
    Row(
        "PreStartFailed",
        _any("init"),
        _ENDED | _NOT_STARTED,
        "A preStart command failed in container {name}{exit}.",
        "Correct the command in the devfile and create the workspace again.",
        only=(names.HOOK_PREFIX,),
        sticks=True,
    ),
    Row(
        "ContainerNotStarted",
        _CONTAINERS,
        _NOT_STARTED,
        "Container {name} cannot be started: {said}",
        "Check the component's command: the program must be in the image.",
        sticks=True,
    ),
    Row(
        "ContainerNotStarted",
        _CONTAINERS,
        _any("CrashLoopBackOff"),
        "Container {name} cannot be started{exit}.",
        "Check the component's command: the program must be in the image.",
        detail=_any("ContainerCannotRun", "StartError"),
        sticks=True,
    ),
    Row(
        "ContainerEnds",
        _CONTAINERS,
        _any("CrashLoopBackOff"),
        "Container {name} ends by itself as soon as it was started{exit}.",
        "Give the component a command that keeps running.",
        detail=_any("Completed"),
        sticks=True,
    ),
    Row(
        "CrashLoop",
        _CONTAINERS,
        _any("CrashLoopBackOff"),
        "Container {name} crashes again and again{exit}.",
        "Look at the component's command and image; its memory limit may be too low.",
        sticks=True,
    ),
    Row(
        "PostStartFailed",
        _CONTAINERS | {"event"},
        _any("PostStartHookError", "FailedPostStartHook"),
        "What container {name} runs after its start failed: {said}",
        _ASK,
        sticks=True,
    ),
    # Nowhere to run, nothing to mount: given some time, for clusters grow.
    Row(
        "NoNodeComes",
        _any("event"),
        _any("NotTriggerScaleUp"),
        "No node has room for the workspace, and the cluster will not grow for it: {said}",
        "Ask for less CPU or memory, or tell the people who run this cluster.",
    ),
    Row(
        "VolumeUnbound",
        _any("pod", "event"),
        _any("Unschedulable", "FailedScheduling"),
        "The workspace's volume is not there yet: {said}",
        "If this lasts, the cluster's storage class does not provide volumes.",
        pattern=_said(r"persistentvolumeclaim|unbound|volume node affinity|volume\(s\)"),
        grace=300,
    ),
    Row(
        "VolumeUnbound",
        _any("claim", "event"),
        _any("ProvisioningFailed", "FailedBinding", "ProvisioningCleanupFailed", "Lost"),
        "The workspace's volume cannot be made: {said}",
        "If this lasts, the cluster's storage class does not provide volumes.",
        grace=300,
    ),
    Row(
        "NoNode",
        _any("pod", "event"),
        _any("Unschedulable", "FailedScheduling", "SchedulerError"),
        "No node of the cluster has room for the workspace: {said}",
        "It starts as soon as there is room; ask for less CPU or memory to start sooner.",
        grace=300,
    ),
    Row(
        "VolumeNotMounted",
        _any("pod", "event"),
        _any("FailedAttachVolume", "FailedMount", "FailedMapVolume", "VolumeResizeFailed"),
        "The workspace's volume cannot be mounted: {said}",
        "It may still be in use elsewhere; this usually heals within minutes.",
        grace=120,
    ),
    Row(
        "UserNamespacesMissing",
        _any("pod", "event"),
        _any("FailedCreatePodSandBox"),
        "The node cannot run pods in user namespaces, as this agent is set to.",
        "The agent's owner switches its setting user_namespaces off.",
        pattern=_said(r"user namespace"),
    ),
    Row(
        "SandboxFailed",
        _any("pod", "event"),
        _any("FailedCreatePodSandBox", "FailedPodSandBoxStatus", "NetworkNotReady"),
        "The node cannot prepare the workspace's network: {said}",
        _ASK,
        grace=120,
    ),
    # The pod was there and is gone: the Deployment makes another.
    Row(
        "Evicted",
        _any("pod", "event"),
        _any("Evicted", "EvictionByEvictionAPI", "TerminationByKubelet", "Preempting", "Preempted",
             "PreemptionByScheduler", "Failed"),
        "The node put the workspace out; it starts again: {said}",
        "If this happens often, it uses more disk or memory than it asked for.",
        grace=UNTIL_DEADLINE,
    ),
    Row(
        "NodeLost",
        _any("pod", "event"),
        _any("NodeLost", "NodeShutdown", "Shutdown", "Terminated", "UnexpectedAdmissionError",
             "DeletionByTaintManager", "DeletionByPodGC", "DisruptionTarget", "NodeNotReady", "TaintManagerEviction"),
        "The workspace lost its node and starts again: {said}",
        "Nothing to do.",
        grace=UNTIL_DEADLINE,
    ),
    # It runs, and is not ready.
    Row(
        "ContainerEnded",
        _CONTAINERS,
        _any("Error", "Completed", "OOMKilled"),
        "Container {name} ended{exit} and is started again.",
        "If it goes on, look at the component's command and image.",
        grace=UNTIL_DEADLINE,
    ),
    Row(
        "NotAnswering",
        _any("container", "pod", "event"),
        _any("Unhealthy", "ContainersNotReady", "ReadinessGatesNotReady", "ProbeError"),
        "The editor does not answer yet.",
        "If this lasts, its container may be short of CPU or memory.",
        grace=UNTIL_DEADLINE,
    ),
    # The last resort: the deadline comes for every case above and says nothing of it.
    Row(
        "StartTimeout",
        _any(DEPLOYMENT),
        _any("ProgressDeadlineExceeded"),
        "The workspace did not become ready within 5 minutes.",
        "Restart it; if that does not help, tell the people who run this cluster.",
    ),
    # The API server refused an object: ``Error``, never ``Failed``.
    Row(
        "ApplyQuotaExceeded",
        _any(APPLY),
        _any("403"),
        "A quota of the cluster does not admit the workspace's {kind}: {said}",
        _ASK,
        pattern=_said(r"exceeded quota"),
    ),
    Row(
        "ApplyPolicyRefused",
        _any(APPLY),
        _any("400", "403", "422"),
        "A rule of the cluster refuses the workspace's {kind}: {said}",
        _ASK,
        pattern=_said(
            r"admission webhook|ValidatingAdmissionPolicy|denied the request|PodSecurity"
        ),
        retrying=False,
    ),
    Row(
        "ApplyForbidden",
        _any(APPLY),
        _any("401", "403"),
        "The agent has no permission to write the workspace's {kind}.",
        "Install the agent's manifest of this version again: it brings the permissions.",
        retrying=False,
    ),
    Row(
        "ApplyInvalid",
        _any(APPLY),
        _any("400", "409", "413", "422"),
        "The cluster refuses the workspace's {kind}: {said}",
        _ASK,
        retrying=False,
    ),
    Row(
        "ApplyInvalid",
        _any(APPLY),
        _any("500"),
        "The cluster does not understand the workspace's {kind}: {said}",
        "Its version of Kubernetes may be too old. " + _ASK,
        pattern=_said(r"field not declared in schema|duplicate entries for key|typed patch"),
        retrying=False,
    ),
    Row(
        "ApplyKindUnknown",
        _any(APPLY),
        _any("404"),
        "The cluster knows no {kind}, or lost the workspace's namespace: {said}",
        _ASK,
    ),
    Row(
        "ApplyRefusedByAgent",
        _any(APPLY),
        _any("0"),
        "The agent does not do what it was asked for the workspace's {kind}: {said}",
        "Its version may be too old, or the namespace's name is taken. " + _ASK,
        retrying=False,
    ),
    Row(
        "ApplyUnavailable",
        _any(APPLY),
        frozenset(),
        "The cluster cannot take the workspace's {kind} for now: {said}",
        "It is tried again by itself.",
    ),
)  # fmt: skip
