"""How much of each a devfile may have."""

from chalicelib.devfile.document import View
from chalicelib.devfile.review import Review

MOST = {"components": 20, "commands": 50, "projects": 20, "dependentProjects": 20}
MOST_ENDPOINTS = 50
MOST_ENV = 100


def check(root: View, review: Review) -> None:
    """Report the lists that are too long."""
    for key, most in MOST.items():
        _check_length(root.items(key), most, key, review)
    containers = [component.member("container") for component in root.items("components")]
    endpoints = [endpoint for container in containers for endpoint in container.items("endpoints")]
    _check_length(tuple(endpoints), MOST_ENDPOINTS, "endpoints", review)
    for container in containers:
        _check_length(container.items("env"), MOST_ENV, "env", review)


def _check_length(items: tuple[View, ...], most: int, what: str, review: Review) -> None:
    if len(items) > most:
        message = f"At most {most} `{what}` are allowed; there are {len(items)}."
        review.problem("too-many", items[most].path, message)
