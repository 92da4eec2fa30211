"""The checks, each with the name under which docs/explanation/deployment.md lists it.

A check returns in words what it saw. It raises NotSeen for what should be otherwise, and Left for what
cannot be looked at yet; what AWS, or what stands for it, does not know how to answer is told apart.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any, TypeAlias

from infra.smoke.deployed import Deployed, Left, NotSeen

Check: TypeAlias = Callable[[Deployed], str]

_WELL = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")
"""States of a stack that is there; after a roll-back of an update, as it was before."""
_RARE = ("ReadThrottleEvents", "WriteThrottleEvents", "SignInsRefused", "misconfigured-")
"""What the names of metrics begin with that are written when something happens, and not before."""
_UNRESERVED = 100
"""Executions that AWS keeps unreserved in an account."""
_INITIALISATION_MS = 10_000
"""What Lambda gives a function to start."""


def stacks(at: Deployed) -> str:
    """The three templates have become stacks."""
    names = (f"berth-{at.installation}", f"berth-{at.stage}-operations")
    states = {name: _stack_state(at, name) for name in (*names, f"berth-{at.installation}-domain")}
    if wrong := {name: state for name, state in states.items() if state not in _WELL}:
        raise NotSeen(", ".join(f"{name}: {state}" for name, state in wrong.items()))
    return ", ".join(f"{name} {state}" for name, state in states.items())


def answers(at: Deployed) -> str:
    """The package runs where it was deployed, with its settings and its secrets read."""
    answer = at.get("/healthz")
    if answer.status_code != 200:
        raise NotSeen(f"/healthz answers {answer.status_code}: {answer.text[:200]}")
    function = at.function()
    machine = ", ".join(function.get("Architectures", ["x86_64"]))
    return f"/healthz answers 200 on {machine}, {function['Runtime']}"


def dependencies(at: Deployed) -> str:
    """The role may read the table, make a data key and reach the queues; the issuer is there."""
    answer = at.get("/readyz")
    if answer.status_code not in (200, 503):
        raise NotSeen(f"/readyz answers {answer.status_code}: {answer.text[:200]}")
    found = [f"{each['name']} {each['state']}" for each in answer.json()["dependencies"]]
    if answer.status_code != 200:
        raise NotSeen(", ".join(found))
    return ", ".join(found)


def forbidden(at: Deployed) -> str:
    """The roles may not scan the table, nor decrypt without saying for what; that they may read the
    table shows that it is they who were judged."""
    table, name = at.client("dynamodb"), at.settings["BERTH_TABLE"]
    held_to = str(table.describe_table(TableName=name)["Table"]["TableArn"])
    key = str(
        at.client("kms").describe_key(KeyId=at.settings["BERTH_KMS_KEY"])["KeyMetadata"]["Arn"]
    )
    for function in ("", "sweep") if at.sweeps else ("",):
        role = at.function(function)["Role"]
        judged = {
            (action, resource): _judged(at, role, action, resource)
            for action, resource in (
                ("dynamodb:GetItem", held_to),
                ("dynamodb:Scan", held_to),
                ("kms:Decrypt", key),
            )
        }
        wrong = [
            f"{role}: {action} is {decision}"
            for (action, _), decision in judged.items()
            if (decision == "allowed") != (action == "dynamodb:GetItem")
        ]
        if wrong:
            raise NotSeen(", ".join(wrong))
    return "dynamodb:Scan, and kms:Decrypt without a context, are denied; dynamodb:GetItem is not"


def denials(at: Deployed) -> str:
    """Nothing that was done in the last day was denied to a role."""
    denied = [
        line
        for sweep in (False, True)
        for line in at.lines("AccessDenied", minutes=24 * 60, sweep=sweep)
    ]
    if denied:
        raise NotSeen(f"{len(denied)} lines, such as {denied[0][:300]}")
    requests = list(at.events("request", minutes=24 * 60))
    people = any("user_id" in each and each["method"] != "GET" for each in requests)
    agents = any(each.get("Orders", 0) > 0 for each in requests)
    if not (people or not at.sweeps) or not (agents or not at.serves_agents):
        raise Left("sign in, register an agent, create a workspace with a variable, open it")
    return f"none in {len(requests)} requests of a day, with changes and orders among them"


def path_of_agents(at: Deployed) -> str:
    """What is below /agent reaches Berth with its path whole."""
    answer = at.get("/agent/v1/wake")
    kind = answer.headers.get("content-type", "")
    if (answer.status_code, kind) != (401, "application/problem+json"):
        raise NotSeen(f"/agent/v1/wake answers {answer.status_code}, {kind}")
    return "/agent/v1/wake answers 401 as a problem"


def default_address(at: Deployed) -> str:
    """Whether the API is reached past its domain."""
    api = at.client("apigateway").get_rest_api(restApiId=at.api)
    if api.get("disableExecuteApiEndpoint"):
        return "nobody reaches the API past the domain"
    return "the API has its own address too; aws apigateway update-rest-api can disable it"


def alarm_drill(at: Deployed) -> str:
    """An alarm that is raised by hand is raised, and somebody is subscribed."""
    if not at.drill:
        raise Left("make smoke STAGE=... DRILL=1 raises an alarm, and somebody gets mail")
    name, watch = f"berth-{at.stage}-5xx", at.client("cloudwatch")
    watch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="drill")
    (alarm,) = watch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    topic = alarm["AlarmActions"][0]
    subscribed = at.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    confirmed = [each for each in subscribed if each["SubscriptionArn"].startswith("arn:")]
    if not confirmed:
        raise NotSeen("nobody has confirmed to be told: give Email to infra/operations.yaml")
    return f"{name} is raised; {len(confirmed)} are told: see that the mail came"


def metrics(at: Deployed) -> str:
    """Each alarm looks at a metric that is there, by its name and its dimensions."""
    watch, prefix = at.client("cloudwatch"), f"berth-{at.stage}-"
    alarms = watch.describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]
    looked = [each for each in alarms if _is_written(at, each)]
    absent = [each["AlarmName"] for each in looked if not _has_metric(watch, each)]
    if not alarms or absent:
        raise NotSeen(f"without a metric yet: {', '.join(absent) or 'there are no alarms'}")
    return f"{len(looked)} alarms have one"


def log_filter(at: Deployed) -> str:
    """The filter that counts misconfigured processes finds the line that they write."""
    logs = at.client("logs")
    group = f"/aws/lambda/berth-{at.stage}"
    (found,) = logs.describe_metric_filters(logGroupName=group)["metricFilters"]
    lines = ['{"at":"now","event":"misconfigured","error":"x"}', '{"at":"now","event":"request"}']
    tested = logs.test_metric_filter(filterPattern=found["filterPattern"], logEventMessages=lines)
    if [each["eventNumber"] for each in tested["matches"]] != [1]:
        raise NotSeen(f"{found['filterPattern']} finds {tested['matches']}")
    return "it finds that line, and no other"


def latency(at: Deployed) -> str:
    """How long a warm answer takes from here, and how long functions took to start."""
    seconds = []
    for _ in range(20):
        began = time.monotonic()
        at.get("/healthz").raise_for_status()
        seconds.append(time.monotonic() - began)
    middle, most = statistics.median(seconds) * 1000, max(seconds) * 1000
    return f"/healthz from here: median {middle:.0f} ms, at most {most:.0f} ms, of 20"


def quotas(at: Deployed) -> str:
    """The account has executions left beside those that are reserved."""
    limits = at.client("lambda").get_account_settings()["AccountLimit"]
    free, whole = limits["UnreservedConcurrentExecutions"], limits["ConcurrentExecutions"]
    if free < min(_UNRESERVED, whole):
        raise NotSeen(f"{free} of {whole} executions are unreserved; AWS asks for {_UNRESERVED}")
    return f"{free} of {whole} executions are unreserved"


def starts(at: Deployed) -> str:
    """Functions start within Lambda's ten seconds, and have memory left."""
    reports = [_report(line) for line in at.lines("REPORT", minutes=24 * 60)]
    if not reports:
        raise Left("nobody has called the functions for a day")
    init = [float(each["Init Duration"].split()[0]) for each in reports if "Init Duration" in each]
    most = max(int(each["Max Memory Used"].split()[0]) for each in reports)
    size = max(int(each["Memory Size"].split()[0]) for each in reports)
    if max(init, default=0) > _INITIALISATION_MS or most >= size:
        raise NotSeen(f"starts took up to {max(init, default=0):.0f} ms, {most} of {size} MB used")
    middle = f"{statistics.median(init):.0f} ms of {len(init)} starts" if init else "no start seen"
    return f"{middle}, at most {most} of {size} MB used"


