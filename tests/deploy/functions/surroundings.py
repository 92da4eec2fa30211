"""A function that tells what it finds around it. Runs in the sandbox, also beside the deployed package."""

import importlib
import os
import pkgutil
import sys
from pathlib import Path
from typing import Any


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Return what is asked for: `import` names, or the whole of a package with `.*`."""
    return {
        "path": [each for each in sys.path if each],
        "variables": sorted(os.environ),
        "user": os.getuid(),
        "folder": str(Path.cwd()),
        "writable": [
            each for each in ("/var/task", "/var/runtime", "/usr", "/", "/tmp") if _takes(each)
        ],
        "failed": [name for name in _names(event["import"]) if not _is_importable(name)],
        "milliseconds": context.get_remaining_time_in_millis(),
    }


def _names(asked: list[str]) -> list[str]:
    names = []
    for each in asked:
        package, whole, _ = each.partition(".*")
        names.append(package)
        if whole:
            found = importlib.import_module(package)
            names += [one.name for one in pkgutil.walk_packages(found.__path__, f"{package}.")]
    return names


def _is_importable(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


def _takes(folder: str) -> bool:
    file = Path(folder, "written")
    try:
        file.touch()
    except OSError:
        return False
    file.unlink()
    return True
