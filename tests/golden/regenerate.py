"""Write the golden manifests anew and show what changed: ``python -m tests.golden.regenerate``.

Read the differences before committing them: the pod templates of workspaces that exist already are
frozen, so a change here is for new ones, but a change of a guard rail reaches every workspace.
With ``--check`` nothing is written and a difference is an exit status of 1.
"""

import difflib
import json
import sys
from pathlib import Path

from chalicelib.domain.targets import TARGETS
from tests.golden.plans import CASES, Case

FOLDER = Path(__file__).parent / "manifests"


def manifest_of(case: Case) -> str:
    """Return the case's objects as they are kept: JSON, indented, Secrets last."""
    target = TARGETS["kubernetes"]
    rendered = target.render(target.freeze(case.plan), case.guard, case.holes)
    secrets = target.render_secrets(case.plan.workspace_id, case.plan.agent_id, case.variables)
    return json.dumps([*rendered.objects, *secrets], indent=1, ensure_ascii=False) + "\n"


def differences(name: str, case: Case) -> str:
    """Return a unified diff from what is kept to what is rendered now; empty when they agree."""
    file = FOLDER / f"{name}.json"
    kept = file.read_text() if file.exists() else ""
    lines = difflib.unified_diff(
        kept.splitlines(keepends=True),
        manifest_of(case).splitlines(keepends=True),
        f"kept/{file.name}",
        f"rendered/{file.name}",
    )
    return "".join(lines)


def main(arguments: list[str]) -> int:
    """Show every difference and, without ``--check``, write what is rendered now."""
    found = {name: differences(name, case) for name, case in CASES.items()}
    sys.stdout.writelines(found.values())
    if "--check" in arguments:
        return int(any(found.values()))
    for name in found:
        (FOLDER / f"{name}.json").write_text(manifest_of(CASES[name]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
