"""Why a workspace is not as wished: told by the API and the command line within 10 s of the cluster knowing it.

What can heal does so by itself: no test asks for the workspace again.
"""

import json
import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from berth_cli.failures import Exit
from berth_kube.kinds import SECRET
from berth_local.cluster.cluster import Cluster
from berth_local.git_server import publish
from berth_local.site.site import SAMPLE, Site
from tests.site.developer import Developer, Json, new_name
from tests.site.devfiles import component, devfile, project
from tests.site.live import Live
from tests.site.waiting import first

log = logging.getLogger(__name__)

Look = Callable[[str], Live]
Knows = Callable[[Live], float | None]
"""Since when (seconds since the epoch) the cluster knows of a fault; None while it does not."""

WITHIN_SECONDS = 10.0
FAULT_SECONDS = 60
"""Until a fault shows in the cluster itself."""
HEAL_SECONDS = 90
"""The kubelet waits up to 40 s before it tries again, after the few tries of a test."""
UNTAGGED = "localhost/berth-late:1"
STORAGE_CLASS = "berth-late"


@pytest.fixture(scope="module")
def greeter(owner: Developer) -> Iterator[Json]:
    """A workspace with a variable, which ran once."""
    given = [{"name": "GREETING", "kind": "environment", "value": "hello"}]
    made = owner.create(devfile(), variables=given)
    yield owner.await_state(made["id"], "Running")
    owner.terminate(made["id"])


@pytest.fixture
def settled(owner: Developer, greeter: Json) -> Json:
    """The workspace that ran once, stopped."""
    owner.want(greeter["id"], "Stopped")
    return owner.await_state(greeter["id"], "Stopped")


def assert_told(
    owner: Developer, live: Live, workspace: Json, told: tuple[str, str], knows: Knows
) -> Json:
    """Assert that state and reason are told in time by every door; return the reason."""
    state, code = told
    known_at: list[float] = []

    def shown() -> Json | None:
        if not known_at and (moment := knows(live)) is not None:
            known_at.append(moment)
        found = owner.read(workspace["id"])
        is_told = found["actual"] == state and (found["reason"] or {}).get("code") == code
        return found["reason"] if known_at and is_told else None

    reason = first(shown, f"{state} because of {code}", seconds=FAULT_SECONDS)
    seconds = time.time() - known_at[0]
    page = owner.berth("show", workspace["id"])
    listed = owner.berth("list")
    told_after = time.time() - known_at[0]

    log.info(
        "%s: told %.1f s after the cluster knew, by the command line %.1f s",
        code,
        seconds,
        told_after,
    )
    assert reason["message"], "a reason has words"
    assert reason["hint"], "and says what to do"
    assert f"actual:     {state}" in page.stdout
    assert reason["message"] in page.stdout
    assert reason["hint"] in page.stdout
    row = next(line for line in listed.stdout.splitlines() if workspace["id"] in line)
    assert {state, code} <= set(row.split())
    assert told_after <= WITHIN_SECONDS
    return reason


def assert_heals(owner: Developer, workspace: Json) -> None:
    """Assert that the workspace runs, and that no reason is left."""
    healed = owner.await_state(workspace["id"], "Running", seconds=HEAL_SECONDS)
    assert healed["reason"] is None
    assert healed["generation"] == workspace["generation"]


def test_image_that_does_not_exist(owner: Developer, live: Look, cluster: Cluster) -> None:
    """An image that is nowhere is Failed with its name; once it is there, the workspace runs."""
    with owner.workspace(devfile(image=UNTAGGED)) as workspace:
        seen = live(workspace["id"])
        reason = assert_told(
            owner,
            seen,
            workspace,
            ("Failed", "ImageNotPulled"),
            lambda at: at.event_at("Failed", "pull"),
        )
        assert "main" in reason["message"]
        assert reason["retrying"]

        ended = owner.berth("wait", workspace["id"], "--timeout", "1")
        assert ended.code == Exit.TIMED_OUT
        assert (
            f"{workspace['name']} is Failed, not Running, after 1 s: {reason['message']}"
            in ended.stderr
        )

        known = "localhost/berth-workspace:dev"
        cluster.run(["ctr", "--namespace", "k8s.io", "images", "tag", known, UNTAGGED])
        assert_heals(owner, workspace)