def request_ids(at: Deployed) -> str:
    """The id that an answer names is API Gateway's own, and the log has its line."""
    answer = at.get("/api/v1/me")
    ours, theirs = (answer.headers.get(each, "") for each in ("x-request-id", "x-amzn-requestid"))

    def look() -> dict[str, Any] | None:
        found = at.events("request", minutes=15)
        return next((each for each in found if each.get("request_id") == ours), None)

    line = at.awaited(look, f"no line of the log has the id {ours}")
    if theirs and ours != theirs:
        raise NotSeen(f"the answer names {ours}, API Gateway {theirs}")
    whose = "API Gateway's own" if theirs else "no gateway's"
    return f"the id, {whose}, is that of a line with status {line['status']}"


def schedule(at: Deployed) -> str:
    """EventBridge calls the sweep, which comes to its end."""
    if not at.sweeps:
        return "this half does not sweep"

    def look() -> dict[str, Any] | None:
        found = at.events("swept", minutes=5, sweep=True)
        return next((each for each in found if "SweepSeconds" in each), None)

    line = at.awaited(look, "for five minutes no sweep came to its end")
    return f"one of {line['at']} took {line['SweepSeconds']} s"


def kept(at: Deployed) -> str:
    """Backups, expiry, protection of the table and rotation of the key are on."""
    database, name = at.client("dynamodb"), at.settings["BERTH_TABLE"]
    backups = database.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    key = at.settings["BERTH_KMS_KEY"]
    arn = at.client("kms").describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    on = {
        "point-in-time recovery": backups["PointInTimeRecoveryDescription"][
            "PointInTimeRecoveryStatus"
        ]
        == "ENABLED",
        "time to live": database.describe_time_to_live(TableName=name)["TimeToLiveDescription"][
            "TimeToLiveStatus"
        ]
        == "ENABLED",
        "deletion protection": database.describe_table(TableName=name)["Table"].get(
            "DeletionProtectionEnabled", False
        ),
        "rotation of the key": at.client("kms").get_key_rotation_status(KeyId=arn)[
            "KeyRotationEnabled"
        ],
    }
    if off := [each for each, is_on in on.items() if not is_on]:
        raise NotSeen(f"not on: {', '.join(off)}")
    return ", ".join(on)


