"""Names and ids are unique, and none of them is one that Berth uses itself."""

from chalicelib.devfile.document import View
from chalicelib.devfile.findings import ProblemCode
from chalicelib.devfile.quoting import quoted
from chalicelib.devfile.review import Review

RESERVED_PREFIX = "berth-"

_RESERVED_VOLUME = "projects"


def check(root: View, review: Review) -> None:
    """Report repeated and reserved names of components, commands and projects."""
    _check_unique(root, "components", "name", "duplicate-component", review)
    _check_unique(root, "commands", "id", "duplicate-command", review)
    _check_unique(root, "projects", "name", "duplicate-project", review)
    _check_unique(root, "starterProjects", "name", "duplicate-project", review)
    _check_unique(root, "dependentProjects", "name", "duplicate-project", review)
    for view in (*root.items("components"), *root.items("commands")):
        check_reserved(view, review)
    for component in root.items("components"):
        if component.text("name") == _RESERVED_VOLUME and component.has("volume"):
            message = "The volume of the projects is Berth's own; give this one another name than `projects`."
            review.problem("reserved-name", component.member("name").path, message)


def check_reserved(view: View, review: Review) -> None:
    """Report a name that begins as Berth's own do."""
    key = "id" if view.has("id") else "name"
    if view.text(key).startswith(RESERVED_PREFIX):
        message = f"Names that begin with `{RESERVED_PREFIX}` are Berth's own; choose another for {view.name}."
        review.problem("reserved-name", view.member(key).path, message)


def _check_unique(root: View, of: str, key: str, code: ProblemCode, review: Review) -> None:
    seen: set[str] = set()
    for view in root.items(of):
        name = view.text(key)
        if name and name in seen:
            review.problem(
                code,
                view.member(key).path,
                f"{quoted(name)} is there twice in `{of}`; rename one of them.",
            )
        seen.add(name)
