"""What an image should be like for a workspace, and what is missing."""

from collections.abc import Iterator
from dataclasses import dataclass

from berth_cli.image_check.sources import Image
from berth_cli.image_check.tree import Access, Tree

_SHELLS = ("/bin/bash", "/usr/bin/bash", "/bin/sh")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PLATFORMS = ("linux/amd64", "linux/arm64")
_MISLEADING = ("LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONHOME", "NODE_OPTIONS")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is missing or in the way. ``needed``: without it the image cannot do its work; else Berth helps
    itself, and it would only be nicer."""

    code: str
    message: str
    needed: bool = False


def findings(image: Image) -> Iterator[Finding]:
    """Yield everything that a maker of the image should know, what is needed first."""
    found = [
        *_platform(image),
        *_programs(image),
        *_search_path(image),
        *_user(image),
        *_places(image),
        *_sudo(image),
        *_environment(image),
    ]
    yield from sorted(found, key=lambda each: not each.needed)


def _platform(image: Image) -> Iterator[Finding]:
    if image.platform and image.platform not in _PLATFORMS:
        message = f"It is for {image.platform}; workspaces run on {' and '.join(_PLATFORMS)}."
        yield Finding("platform", message, needed=True)


def _programs(image: Image) -> Iterator[Finding]:
    if not any(_runs(image.tree, each) for each in _SHELLS):
        message = (
            "There is no /bin/sh: commands of a devfile or devcontainer.json cannot run, and terminals"
            " get Berth's own bash."
        )
        yield Finding("shell", message, needed=True)
    if not any(_runs(image.tree, f"{folder}/git") for folder in _folders(image)):
        yield Finding("git", "There is no git; terminals get Berth's own.")


def _search_path(image: Image) -> Iterator[Finding]:
    for folder in _folders(image):
        if image.tree.find(folder) and not image.tree.may(Access.EXECUTE | Access.READ, folder):
            message = (
                f"{folder} is in PATH, and group 0 cannot read it: its programs are not found."
                f" Run `chgrp -R 0 {folder} && chmod -R g=u {folder}`, of the folders above it too."
            )
            yield Finding("unreadable-path", message, needed=True)


def _user(image: Image) -> Iterator[Finding]:
    users = image.tree.find("/etc/passwd")
    if users is None:
        yield Finding(
            "passwd", "There is no /etc/passwd; the image's own programs see no user name."
        )
    elif not image.tree.may(Access.WRITE, "/etc/passwd"):
        message = (
            "Group 0 cannot write /etc/passwd, so the image's own programs see a number instead of a"
            " user name. Run `chgrp 0 /etc/passwd && chmod g=u /etc/passwd`."
        )
        yield Finding("passwd", message)


def _places(image: Image) -> Iterator[Finding]:
    folder = str(image.settings.get("WorkingDir") or "")
    if folder.strip("/") and not image.tree.may(Access.WRITE | Access.EXECUTE, folder):
        message = (
            f"WORKDIR is {folder}, which group 0 cannot write."
            f" Run `chgrp -R 0 {folder} && chmod -R g=u {folder}`."
        )
        yield Finding("not-writable", message)


def _sudo(image: Image) -> Iterator[Finding]:
    if any(_runs(image.tree, f"{folder}/sudo") for folder in _folders(image)):
        message = "sudo does not work in a workspace: nothing gains rights there. Install what is needed in the image."
        yield Finding("sudo", message)


def _environment(image: Image) -> Iterator[Finding]:
    for name in _MISLEADING:
        if name in image.environment:
            message = (
                f"{name} is set by the image; Berth's own programs do not see it, terminals do."
            )
            yield Finding("environment", message)


def _folders(image: Image) -> list[str]:
    path = image.environment.get("PATH") or _PATH
    return [folder for folder in dict.fromkeys(path.split(":")) if folder.startswith("/")]


def _runs(tree: Tree, path: str) -> bool:
    found = tree.find(path)
    return found is not None and found.kind == "file" and tree.may(Access.EXECUTE, path)