def test_creation_that_cannot_end_well_ends_with_its_reason(owner: Developer) -> None:
    """`berth create` of an image whose name cannot be one ends with 8 and a sentence, without a timeout."""
    name = new_name()
    ended = owner.berth_create(name, devfile(image="localhost/UPPER:1"))

    (line,) = (line for line in ended.stderr.splitlines() if line.startswith("berth: "))
    assert ended.code == Exit.UNWELL
    assert "The image name of container main is not valid" in line
    owner.terminate(owner.find(name)["id"])


def test_container_that_crashes(owner: Developer, live: Look) -> None:
    """A container that ends again and again is Failed with its exit code; when it stays, the workspace runs."""
    crashing = component("beside", "test -e /projects/stay && exec sleep 3600; exit 3")
    with owner.workspace(devfile(beside=[crashing])) as workspace:
        seen = live(workspace["id"])
        reason = assert_told(
            owner,
            seen,
            workspace,
            ("Failed", "CrashLoop"),
            lambda at: at.event_at("BackOff", "restarting failed container"),
        )
        assert reason["message"] == "Container beside crashes again and again (exit code 3)."

        seen.exec("touch", "/projects/stay")
        assert_heals(owner, workspace)


def test_container_that_only_ends(owner: Developer, live: Look) -> None:
    """A container whose command comes to its end is told apart from one that crashes."""
    with owner.workspace(devfile(beside=[component("beside", "true")])) as workspace:
        assert_told(
            owner,
            live(workspace["id"]),
            workspace,
            ("Failed", "ContainerEnds"),
            lambda at: at.event_at("BackOff", "restarting failed container"),
        )


def test_command_of_the_main_container_is_not_the_workspace(owner: Developer, live: Look) -> None:
    """The main container's own command may end or crash: the editor runs on beside it."""
    ending = {"command": ["sh", "-c"], "args": ["echo over; exit 3"]}
    with owner.workspace(devfile(main=ending)) as workspace:
        owner.await_state(workspace["id"], "Running")

        seen = live(workspace["id"])
        said = first(
            lambda: seen.exec("cat", "/.berth-run/log/command.log"), "the command's log", seconds=10
        )
        assert "over" in said
        assert "ended with status 3" in said
        assert seen.pod()["status"]["containerStatuses"][0]["restartCount"] == 0


def test_quota_that_is_used_up(owner: Developer, live: Look, settled: Json) -> None:
    """A quota of the cluster's people that admits no pod is Failed; without it the workspace runs."""
    seen = live(settled["id"])
    seen.kubectl("create", "quota", "planted", "--hard=pods=0")
    again = owner.want(settled["id"], "Running")
    reason = assert_told(
        owner,
        seen,
        again,
        ("Failed", "QuotaExceeded"),
        lambda at: at.condition_at("ReplicaFailure", "True"),
    )
    assert "planted" in reason["message"]

    seen.kubectl("delete", "quota", "planted")
    assert_heals(owner, again)


def test_pod_security_that_refuses(owner: Developer, live: Look, settled: Json) -> None:
    """A pod that breaks the cluster's rules is Failed for good, and whoever waits is told at once."""
    seen = live(settled["id"])
    _patch(seen, {"template": {"spec": {"hostNetwork": True}}})
    again = owner.want(settled["id"], "Running")
    reason = assert_told(
        owner,
        seen,
        again,
        ("Failed", "PodSecurityRefused"),
        lambda at: at.condition_at("ReplicaFailure", "True"),
    )
    assert not reason["retrying"]

    ended = owner.berth("wait", settled["id"], "--timeout", "60")
    assert ended.code == Exit.UNWELL
    assert f"{settled['name']} is Failed: {reason['message']}" in ended.stderr

    _patch(seen, {"template": {"spec": {"hostNetwork": None}}})
    assert_heals(owner, again)


def test_workspace_that_no_node_has_room_for(owner: Developer) -> None:
    """More CPU than any node has: `berth create` shows the reason while it waits, and ends with it."""
    name = new_name()
    too_large = devfile(main={"cpuRequest": "7", "cpuLimit": "7"})

    ended = owner.berth_create(name, too_large, "--timeout", "12")

    found = owner.find(name)
    owner.terminate(found["id"])
    assert (found["actual"], found["reason"]["code"]) == ("Starting", "NoNode")
    assert ended.code == Exit.TIMED_OUT
    assert (
        f"{name} is Starting, not Running, after 12 s: {found['reason']['message']}" in ended.stderr
    )
    assert "Insufficient cpu" in found["reason"]["message"]


