"""Berth deployed to an emulated AWS, behind its gateway: starts and warm answers, beside an app of three routes.

A start is the first request of a new sandbox: Python is started, the app imported, its clients made. The package has been
unpacked before, as it was by the first start after a deployment. The machine's own times count, not those of AWS: what is
told is how many times the smaller app's they are.
"""

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from statistics import quantiles

import httpx

from benchmarks.figures import Figure, Goal, Peer, Samples
from benchmarks.options import Options
from berth_local.aws.account import Account
from berth_local.aws.deployment import Deployment
from berth_local.aws.installation import REPOSITORY
from berth_local.site.steps import Steps
from infra import package
from infra.stage import policy_file

STARTS_TIMES = 2.5
WARM_TIMES = 3.0
REQUESTS = 100
"""Of which a 95th is taken; an agent may ask 200 times at once."""
STAGE = "dev"
PEER = "three-routes"

Ask = Callable[[], httpx.Response]


def measure(options: Options) -> Iterator[Figure]:
    """Yield starts and warm answers, ours and the peer's in turn."""
    with (
        Account(Steps(sys.stderr)) as account,
        Deployment(account, STAGE) as deployment,
        tempfile.TemporaryDirectory(prefix="berth-peer-") as folder,
        _client(deployment, deployment.api, deployment.owner.token) as ours,
        _client(deployment, _deploy_peer(deployment, Path(folder))) as peer,
    ):
        peer.put("/items/one", json={}).raise_for_status()
        yield from _starts(
            options.runs,
            lambda: _cold(deployment, f"berth-{STAGE}", lambda: ours.get("/api/v1/workspaces")),
            lambda: _cold(deployment, f"{PEER}-{STAGE}", lambda: peer.get("/items/one")),
        )
        yield from _warm(options.runs, ours, peer)


def _starts(runs: int, ours: Callable[[], float], peer: Callable[[], float]) -> Iterator[Figure]:
    pairs = [(ours(), peer()) for _ in range(runs)]
    yield Figure(
        "start: the first list of workspaces",
        "ms",
        Samples.of(mine for mine, _ in pairs),
        Peer("start of three routes: the first item, opened", Samples.of(its for _, its in pairs)),
    )
    times = Samples.of(mine / its for mine, its in pairs)
    yield Figure("start, beside three routes", "times", times, goal=Goal("at most", STARTS_TIMES))


def _warm(runs: int, ours: httpx.Client, peer: httpx.Client) -> Iterator[Figure]:
    lists, polls, nothing = list[float](), list[float](), list[float]()
    for _ in range(runs):
        poll = _idle_agent(ours)
        lists.append(_late(lambda: ours.get("/api/v1/workspaces")))
        polls.append(_late(poll))
        nothing.append(_late(lambda: peer.get("/")))
    beside = Peer("a route that does nothing, 95th of a hundred", Samples.of(nothing))
    for name, values in (("list of workspaces", lists), ("idle reconcile", polls)):
        yield Figure(f"warm {name}, 95th of a hundred", "ms", Samples.of(values), beside)
        times = Samples.of(mine / its for mine, its in zip(values, nothing, strict=True))
        goal = Goal("at most", WARM_TIMES)
        yield Figure(f"warm {name}, beside nothing", "times", times, goal=goal)


_agents = count()


def _idle_agent(ours: httpx.Client) -> Ask:
    """Register an agent and tell its whole cluster, which is empty; return its poll from then on."""
    body = {"name": f"idle-{next(_agents)}", "settings": {"zone": "ws.example.com"}}
    token = ours.post("/api/v1/agents", json=body).raise_for_status().json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    said = {"epoch": 1, "instance": "pod-1", "intent": -1}
    full = said | {"update_type": "full", "full_sync": {"id": "sync-1"}}
    answer = ours.post("/agent/v1/reconcile", json=full, headers=headers).raise_for_status().json()
    idle = said | {"update_type": "partial", "intent": answer["intent"], "era": answer["era"]}
    return lambda: ours.post("/agent/v1/reconcile", json=idle, headers=headers)


def _cold(deployment: Deployment, function: str, ask: Ask) -> float:
    """Milliseconds of a request after the function has been configured anew."""
    functions = deployment.aws.client("lambda")
    found = functions.get_function_configuration(FunctionName=function)
    variables = found["Environment"]["Variables"] | {"CONFIGURED": str(time.time_ns())}
    functions.update_function_configuration(
        FunctionName=function, Environment={"Variables": variables}
    )
    return _milliseconds(ask)


def _late(ask: Ask) -> float:
    return quantiles([_milliseconds(ask) for _ in range(REQUESTS)], n=20)[-1]


def _milliseconds(ask: Ask) -> float:
    began = time.perf_counter()
    ask().raise_for_status()
    return (time.perf_counter() - began) * 1000


def _client(deployment: Deployment, api: str, token: str = "") -> httpx.Client:
    """A client of an API, at the emulator itself."""
    headers = {"Host": deployment.aws.api_host(api)}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    address = f"{deployment.aws.endpoint}/{STAGE}"
    return httpx.Client(base_url=address, headers=headers, timeout=40)


def _deploy_peer(deployment: Deployment, folder: Path) -> str:
    """Deploy the app of three routes with our own settings of memory, time and rights; return its API's id."""
    chalice = folder / ".chalice"
    chalice.mkdir()
    shutil.copy(REPOSITORY / "benchmarks" / "three_routes.py", folder / "app.py")
    (folder / "requirements.txt").touch()
    ours = deployment.project.folder / ".chalice"
    shutil.copy(ours / policy_file(STAGE, "api_handler"), chalice)
    config = json.loads((ours / "config.json").read_text())
    (chalice / "config.json").write_text(json.dumps(config | {"app_name": PEER}))
    package.chalice(folder, "deploy", "--stage", STAGE, environment=deployment.aws.environment())
    deployed = json.loads((chalice / "deployed" / f"{STAGE}.json").read_text())["resources"]
    return next(str(each["rest_api_id"]) for each in deployed if "rest_api_id" in each)
