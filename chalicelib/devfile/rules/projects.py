"""Projects: where their git repositories are, and where they are checked out.

What the program that clones would refuse is refused here, where somebody is there to read it.
"""

import re

from chalicelib.devfile.document import View
from chalicelib.devfile.quoting import quoted
from chalicelib.devfile.review import Review
from chalicelib.devfile.rules.paths import is_inner_path
from chalicelib.devfile.rules.revisions import is_revision

_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
_PATH = r"[A-Za-z0-9._~%+@/-]{1,1024}"
_USER = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}"

_HTTPS = re.compile(rf"https://{_HOST}(?::[0-9]{{1,5}})?/{_PATH}\Z")
_SSH = re.compile(rf"ssh://(?:{_USER}@)?{_HOST}(?::[0-9]{{1,5}})?/{_PATH}\Z")
_SCP = re.compile(rf"(?:{_USER}@)?{_HOST}:(?!//|/?-){_PATH}\Z")
_REMOTE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z")


def check(root: View, review: Review) -> None:
    """Report what is wrong with projects; of starter projects, which are not cloned, the structure alone."""
    for project in root.items("starterProjects"):
        _check_remotes(project, review, one=True)
    for project in checked_out(root):
        _check_remotes(project, review, one=False)
        _check_addresses(project, review)
        _check_revision(project, review)
    _check_clone_paths(root, review)


def checked_out(root: View) -> tuple[View, ...]:
    """All projects that are cloned, in this order."""
    return (*root.items("projects"), *root.items("dependentProjects"))


def clone_path(project: View) -> str:
    """Where the project is checked out, below the root of the projects."""
    return project.text("clonePath") or project.text("name")


def checkout_remote(project: View) -> str:
    """Name of the remote to clone from: the stated one, or the only one."""
    git = project.member("git")
    names = [name for name, _ in git.member("remotes").members()]
    return git.member("checkoutFrom").text("remote") or (names[0] if len(names) == 1 else "")


def _check_remotes(project: View, review: Review, *, one: bool) -> None:
    git = project.member("git")
    remotes = git.member("remotes")
    if not isinstance(remotes.value, dict):
        return
    names = list(remotes.value)
    stated = git.member("checkoutFrom").text("remote")
    if not names:
        review.problem(
            "remote-missing",
            remotes.path,
            f"The project {project.name} needs a remote, such as `origin`.",
        )
    elif one and len(names) > 1:
        message = f"The starter project {project.name} may have one remote only; remove the others."
        review.problem("remote-multiple", remotes.path, message)
    elif len(names) > 1 and not stated:
        message = f"The project {project.name} has several remotes; name the one to clone in `checkoutFrom.remote`."
        review.problem("checkout-remote-missing", git.path, message)
    if names and stated and stated not in names:
        message = f"{quoted(stated)} is none of the remotes; name one of them."
        review.problem(
            "checkout-remote-unknown", git.member("checkoutFrom").member("remote").path, message
        )


def _check_addresses(project: View, review: Review) -> None:
    for name, remote in project.member("git").member("remotes").members():
        # A remote is a part of a branch's name: git takes no `..` there, nor an end like `.lock`.
        if not (_REMOTE_NAME.match(name) and is_revision(name)):
            message = f"{quoted(name)} is no name of a remote; use letters and digits, a letter or digit first."
            review.problem("remote-name", remote.path, message)
        address = remote.value
        if not isinstance(address, str) or _HTTPS.match(address):
            continue
        if not (_SSH.match(address) or _SCP.match(address)):
            message = f"The address of {quoted(name)} is not like `https://host/path.git`, without a password."
            review.problem("remote-address", remote.path, message)
        else:
            message = (
                f"Git over SSH is not supported: give the remote {quoted(name)} its https address."
            )
            review.problem("unsupported", remote.path, message)


def _check_revision(project: View, review: Review) -> None:
    revision = project.member("git").member("checkoutFrom").member("revision")
    if isinstance(revision.value, str) and revision.value and not is_revision(revision.value):
        message = f"{quoted(revision.value)} is no branch, tag or commit."
        review.problem("revision", revision.path, message)


def _check_clone_paths(root: View, review: Review) -> None:
    taken: list[str] = []
    for project in checked_out(root):
        path = clone_path(project)
        place = project.member("clonePath").path
        if not path:
            continue
        if not is_inner_path(path):
            message = f"{quoted(path)} does not stay below the folder of the projects; give a path such as `team/app`."
            review.problem("clone-path", place, message)
            continue
        folder = f"{path.rstrip('/')}/"
        if any(folder.startswith(other) or other.startswith(folder) for other in taken):
            message = f"{quoted(path)} overlaps the folder of another project; give it one of its own in `clonePath`."
            review.problem("clone-path-overlap", place, message)
        taken.append(folder)
