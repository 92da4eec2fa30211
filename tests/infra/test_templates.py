import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra import package
from infra.policies import Installation, policies
from infra.stage import Choices, files
from tests.infra.conftest import OUTPUTS

ROOT = Path(__file__).parents[2]


class Template(yaml.SafeLoader):
    """YAML with CloudFormation's short functions, each read as what it is given."""


def given(loader: yaml.SafeLoader, _: str, node: yaml.Node) -> Any:
    """Return a function's argument."""
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    assert isinstance(node, yaml.SequenceNode)
    return loader.construct_sequence(node)


Template.add_multi_constructor("!", given)


def part(template: str, name: str) -> dict[str, Any]:
    """Return a part of a template of ours."""
    text = (ROOT / "infra" / template).read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.load(text, Template)[name]
    return found


def resources(template: str) -> dict[str, Any]:
    """Return the resources of a template of ours."""
    return part(template, "Resources")


def lint(*templates: Path) -> str:
    """Return what cfn-lint says of templates; nothing when they are well."""
    program = Path(sys.executable).with_name("cfn-lint")
    ran = subprocess.run([program, *templates], capture_output=True, text=True, check=False)
    assert (ran.returncode == 0) == (ran.stdout == ""), ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The templates that Chalice packages of an undivided stage and of two halves."""
    folder = tmp_path_factory.mktemp("packaged")
    package.copy_project(ROOT, folder)
    (folder / "requirements.txt").write_text("")  # no template depends on what is in the archive
    installation = Installation.of("prod", OUTPUTS)
    choices = Choices("https://berth.example.org", "https://gitlab.example.org", "berth")
    made = {}
    for split, names in ((False, ("prod",)), (True, ("prod-people", "prod-agents"))):
        config = json.loads((folder / ".chalice/config.json").read_text())
        for file, content in files(config, installation, replace(choices, split=split)):
            (folder / ".chalice" / file).write_text(json.dumps(content))
        for name in names:
            names_of = folder / f".chalice/template-{name}.json"
            options = ("--stage", name, "--merge-template", str(names_of))
            package.chalice(folder, "package", *options, str(folder / name))
            made[name] = folder / name / "sam.json"
    return made


def test_chalice_carries_the_rights_into_its_template(packaged: dict[str, Path]) -> None:
    """What `chalice package` writes gives each function its own role, policy, time and concurrency."""
    for name, path in packaged.items():
        template = json.loads(path.read_text())["Resources"]
        surface = name.removeprefix("prod-").replace("prod", "all")
        wanted = policies(Installation.of("prod", OUTPUTS), name, surface)
        for function, role, policy in (
            ("APIHandler", "ApiHandlerRole", wanted["api_handler"]),
            ("Sweep", "SweepRole", wanted["sweep"]),
        ):
            made = template[function]["Properties"]

            assert made["FunctionName"] == f"berth-{name}{'-sweep' if function == 'Sweep' else ''}"
            assert made["Role"] == {"Fn::GetAtt": [role, "Arn"]}
            assert made["Timeout"] == 25
            assert made["ReservedConcurrentExecutions"] == (1 if function == "Sweep" else 100)
            assert template[role]["Properties"]["Policies"][0]["PolicyDocument"] == policy
        assert template["RestAPI"]["Properties"]["EndpointConfiguration"] == "REGIONAL"
        assert template["RestAPI"]["Properties"]["MinimumCompressionSize"] == 1024


def test_packaged_templates_are_sound(packaged: dict[str, Path]) -> None:
    """cfn-lint has no finding in what Chalice packages of our stages."""
    assert lint(*packaged.values()) == ""


def test_template_that_aws_would_refuse_is_found(tmp_path: Path) -> None:
    """A reference to what is not there, planted in our template, is found."""
    planted = tmp_path / "operations.yaml"
    text = (ROOT / "infra/operations.yaml").read_text(encoding="utf-8")
    planted.write_text(text.replace("berth-${Stage}-alarms", "berth-${Stag}-alarms"))

    assert "E1019" in lint(planted)


def test_every_alarm_is_heard() -> None:
    """Each alarm tells the topic, and none is silent about what it means."""
    alarms = [
        each["Properties"]
        for each in resources("operations.yaml").values()
        if each["Type"] == "AWS::CloudWatch::Alarm"
    ]

    assert len(alarms) == 9
    for alarm in alarms:
        assert alarm["AlarmActions"] == ["Alarms"]
        assert alarm["AlarmDescription"]


def test_sweep_that_does_not_run_is_an_alarm() -> None:
    """That nothing was swept is found by the absence of its figures, and only by that."""
    silent = {
        name
        for name, each in resources("operations.yaml").items()
        if each["Properties"].get("TreatMissingData") == "breaching"
    }

    assert silent == {"SweepDoesNotRun"}


@pytest.mark.parametrize("function", ["api_handler", "sweep"])
def test_each_function_writes_to_the_group_that_ends_its_logs(
    installation: Installation, function: str
) -> None:
    """The log groups with a retention are those that the functions' policies name."""
    groups = {
        each["Properties"]["LogGroupName"].replace("${Stage}", "prod")
        for each in resources("operations.yaml").values()
        if each["Type"] == "AWS::Logs::LogGroup" and each["Properties"]["RetentionInDays"]
    }
    (own,) = (
        statement["Resource"]
        for statement in policies(installation, "prod", "all")[function]["Statement"]
        if statement["Sid"] == "OwnLogs"
    )

    assert own.split(":", 6)[6].removesuffix(":*") in groups


def test_dashboard_is_json() -> None:
    """The dashboard's body, with its names filled in, is what CloudWatch reads."""
    body = resources("operations.yaml")["Dashboard"]["Properties"]["DashboardBody"]
    titles = [widget["properties"]["title"] for widget in json.loads(body)["widgets"]]

    assert titles == ["Requests", "Milliseconds of a request", "Functions", "Table"]


def test_page_gives_each_template_what_it_needs() -> None:
    """Each command of the how-to names parameters that its template has, and all that have no default."""
    page = (ROOT / "docs/how-to/deploy.md").read_text(encoding="utf-8")
    command = re.compile(r"--template-file infra/(\S+) --parameter-overrides (.+)")
    met = set()
    for template, given_there in command.findall(page):
        parameters = part(template, "Parameters")
        named = {each.partition("=")[0] for each in given_there.split()}
        needed = {name for name, each in parameters.items() if "Default" not in each}
        met.add(template)

        assert needed <= named <= parameters.keys()
    assert met == {path.name for path in (ROOT / "infra").glob("*.yaml")}


def test_what_holds_data_outlives_its_stack() -> None:
    """Table and key stay when the stack goes, and the table can be restored to any second."""
    found = resources("stack.yaml")
    table, kept = found["Table"]["Properties"], ("Table", "Key", "Replica")

    assert {found[name]["DeletionPolicy"] for name in kept} == {"Retain"}
    assert table["DeletionProtectionEnabled"] is True
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_a_second_region_opens_what_the_first_has_sealed() -> None:
    """The key can be replicated, and the replica is held by the same policy and has the same name."""
    found = resources("stack.yaml")
    first, second = found["Key"], found["Replica"]

    assert first["Properties"]["MultiRegion"] is True
    assert second["Properties"]["KeyPolicy"] == first["Properties"]["KeyPolicy"]
    assert {first["Condition"], second["Condition"]} == {"IsFirst", "IsSecond"}
    assert found["KeyAlias"]["Properties"]["TargetKeyId"] == ["IsFirst", "Key", "Replica"]
