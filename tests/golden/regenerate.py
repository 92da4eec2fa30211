"""Write the golden manifests anew and show what changed: ``python -m tests.golden.regenerate``.

Read the differences before committing them: the pod templates of workspaces that exist already are
frozen, so a change here is for new ones, but a change of a guard rail reaches every workspace.
With ``--check`` nothing is written and a difference is an exit status of 1.
"""

import difflib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chalicelib.domain.targets import TARGETS
from chalicelib.domain.targets.kubernetes.proxy import render_proxy
from tests.golden.plans import CASES, PROXY, Case

FOLDER = Path(__file__).parent / "manifests"


Objects = Sequence[dict[str, Any]]


def manifest_of(case: Case) -> Objects:
    """Return the case's objects, Secrets last."""
    target = TARGETS["kubernetes"]
    rendered = target.render(target.freeze(case.plan), case.guard, case.holes)
    secrets = target.render_secrets(case.plan.workspace_id, case.plan.agent_id, case.variables)
    return (*rendered.objects, *secrets)


def manifests() -> Mapping[str, Objects]:
    """Return what every file holds."""
    return {name: manifest_of(case) for name, case in CASES.items()} | {
        "proxy": render_proxy(PROXY)
    }


def differences(name: str, objects: Objects) -> str:
    """Return a unified diff from what is kept to what is rendered now; empty when they agree."""
    file = FOLDER / f"{name}.json"
    kept = file.read_text() if file.exists() else ""
    lines = difflib.unified_diff(
        kept.splitlines(keepends=True),
        _text(objects).splitlines(keepends=True),
        f"kept/{file.name}",
        f"rendered/{file.name}",
    )
    return "".join(lines)


def main(arguments: list[str]) -> int:
    """Show every difference and, without ``--check``, write what is rendered now."""
    now = manifests()
    found = {name: differences(name, objects) for name, objects in now.items()}
    sys.stdout.writelines(found.values())
    if "--check" in arguments:
        return int(any(found.values()))
    for name, objects in now.items():
        (FOLDER / f"{name}.json").write_text(_text(objects))
    return 0


def _text(objects: Objects) -> str:
    return json.dumps(objects, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
