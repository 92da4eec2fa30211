"""Names and values of environment variables."""

import re

from chalicelib.devfile.document import View
from chalicelib.devfile.quoting import quoted
from chalicelib.devfile.review import Review

RESERVED_NAMES = ("PROJECTS_ROOT", "PROJECT_SOURCE")
RESERVED_PREFIX = "BERTH_"

_NAME = re.compile(r"[A-Za-z_.-][A-Za-z0-9_.-]{0,254}\Z")


def check_environment(owner: View, review: Review, *, reserved: tuple[str, ...] = ()) -> None:
    """Report what is wrong with ``env`` of ``owner``; a repeated name is a notice."""
    seen: set[str] = set()
    for variable in owner.items("env"):
        name, path = variable.text("name"), variable.member("name").path
        if (
            variable.has("name")
            and isinstance(variable.value["name"], str)
            and not _NAME.match(name)
        ):
            form = "letters, digits, `_`, `.` and `-`, not a digit first"
            review.problem(
                "env-name",
                path,
                f"{quoted(name)} is no name of an environment variable; use {form}.",
            )
        if name in reserved or name.startswith(RESERVED_PREFIX):
            review.problem(
                "reserved-env",
                path,
                f"{quoted(name)} is set by Berth; remove it or choose another name.",
            )
        if name and name in seen:
            review.notice("env-twice", path, f"{quoted(name)} is set twice; the last one holds.")
        seen.add(name)