def test_nodes_that_take_no_pods(owner: Developer, live: Look, cluster: Cluster) -> None:
    """No node is a hint while it starts, Failed with the same reason past the deadline, and heals."""
    cluster.kubectl("cordon", "n1")
    try:
        with owner.workspace(devfile()) as workspace:
            seen = live(workspace["id"])
            assert_told(
                owner,
                seen,
                workspace,
                ("Starting", "NoNode"),
                lambda at: at.pod_condition_at("PodScheduled", "False"),
            )

            _patch(seen, {"progressDeadlineSeconds": 1})
            assert_told(
                owner,
                seen,
                workspace,
                ("Failed", "NoNode"),
                lambda at: at.condition_at("Progressing", "False"),
            )

            cluster.kubectl("uncordon", "n1")
            assert_heals(owner, workspace)
    finally:
        cluster.kubectl("uncordon", "n1")


def test_start_that_takes_too_long(owner: Developer, live: Look) -> None:
    """A start that hangs without any sign is Failed once the cluster calls it too long."""
    hanging = component("before", "until test -e /projects/go; do sleep 1; done")
    prepared = devfile(
        beside=[hanging],
        commands=[{"id": "wait", "apply": {"component": "before"}}],
        events={"preStart": ["wait"]},
    )
    with owner.workspace(prepared) as workspace:
        seen = live(workspace["id"])
        first(lambda: _runs_init(seen), "the hook to run", seconds=FAULT_SECONDS)
        _patch(seen, {"progressDeadlineSeconds": 1})
        assert_told(
            owner,
            seen,
            workspace,
            ("Failed", "StartTimeout"),
            lambda at: at.condition_at("Progressing", "False"),
        )

        pod = seen.pod()["metadata"]["name"]
        hook = seen.pod()["spec"]["initContainers"][-1]["name"]
        seen.kubectl("exec", pod, "-c", hook, "--", "touch", "/projects/go")
        assert_heals(owner, workspace)


def test_volume_that_nobody_makes(
    site: Site, owner: Developer, live: Look, cluster: Cluster
) -> None:
    """A storage class that is not there is a hint while it starts; once it is there, the workspace runs."""
    with _agent_setting(site, storage_class=STORAGE_CLASS), owner.workspace(devfile()) as workspace:
        seen = live(workspace["id"])
        reason = assert_told(
            owner,
            seen,
            workspace,
            ("Starting", "VolumeUnbound"),
            lambda at: at.pod_condition_at("PodScheduled", "False"),
        )
        assert "volume" in reason["message"]

        listed = json.loads(cluster.kubectl("get", "storageclass", "-o", "json").stdout)
        made = listed["items"][0]
        made["metadata"] = {"name": STORAGE_CLASS}
        cluster.kubectl("create", "-f", "-", text_input=json.dumps(made))
        try:
            assert_heals(owner, workspace)
        finally:
            cluster.kubectl("delete", "storageclass", STORAGE_CLASS)


def test_clones_that_fail(site: Site, owner: Developer, live: Look) -> None:
    """A branch or a host that is not there is Failed, in git's own words."""
    branch, host = "no-such-branch", "absent.berth.localhost"
    absent = f"https://{host}:{site.names.git_port}/hello-berth.git"
    with (
        _git_host(site, host),
        owner.workspace(devfile(projects=[project("hello", site.repository, branch)])) as one,
        owner.workspace(devfile(projects=[project("hello", absent)])) as other,
    ):

        def words(workspace: Json) -> str:
            told = ("Failed", "CloneFailed")
            reason = assert_told(owner, live(workspace["id"]), workspace, told, _clone_failed_at)
            return str(reason["message"])

        with ThreadPoolExecutor(2) as beside:
            said = list(beside.map(words, (one, other)))

    assert branch in said[0]
    assert host in said[1]


def test_repository_that_appears_later(site: Site, owner: Developer, live: Look) -> None:
    """A repository that is not there is Failed; once it is, it is cloned and the workspace runs."""
    cloned = devfile(projects=[project("later", f"{site.names.git}/later.git")])
    with owner.workspace(cloned) as workspace:
        seen = live(workspace["id"])
        assert_told(
            owner,
            seen,
            workspace,
            ("Failed", "CloneFailed"),
            _clone_failed_at,
        )

        publish(SAMPLE, site.folder / "repositories" / "later.git")
        assert_heals(owner, workspace)
        assert "README.md" in seen.exec("ls", "/projects/later")


