"""Deploy, play, and reckon: ``python -m benchmarks cost [--users N]``."""

import sys
from collections.abc import Iterator
from dataclasses import fields

from benchmarks.cost.counts import Counts, Happening
from benchmarks.cost.habits import IN_CLUSTER, PEER, PEER_USERS, Habits
from benchmarks.cost.month import gigabytes, month
from benchmarks.cost.play import MANY, Play
from benchmarks.cost.storage import stored
from benchmarks.figures import Figure, Peer, Samples
from benchmarks.idle import counted
from benchmarks.options import Options
from benchmarks.prices import PRICES, Hardware, billed
from berth_local.aws import stacks
from berth_local.aws.account import Account
from berth_local.aws.deployment import Deployment
from berth_local.aws.usage import NOTHING, Usage
from berth_local.site.steps import Steps
from chalicelib.ports.metrics import METRICS

STAGE = "dev"
SURFACES = 2
"""People and agents: metrics of both are counted apart."""


def measure(options: Options) -> Iterator[Figure]:
    """Print what was counted; yield what it comes to."""
    steps = Steps(sys.stderr)
    with Account(steps, is_metered=True) as account, Deployment(account, STAGE) as deployment:
        with steps.step("the play"), Play(deployment) as play:
            counts = play.counts()
        weighed = stored(deployment.aws, f"berth-{STAGE}")
        kept = standing(deployment)
    print(f"{table(counts)}\n\n{weighed}\n", flush=True)
    habits = Habits(users=options.users)
    kept["the table"] = gigabytes(weighed, MANY, habits) * PRICES.gigabyte_stored
    used = month(counts, habits, counted(wakes=True).usage(counts[Happening.POLL].handled))
    yield from _by_activity(used)
    yield from _by_price(used, kept)
    yield from _beside(habits, sum(used.values(), NOTHING), kept)


def standing(deployment: Deployment) -> dict[str, float]:
    """Return what is paid whether or not anybody comes, by the template of operations as it was deployed."""
    stacks.create_operations(deployment.aws, STAGE)
    watch = deployment.aws.client("cloudwatch")
    alarms = len(watch.describe_alarms()["MetricAlarms"])
    dashboards = len(watch.list_dashboards()["DashboardEntries"])
    metrics = sum(SURFACES if each.by_surface else 1 for each in METRICS)
    return {
        "the key": PRICES.key,
        "alarms": alarms * PRICES.alarm,
        "metrics": metrics * PRICES.metric,
        "dashboards": dashboards * PRICES.dashboard,
    }


def table(counts: Counts) -> str:
    """Return what was counted as a table in Markdown, milliseconds and bytes rounded."""
    names = [each.name for each in fields(Usage)]
    head = ["", *names, "$ a million"]
    rows = [head, ["---"] * len(head)]
    for what, usage in counts.items():
        amounts = [f"{getattr(usage, name):.4g}" for name in names]
        rows.append([what.value, *amounts, f"{sum(billed(usage).values()) * 1e6:.3g}"])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _by_activity(used: dict[str, Usage]) -> Iterator[Figure]:
    for name, usage in used.items():
        yield _dollars(name, sum(billed(usage).values()))


def _by_price(used: dict[str, Usage], kept: dict[str, float]) -> Iterator[Figure]:
    for name, dollars in (billed(sum(used.values(), NOTHING)) | kept).items():
        yield _dollars(name, dollars)


def _beside(habits: Habits, used: Usage, kept: dict[str, float]) -> Iterator[Figure]:
    ours, theirs = IN_CLUSTER * habits.clusters, sum(PEER.values(), Hardware(0, 0))
    peer = f"Coder's reference for {PEER_USERS:,} users"
    for name, unit, mine, its in (
        ("always on: processors", "vCPU", ours.vcpus, theirs.vcpus),
        ("always on: memory", "GB", ours.gigabytes, theirs.gigabytes),
        ("always on, by the piece", "$", ours.dollars, theirs.dollars),
    ):
        yield Figure(name, unit, Samples.of([mine]), Peer(peer, Samples.of([its])))
    account = sum(billed(used).values()) + sum(kept.values())
    yield _dollars("the account", account)
    whole = account + ours.dollars
    indicative = Peer(f"{peer}, by the piece", Samples.of([theirs.dollars]))
    yield Figure(f"{habits.users:,} users a month", "$", Samples.of([whole]), indicative)


def _dollars(name: str, dollars: float) -> Figure:
    return Figure(name, "$", Samples.of([dollars]))
