"""The disaster drill: a deployed installation loses its table, and goes on with one of an earlier moment.

docs/how-to/restore-from-a-backup.md is followed, while clusters live on and know more than the table.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

import httpx
import pytest

from berth_local.aws.account import Account
from berth_local.aws.deployment import Deployment
from berth_local.aws.installation import REPOSITORY
from berth_local.waiting import wait_until
from tests.builders import Live
from tests.deploy.agents import RemoteCluster, create, register

pytestmark = [pytest.mark.deploy, pytest.mark.minute]

NAME, RESTORED = "drill", "berth-drill-restored"
FUNCTIONS = ("berth-drill", "berth-drill-sweep")


@dataclass
class Drill:
    """An installation, two clusters, and workspaces by what became of them since the backup."""

    deployment: Deployment
    owner: httpx.Client
    first: RemoteCluster
    second: RemoteCluster
    """Was asked nothing between the backup and the disaster."""
    runs: str
    terminated: str
    restarted: str
    stopping: str
    """At the second cluster, where nobody had heard of the wish yet."""
    made: str = ""
    before: dict[str, Live] | None = None
    """What lived in the first cluster when the disaster came."""

    def shown(self, workspace_id: str) -> dict[str, str]:
        """A workspace as its owner sees it."""
        answer = self.owner.get(f"/api/v1/workspaces/{workspace_id}")
        found: dict[str, str] = answer.raise_for_status().json()
        return found

    def wish(self, workspace_id: str, desired: str) -> None:
        """Ask for a desired state."""
        body = {"desired": desired}
        self.owner.patch(f"/api/v1/workspaces/{workspace_id}", json=body).raise_for_status()


@pytest.fixture(scope="module")
def drill(account: Account) -> Iterator[Drill]:
    """The installation with its restored table, which no agent has asked yet."""
    with (
        Deployment(account, NAME) as deployment,
        deployment.client(deployment.owner.token) as owner,
    ):
        made = lived_through(deployment, owner)
        stop(deployment)
        go_on(deployment)
        yield made


def lived_through(deployment: Deployment, owner: httpx.Client) -> Drill:
    """Return what there is when the disaster comes."""
    agents = [register(deployment, owner, name) for name in ("first", "second")]
    first, second = clusters = [RemoteCluster(agent) for agent in agents]
    runs, terminated, restarted = (create(owner, agents[0]) for _ in range(3))
    stopping = create(owner, agents[1])
    for cluster in clusters:
        cluster.settle()
    made = Drill(deployment, owner, first, second, runs, terminated, restarted, stopping)
    made.wish(stopping, "Stopped")
    back_up(deployment)
    made.wish(restarted, "RestartRequested")
    owner.delete(f"/api/v1/workspaces/{terminated}").raise_for_status()
    made.made = create(owner, agents[0])
    first.settle()
    made.before = dict(first.live)
    return made


def back_up(deployment: Deployment) -> None:
    """Restore the table as it is now under another name. The emulator has no other moment to restore."""
    tables = deployment.aws.client("dynamodb")
    tables.restore_table_to_point_in_time(
        SourceTableName=f"berth-{NAME}", TargetTableName=RESTORED, UseLatestRestorableTime=True
    )

    def is_there() -> bool:
        return bool(tables.describe_table(TableName=RESTORED)["Table"]["TableStatus"] == "ACTIVE")

    wait_until(is_there, "the restored table is not there", seconds=20)


def stop(deployment: Deployment) -> None:
    """Reserve no execution for any function: nobody is answered any more."""
    for name in FUNCTIONS:
        deployment.aws.client("lambda").put_function_concurrency(
            FunctionName=name, ReservedConcurrentExecutions=0
        )
    with deployment.client() as anybody:
        assert anybody.get("/healthz").status_code >= 429


def go_on(deployment: Deployment) -> None:
    """Write the stage for the restored table, let agents report first, and deploy."""
    project = deployment.project
    described = deployment.aws.client("cloudformation").describe_stacks(StackName=f"berth-{NAME}")
    outputs = {e["OutputKey"]: e["OutputValue"] for e in described["Stacks"][0]["Outputs"]}
    project.write_stages(NAME, outputs, replace(deployment.choices, table=RESTORED))
    told = operate(deployment, "berth_local.restored")
    assert told.splitlines()[-1] == "2 agents"
    project.deploy(deployment.aws)


def operate(deployment: Deployment, *words: str) -> str:
    """Run a command with the stage's settings, by the rights of whoever deploys."""
    folder = str(deployment.project.folder / ".chalice")
    ran = subprocess.run(
        [sys.executable, "-m", "infra.operate", "--folder", folder, NAME, *words],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], **deployment.aws.environment()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_agents_report_before_they_obey(drill: Drill) -> None:
    """Neither cluster is told to do anything until it has said what there is."""
    for cluster in (drill.first, drill.second):
        assert cluster.poll().orders == ()
        cluster.poll("full")
        cluster.settle()


def test_nothing_that_was_terminated_comes_back(drill: Drill) -> None:
    """What the table wants running, and the cluster has removed since, is not made again."""
    assert drill.terminated not in drill.first.live
    shown = drill.shown(drill.terminated)
    assert (shown["actual"], drill.first.tombstones) == ("Unknown", {})
    drill.owner.delete(f"/api/v1/workspaces/{drill.terminated}").raise_for_status()
    drill.first.settle()
    assert drill.shown(drill.terminated)["actual"] == "Terminated"


def test_no_volume_is_deleted(drill: Drill) -> None:
    """All that lived in the cluster lives on, what the table has never heard of too."""
    assert drill.before is not None
    assert drill.before.keys() == {drill.runs, drill.restarted, drill.made}
    assert drill.first.live.keys() == drill.before.keys()
    assert drill.first.live[drill.made] == drill.before[drill.made]


def test_what_ran_is_not_touched(drill: Drill) -> None:
    """A workspace that nobody wished anything of was applied once in its life."""
    assert drill.before is not None
    assert drill.first.live[drill.runs] == drill.before[drill.runs]
    assert drill.shown(drill.runs)["actual"] == "Running"


def test_no_wish_of_the_backup_is_lost(drill: Drill) -> None:
    """What was wished before the backup, and no agent had heard of, is carried out."""
    assert drill.second.live[drill.stopping].replicas == 0
    assert drill.shown(drill.stopping)["actual"] == "Stopped"


def test_what_the_cluster_is_ahead_with_ends_above_it(drill: Drill) -> None:
    """A generation that the table does not know is passed, so that the next wish is heard."""
    assert drill.before is not None
    ahead, now = drill.before[drill.restarted], drill.first.live[drill.restarted]
    assert now.generation > ahead.generation
    assert drill.shown(drill.restarted)["actual"] == "Running"
    drill.wish(drill.restarted, "Stopped")
    drill.first.settle()
    assert drill.first.live[drill.restarted].replicas == 0


def test_an_organisation_is_read_out_of_the_restored_table(drill: Drill) -> None:
    """The operator's other command finds it there, by the stage's settings."""
    organisation = operate(drill.deployment, "berth_local.organisation", "list").strip()
    file = drill.deployment.project.folder / "organisation.jsonl"
    operate(drill.deployment, "berth_local.organisation", "export", organisation, str(file))
    assert drill.runs in file.read_text()
