r"""Writes a stage of Chalice from the outputs of the data stack: its settings, and a policy a function.

    aws cloudformation describe-stacks --stack-name berth-dev --query 'Stacks[0].Outputs' --output json |
        python -m infra.stage dev --public-url https://berth.example.org \
            --oidc-issuer https://gitlab.example.org --oidc-client-id ID

One stage answers everybody, under the installation's name; with ``--split`` two have half of the
routes each, under ``<name>-people`` and ``<name>-agents``, with other rights and other concurrency.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from infra.package import RUN_FROM
from infra.policies import Installation, policies

FOLDER = Path(__file__).resolve().parent.parent / ".chalice"
AUTHORITY = Path("vendor/authority.pem")
"""Beside `.chalice`: whom functions trust beside the public authorities. Chalice ships what is in `vendor`."""
NAME = re.compile(r"[a-z][a-z0-9-]{0,19}")


@dataclass(frozen=True, slots=True)
class Choices:
    """What a platform team decides about an installation."""

    public_url: str
    oidc_issuer: str
    oidc_client_id: str
    split: bool = False
    concurrency: int = 100
    """Executions that are reserved for the routes of each stage; 0: none are, nor for the sweep."""
    architecture: str = "x86_64"
    authority: bool = False
    """Whether the package brings an authority of the team's own."""
    tracing: bool = False
    """Whether functions and API send traces to X-Ray."""
    table: str = ""
    """One that was restored from a backup, in place of the data stack's."""

    def surfaces(self, name: str) -> dict[str, str]:
        """Return which stages there are, and which routes each answers."""
        halves = {f"{name}-{surface}": surface for surface in ("people", "agents")}
        return halves if self.split else {name: "all"}


def stages(installation: Installation, choices: Choices) -> dict[str, dict[str, Any]]:
    """Return the stages of an installation, as `.chalice/config.json` holds them."""
    return {
        stage: {
            "api_gateway_stage": stage,
            "lambda_architecture": choices.architecture,
            "xray": choices.tracing,
            "environment_variables": _settings(installation, choices, stage, surface),
            "lambda_functions": {
                function: {
                    "iam_policy_file": policy_file(stage, function),
                    **_reserved(choices, most),
                }
                for function, most in (("api_handler", choices.concurrency), ("sweep", 1))
            },
        }
        for stage, surface in choices.surfaces(installation.name).items()
    }


def policy_file(stage: str, function: str) -> str:
    """Return the name of the file with a function's policy."""
    return f"policy-{stage}-{function}.json"


def files(
    config: Mapping[str, Any], installation: Installation, choices: Choices
) -> Iterator[tuple[str, Any]]:
    """Yield what is to be written below `.chalice`: names, and what is in them."""
    for stage, surface in choices.surfaces(installation.name).items():
        for function, policy in policies(
            installation, stage, surface, traced=choices.tracing
        ).items():
            yield policy_file(stage, function), policy
        yield f"template-{stage}.json", _names(stage)
    kept = {
        stage: entry
        for stage, entry in config["stages"].items()
        if installation.name
        not in (stage, stage.removesuffix("-people"), stage.removesuffix("-agents"))
    }
    yield "config.json", {**config, "stages": kept | stages(installation, choices)}


def _names(stage: str) -> dict[str, Any]:
    """Return what gives functions that CloudFormation makes the names that Chalice would."""
    named = {"APIHandler": f"berth-{stage}", "Sweep": f"berth-{stage}-sweep"}
    return {
        "Resources": {key: {"Properties": {"FunctionName": name}} for key, name in named.items()}
    }


def _settings(
    installation: Installation, choices: Choices, stage: str, surface: str
) -> dict[str, str]:
    own = {"BERTH_EXTRA_CA_FILE": f"{RUN_FROM}/{AUTHORITY.name}"} if choices.authority else {}
    return {
        "BERTH_PUBLIC_URL": choices.public_url,
        "BERTH_OIDC_ISSUER": choices.oidc_issuer,
        "BERTH_OIDC_CLIENT_ID": choices.oidc_client_id,
        "BERTH_SECRETS": f"ssm:{installation.parameters}",
        "BERTH_TABLE": installation.table,
        "BERTH_KMS_KEY": installation.key_alias,
        "BERTH_WAKER": f"queue:berth-{installation.name}-",
        "BERTH_METRICS": f"embedded:{stage}",
        "BERTH_SURFACE": surface,
        **own,
    }