def tracing(at: Deployed) -> str:
    """Functions send traces where the stage asks for that, and nowhere else."""
    asked = "Active" if at.config.get("xray") else "PassThrough"
    found = str(at.function().get("TracingConfig", {}).get("Mode", "PassThrough"))
    if found != asked:
        raise NotSeen(f"{found}, and the stage asks for {asked}")
    return found


CHECKS: dict[str, Check] = {
    "stacks": stacks,
    "answers": answers,
    "dependencies": dependencies,
    "forbidden": forbidden,
    "denials": denials,
    "path-of-agents": path_of_agents,
    "default-address": default_address,
    "alarm-drill": alarm_drill,
    "metrics": metrics,
    "log-filter": log_filter,
    "latency": latency,
    "quotas": quotas,
    "starts": starts,
    "request-ids": request_ids,
    "schedule": schedule,
    "kept": kept,
    "tracing": tracing,
}


def _stack_state(at: Deployed, name: str) -> str:
    found = at.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return str(found[0]["StackStatus"])


def _judged(at: Deployed, role: str, action: str, resource: str) -> str:
    asked = at.client("iam").simulate_principal_policy(
        PolicySourceArn=role, ActionNames=[action], ResourceArns=[resource]
    )
    return str(asked["EvaluationResults"][0]["EvalDecision"])


def _is_written(at: Deployed, alarm: dict[str, Any]) -> bool:
    dimensions = {each["Name"]: each["Value"] for each in alarm.get("Dimensions", [])}
    served = {"people": at.sweeps, "agents": at.serves_agents}
    return served.get(dimensions.get("Surface", ""), True) and not alarm["MetricName"].startswith(
        _RARE
    )


def _has_metric(watch: Any, alarm: dict[str, Any]) -> bool:
    asked = {"Namespace": alarm["Namespace"], "MetricName": alarm["MetricName"]}
    return bool(watch.list_metrics(**asked, Dimensions=alarm.get("Dimensions", []))["Metrics"])


def _report(line: str) -> dict[str, str]:
    """Return the parts of Lambda's line about an invocation."""
    parts = (part.partition(":") for part in line.strip().split("\t"))
    return {name.strip(): value.strip() for name, _, value in parts}
