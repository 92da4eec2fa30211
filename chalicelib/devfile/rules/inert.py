"""Components that Berth leaves alone: images to build and objects of a cluster. What is wrong is said all the same."""

from urllib.parse import urlsplit

from chalicelib.devfile.document import View
from chalicelib.devfile.quoting import quoted
from chalicelib.devfile.review import Review

KINDS = ("image", "kubernetes", "openshift")


def check(root: View, review: Review) -> None:
    """Report addresses that are none, and images with no or several remotes to take the recipe from."""
    for component in root.items("components"):
        for kind in ("kubernetes", "openshift"):
            _check_address(component.member(kind).member("uri"), review)
        _check_recipe(component, review)


def _check_address(uri: View, review: Review) -> None:
    if isinstance(uri.value, str) and uri.value.startswith("http") and not _is_address(uri.value):
        review.problem("bad-uri", uri.path, f"{quoted(uri.value)} is no address.")


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme and parts.netloc) and " " not in text


def _check_recipe(component: View, review: Review) -> None:
    remotes = component.member("image").member("dockerfile").member("git").member("remotes")
    if not isinstance(remotes.value, dict) or len(remotes.value) == 1:
        return
    if remotes.value:
        message = f"The recipe of {component.name} may have one remote only; remove the others."
        review.problem("remote-multiple", remotes.path, message)
    else:
        message = f"The recipe of {component.name} needs a remote, such as `origin`."
        review.problem("remote-missing", remotes.path, message)