def test_secret_that_somebody_deleted(owner: Developer, live: Look, settled: Json) -> None:
    """A Secret that somebody deleted while its workspace stood is there again when that starts."""
    seen = live(settled["id"])
    before = seen.get(SECRET, "berth-environment")
    assert before is not None
    seen.kubectl("delete", "secret", "berth-environment")
    assert_heals(owner, owner.want(settled["id"], "Running"))
    after = seen.get(SECRET, "berth-environment")
    assert after is not None
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert seen.exec("sh", "-c", "echo $GREETING").strip() == "hello"


def test_object_that_the_cluster_refuses(owner: Developer, live: Look, cluster: Cluster) -> None:
    """A rule of the cluster that refuses an object is Error with the rule's words; once it is gone, a new wish runs."""
    cluster.kubectl("create", "-f", "-", text_input=json.dumps(_refusing_services()))
    first(lambda: not _takes_services(cluster), "the rule in force", seconds=30)
    try:
        name = new_name()
        began = time.time()
        ended = owner.berth_create(name, devfile(), "--timeout", "60")
        workspace = owner.find(name)
        reason = assert_told(
            owner,
            live(workspace["id"]),
            workspace,
            ("Error", "ApplyPolicyRefused"),
            lambda _: began,
        )
        assert "no services today" in reason["message"]
        assert ended.code == Exit.UNWELL
        assert f"{name} is Error: {reason['message']}" in ended.stderr
    finally:
        for kind in ("validatingadmissionpolicybinding", "validatingadmissionpolicy"):
            cluster.kubectl("delete", kind, "planted")
    first(lambda: _takes_services(cluster), "the rule gone", seconds=30)
    assert owner.berth("restart", name).code == Exit.DONE
    owner.terminate(workspace["id"])


def _clone_failed_at(seen: Live) -> float | None:
    """When the clone ended badly."""
    return seen.init_failed_at("berth-clone")


def _patch(seen: Live, spec: Json) -> None:
    """Change the Deployment past Berth."""
    seen.kubectl("patch", "deployment/workspace", "--patch", json.dumps({"spec": spec}))


def _runs_init(seen: Live) -> bool:
    """Whether the last init container runs."""
    pods = seen.pods()
    statuses = pods[0]["status"].get("initContainerStatuses", []) if pods else []
    return bool(statuses) and "running" in statuses[-1]["state"]


@contextmanager
def _agent_setting(site: Site, **settings: str) -> Iterator[None]:
    """Set an agent setting for workspaces that are created in the block."""
    path = f"/api/v1/agents/{site.agent_id}"
    before = site.client.get(path)["settings"]
    site.client.patch(path, {"settings": settings})
    try:
        yield
    finally:
        site.client.patch(path, {"settings": {name: before[name] for name in settings}})


@contextmanager
def _git_host(site: Site, host: str) -> Iterator[None]:
    """Allow one more git host for workspaces that are created in the block."""
    before = site.client.get("/api/v1/organisation")["settings"]["git_hosts"]
    more = [*before, {"host": host, "port": site.names.git_port, "addresses": []}]
    site.client.patch("/api/v1/organisation", {"settings": {"git_hosts": more}})
    try:
        yield
    finally:
        site.client.patch("/api/v1/organisation", {"settings": {"git_hosts": before}})


def _takes_services(cluster: Cluster) -> bool:
    """Whether the API server would make a Service: it hears of its rules some time after they change."""
    service = ("service", "clusterip", "probe", "--tcp=80:80")
    return not cluster.kubectl("create", *service, "--dry-run=server", check=False).returncode


def _refusing_services() -> Json:
    """A policy that refuses new Services."""
    group = "admissionregistration.k8s.io/v1"
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "resources": ["services"],
        "operations": ["CREATE"],
    }
    policy = {
        "apiVersion": group,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "planted"},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [rule]},
            "validations": [{"expression": "false", "message": "no services today"}],
        },
    }
    binding = {
        "apiVersion": group,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "planted"},
        "spec": {"policyName": "planted", "validationActions": ["Deny"]},
    }
    return {"apiVersion": "v1", "kind": "List", "items": [policy, binding]}