def _reserved(choices: Choices, most: int) -> dict[str, int]:
    return {"reserved_concurrency": most} if choices.concurrency else {}


def outputs_of(text: str) -> dict[str, str]:
    """Return the outputs that `describe-stacks` printed, by key. Raises ValueError."""
    try:
        return {each["OutputKey"]: each["OutputValue"] for each in json.loads(text)}
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError("standard input is not a list of outputs of a stack") from error


def main(
    arguments: Sequence[str] | None = None,
    folder: Path = FOLDER,
    outputs: TextIO = sys.stdin,
) -> int:
    """Read the outputs from standard input and write the files; say which."""
    name, choices = _asked(arguments)
    try:
        installation = Installation.of(name, outputs_of(outputs.read()))
        _see_that_the_table_stays(folder, installation, choices)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(*write(folder, installation, choices), sep="\n")
    return 0


def _see_that_the_table_stays(folder: Path, installation: Installation, choices: Choices) -> None:
    """Raise ValueError where a stage has another table than it would get without being asked for it."""
    stages_now = json.loads((folder / "config.json").read_text(encoding="utf-8"))["stages"]
    for stage in choices.surfaces(installation.name):
        table = stages_now.get(stage, {}).get("environment_variables", {}).get("BERTH_TABLE")
        if table and not choices.table and table != installation.table:
            raise ValueError(
                f"the stage {stage} has the table {table}: say --table {table} to keep it,"
                f" or --table {installation.table} for that of the stack"
            )


def write(folder: Path, installation: Installation, choices: Choices) -> list[str]:
    """Write the stages of an installation into a folder `.chalice`, and return what was done to each file."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    before = {*folder.glob("policy-*.json"), *folder.glob("template-*.json")}
    done = []
    choices = replace(choices, authority=(folder.parent / AUTHORITY).is_file())
    if choices.table:
        installation = replace(installation, table=choices.table)
    for file, content in files(config, installation, choices):
        (folder / file).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        done.append(f".chalice/{file}")
    kept = set(_in_use(json.loads((folder / "config.json").read_text(encoding="utf-8"))))
    for path in sorted(path for path in before if path.name not in kept):
        path.unlink()
        done.append(f".chalice/{path.name} is gone: no stage has it any more")
    return done


def _in_use(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield the files that the stages of a configuration ask for."""
    for stage, entry in config["stages"].items():
        yield f"template-{stage}.json"
        for part in (entry, *entry.get("lambda_functions", {}).values()):
            yield part.get("iam_policy_file", "")


def _asked(arguments: Sequence[str] | None) -> tuple[str, Choices]:
    parser = argparse.ArgumentParser(
        prog="python -m infra.stage", description="Write a stage from the data stack's outputs."
    )
    parser.add_argument("name", help="the parameter Stage of infra/stack.yaml")
    parser.add_argument("--public-url", required=True)
    parser.add_argument("--oidc-issuer", required=True)
    parser.add_argument("--oidc-client-id", required=True)
    parser.add_argument("--split", action="store_true", help="a stage for people, one for agents")
    parser.add_argument("--concurrency", type=int, default=100, help="reserved; 0: not")
    parser.add_argument("--architecture", choices=("x86_64", "arm64"), default="x86_64")
    parser.add_argument("--tracing", action="store_true", help="send traces to X-Ray")
    parser.add_argument(
        "--table", default="", help="one that was restored, in place of the stack's"
    )
    asked = vars(parser.parse_args(arguments))
    name = asked.pop("name")
    if NAME.fullmatch(name) is None:
        parser.error(f"{name!r} is no name of a stage: a letter, then letters, digits and hyphens")
    return name, Choices(**asked)


if __name__ == "__main__":
    sys.exit(main())
