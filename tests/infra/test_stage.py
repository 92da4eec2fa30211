import io
import json
import re
import shutil
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from chalice.config import Config

from chalicelib.settings import PREFIX, Settings
from infra import stage
from infra.policies import SECRETS, Installation, policies
from infra.stage import Choices, files, stages
from tests.architecture.test_policy import ALLOWED
from tests.infra import example
from tests.infra.conftest import OUTPUTS

ROOT = Path(__file__).parents[2]
COMMITTED: dict[str, Any] = json.loads((ROOT / ".chalice/config.json").read_text(encoding="utf-8"))


def chalice(config: dict[str, Any], stage_name: str, function: str) -> Config:
    """Return the configuration of a function as Chalice reads it."""
    return Config(stage_name, function, config_from_disk=config)


def allowed(policy: dict[str, Any]) -> set[str]:
    """Return the actions that a policy allows somewhere."""
    return {
        action
        for statement in policy["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    }


def opened_as(policy: dict[str, Any]) -> list[list[str]]:
    """Return what the encryption contexts are called under which a policy lets one decrypt."""
    return [
        sorted(key for test in statement["Condition"].values() for key in test)
        for statement in policy["Statement"]
        if "kms:Decrypt" in statement["Action"]
    ]


@pytest.mark.parametrize("split", [False, True])
def test_chalice_finds_everything_of_a_stage(
    installation: Installation, choices: Choices, split: bool
) -> None:
    """Chalice reads of the written stage: each function's own policy, 25 s, regional, reserved executions."""
    written = dict(files(COMMITTED, installation, replace(choices, split=split)))
    config = written["config.json"]

    for name in ("prod-people", "prod-agents") if split else ("prod",):
        for function, reserved in (("api_handler", 100), ("sweep", 1)):
            read = chalice(config, name, function)

            assert read.iam_policy_file in written
            assert (read.lambda_timeout, read.reserved_concurrency) == (25, reserved)
            assert (read.api_gateway_stage, read.api_gateway_endpoint_type) == (name, "REGIONAL")
            assert (read.autogen_policy, read.minimum_compression_size) == (False, 1024)
            assert read.environment_variables["BERTH_SURFACE"] == name.removeprefix(
                "prod-"
            ).replace("prod", "all")


def test_a_stage_with_its_secrets_is_an_installation(
    installation: Installation, choices: Choices
) -> None:
    """The settings of a written stage lack the secrets, and nothing else, to start a control plane."""
    environment = stages(installation, choices)["prod"]["environment_variables"]
    secrets = {"BERTH_PEPPER": "A" * 43 + "=", "BERTH_OIDC_CLIENT_SECRET": "s"}

    settings = Settings.from_environment(environment | secrets)

    assert (settings.table, settings.kms_key) == ("berth-prod", "alias/berth-prod")
    assert (settings.waker, settings.surface) == ("queue:berth-prod-", "all")


def test_no_secret_is_in_a_stage(installation: Installation, choices: Choices) -> None:
    """What the settings hide when they are printed is read from the parameter store, all of it."""
    hidden = {field.name for field in fields(Settings) if not field.repr}
    environment = stages(installation, choices)["prod"]["environment_variables"]

    assert set(SECRETS) == hidden
    assert {PREFIX + name.upper() for name in hidden} & environment.keys() == set()


def test_other_stages_stay_as_they_are(installation: Installation, choices: Choices) -> None:
    """Writing a stage touches no other; splitting one, or joining it again, leaves no former half."""
    one = dict(files(COMMITTED, installation, choices))["config.json"]
    two = dict(files(one, installation, replace(choices, split=True)))["config.json"]
    again = dict(files(two, installation, choices))["config.json"]

    assert one["stages"].keys() == {"dev", "prod"}
    assert two["stages"].keys() == {"dev", "prod-people", "prod-agents"}
    assert again == one
    assert one["stages"]["dev"] == COMMITTED["stages"]["dev"]


@pytest.mark.parametrize("surface", ["all", "people", "agents"])
@pytest.mark.parametrize("function", ["api_handler", "sweep"])
def test_every_resource_has_its_place_and_its_name(
    installation: Installation, surface: str, function: str
) -> None:
    """Each ARN names region, account and the installation; a star ends it at most."""
    for statement in policies(installation, f"prod-{surface}", surface)[function]["Statement"]:
        listed = statement["Resource"]
        for resource in [listed] if isinstance(listed, str) else listed:
            assert resource == OUTPUTS["KeyArn"] or re.fullmatch(
                r"arn:aws:[a-z]+:eu-central-1:123456789012:[^*]*berth[-/]prod[^*]*\*?", resource
            )


def test_traces_are_an_option(installation: Installation, choices: Choices) -> None:
    """X-Ray is off, and no role may write traces, unless that is asked for: then Chalice is told, and each
    role may, with the one star that X-Ray leaves no choice about."""
    traced = replace(choices, tracing=True)
    for chosen, is_traced in ((choices, False), (traced, True)):
        written = dict(files(COMMITTED, installation, chosen))
        for function in ("api_handler", "sweep"):
            read = chalice(written["config.json"], "prod", function)
            policy = written[read.iam_policy_file]
            starred = [each["Action"] for each in policy["Statement"] if each["Resource"] == "*"]

            assert read.xray_enabled is is_traced
            assert starred == ([["xray:PutTelemetryRecords", "xray:PutTraceSegments"]] * is_traced)


def test_people_seal_and_agents_open(installation: Installation) -> None:
    """A stage of people makes data keys and opens none; a stage of agents opens them and makes none."""
    people = policies(installation, "prod-people", "people")["api_handler"]
    agents = policies(installation, "prod-agents", "agents")["api_handler"]
    of_workspaces = ["kms:EncryptionContext:organisation", "kms:EncryptionContext:workspace"]

    assert "kms:GenerateDataKey" in allowed(people)
    assert of_workspaces not in opened_as(people)
    assert "kms:GenerateDataKey" not in allowed(agents)
    assert of_workspaces in opened_as(agents)


def test_sweep_of_agents_may_do_nothing(installation: Installation) -> None:
    """The stage of people sweeps for both: that of agents only learns that it does not."""
    sweep = policies(installation, "prod-agents", "agents")["sweep"]

    assert allowed(sweep) == {
        "kms:Decrypt",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "ssm:GetParameters",
    }


def test_one_stage_may_do_what_two_may(installation: Installation) -> None:
    """The role of an undivided stage allows the actions of both halves, and no other."""
    whole = policies(installation, "prod", "all")["api_handler"]
    halves = [policies(installation, f"prod-{s}", s)["api_handler"] for s in ("people", "agents")]

    assert allowed(whole) == allowed(halves[0]) | allowed(halves[1])
    assert allowed(whole) == ALLOWED


def test_outputs_of_another_stack_are_refused() -> None:
    """The table of another installation, or no output at all, is said to be just that."""
    with pytest.raises(ValueError, match="is of berth-prod"):
        Installation.of("dev", OUTPUTS)
    with pytest.raises(ValueError, match="no output TableName, KeyAlias, KeyArn"):
        Installation.of("dev", {})
    with pytest.raises(ValueError, match="not a list of outputs"):
        stage.outputs_of("none")


def test_example_in_the_repository_is_what_would_be_written(tmp_path: Path) -> None:
    """The stage `dev` of the repository is written by the same code as a real one: `make golden` writes it anew."""
    shutil.copytree(ROOT / ".chalice", tmp_path / ".chalice")
    example.write(tmp_path / ".chalice")

    for path in (tmp_path / ".chalice").glob("*.json"):
        assert path.read_text() == (ROOT / ".chalice" / path.name).read_text(), path.name
    assert {path.name for path in (ROOT / ".chalice").glob("*.json")} == {
        path.name for path in (tmp_path / ".chalice").glob("*.json")
    }


def test_door_writes_files_and_takes_former_ones_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Given the stack's outputs, the command writes configuration and policies, and says which."""
    outputs = [{"OutputKey": key, "OutputValue": value} for key, value in OUTPUTS.items()]
    (tmp_path / "config.json").write_text(json.dumps(COMMITTED))
    (tmp_path / "policy-dev-sweep.json").write_text("{}")
    (tmp_path / "policy-prod.json").write_text("{}")
    options = ["--public-url", "https://b.example.org", "--oidc-issuer", "https://i.example.org"]

    code = stage.main(
        ["prod", *options, "--oidc-client-id", "berth"],
        tmp_path,
        io.StringIO(json.dumps(outputs)),
    )

    assert code == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        "config.json",
        "policy-dev-sweep.json",
        "policy-prod-api_handler.json",
        "policy-prod-sweep.json",
        "template-prod.json",
    }
    assert "policy-prod.json is gone" in capsys.readouterr().out
