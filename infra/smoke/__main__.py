"""Runs every check and says what each saw: 0 when all saw what they should, 1 when one did not, 3 when
one was left or not answered, 2 when there is no such stage."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from infra.smoke.checks import CHECKS, Check
from infra.smoke.deployed import Deployed, Left, NotSeen
from infra.stage import FOLDER

_UNKNOWN = frozenset({"InvalidAction", "NotImplemented", "UnknownOperationException", "501"})
"""Codes of who does not know what was asked. AWS knows; emulations do not know everything, and some say
so under codes that mean something else."""


class State(Enum):
    """What became of a check."""

    SEEN = "seen"
    NOT_SEEN = "NOT SEEN"
    LEFT = "left"
    NOT_ANSWERED = "not answered here"


def outcomes(at: Deployed) -> Iterator[tuple[str, State, str]]:
    """Yield each check with its state and its words."""
    for name, check in CHECKS.items():
        yield (name, *outcome(check, at))


def outcome(check: Check, at: Deployed) -> tuple[State, str]:
    """Carry a check out."""
    try:
        return State.SEEN, check(at)
    except Left as left:
        return State.LEFT, str(left)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        is_unknown = code in _UNKNOWN or "Unknown action" in str(error)
        return State.NOT_ANSWERED if is_unknown else State.NOT_SEEN, str(error)
    except (NotSeen, BotoCoreError, httpx.HTTPError, OSError) as error:
        return State.NOT_SEEN, f"{error}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each check."""
    parser = argparse.ArgumentParser(prog="python -m infra.smoke")
    parser.add_argument("stage", help="as Chalice calls it: dev, or dev-people and dev-agents")
    parser.add_argument("--drill", action="store_true", help="raise an alarm, too")
    parser.add_argument("--folder", type=Path, default=FOLDER, help=".chalice of the deployment")
    parser.add_argument("--patience", type=float, default=90.0, help="seconds to wait for a line")
    asked = parser.parse_args(arguments)
    at = Deployed(asked.stage, asked.folder, drill=asked.drill, patience=asked.patience)
    try:
        url = at.settings["BERTH_PUBLIC_URL"]
    except (NotSeen, KeyError) as error:
        print(f"error: {error}: write the stage first, by python -m infra.stage", file=sys.stderr)
        return 2
    print(f"The stage {at.stage}, at {url}.")
    if endpoint := os.environ.get("AWS_ENDPOINT_URL"):
        print(f"This is not AWS but {endpoint}: what is seen here is no proof of it.")
    met = set()
    for name, state, words in outcomes(at):
        met.add(state)
        print(f"{state.value:<18} {name:<16} {words}", flush=True)
    if State.NOT_SEEN in met:
        return 1
    return 3 if met & {State.LEFT, State.NOT_ANSWERED} else 0


if __name__ == "__main__":
    sys.exit(main())
