"""Volumes and where they are mounted."""

from chalicelib.devfile.document import View
from chalicelib.devfile.quoting import quoted
from chalicelib.devfile.review import Review
from chalicelib.devfile.rules.containers import checked_quantity
from chalicelib.devfile.rules.paths import is_mount_path, normal, owner_of

DEFAULT_SOURCE_MAPPING = "/projects"


def check(root: View, review: Review) -> None:
    """Report sizes that are none, mounts of volumes that are not there, and mounts on one another."""
    volumes = {
        component.text("name") for component in root.items("components") if component.has("volume")
    }
    for component in root.items("components"):
        checked_quantity(component.member("volume"), "size", review)
        _check_mounts(component.member("container"), volumes, review)


def _check_mounts(container: View, volumes: set[str], review: Review) -> None:
    taken: dict[str, str] = {}
    if container.flag("mountSources", default=True):
        taken[normal(container.text("sourceMapping") or DEFAULT_SOURCE_MAPPING)] = "the projects"
    for mount in container.items("volumeMounts"):
        name = mount.text("name")
        if name and name not in volumes:
            message = (
                f"There is no volume component {quoted(name)}; add one, or mount another volume."
            )
            review.problem("unknown-volume", mount.member("name").path, message)
        path = mount_path(mount)
        if not is_mount_path(path):
            message = f"{quoted(path)} is no place to mount a volume; give an absolute path without `..` and `:`."
            review.problem("mount-path", mount.member("path").path, message)
        elif owner := owner_of(path):
            message = f"{quoted(path)} is {owner}; mount {mount.name} somewhere else."
            review.problem("reserved-mount-path", mount.member("path").path, message)
        elif (place := normal(path)) in taken:
            message = f"{quoted(path)} is taken by {taken[place]} already; mount {mount.name} somewhere else."
            review.problem("duplicate-mount-path", mount.member("path").path, message)
        else:
            taken[place] = mount.name


def mount_path(mount: View) -> str:
    """Where the mount is: its path, or the name of its volume below the root directory."""
    return mount.text("path") or f"/{mount.text('name')}"
