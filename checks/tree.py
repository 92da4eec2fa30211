"""Which files the checks look at: those that git has or would take, so that a fresh clone and a work tree agree."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def files(root: Path, *patterns: str) -> list[Path]:
    """Return the existing files under the root that match git's patterns, sorted; all without a pattern."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return sorted(path for name in listed.split("\0") if name and (path := root / name).is_file())
