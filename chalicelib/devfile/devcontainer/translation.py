"""From a devcontainer.json to the devfile that says the same."""

import posixpath
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.devfile.devcontainer.environment import environment_of, stated
from chalicelib.devfile.devcontainer.lifecycle import script_of
from chalicelib.devfile.devcontainer.mounts import Mount, mounts_of
from chalicelib.devfile.devcontainer.needs import check_arguments, requests_of
from chalicelib.devfile.devcontainer.ports import endpoints_of
from chalicelib.devfile.devcontainer.properties import check_properties
from chalicelib.devfile.devcontainer.substitution import Words
from chalicelib.devfile.document import Path, View
from chalicelib.devfile.imports.pieces import Piece, Weaver
from chalicelib.devfile.quoting import quoted
from chalicelib.devfile.review import Review
from chalicelib.devfile.rules.paths import is_mount_path

VERSION = "2.3.0"
ROOT = "/workspaces"
"""Where devcontainers have their projects."""
_NAME = "dev"
_LIFE = "life"
_CONTAINER: Path = ("components", 0, "container")


def translated(review: Review, project: str) -> Review:
    """Return a review of the devfile, whose findings come together with those of ``review``.

    :param project: the folder that the repository is checked out in.
    """
    return _Translation(review, project).review()


class _Translation:
    def __init__(self, review: Review, project: str) -> None:
        self._review = review
        self._root = View(review.document.tree)
        self._weaver = Weaver()
        self._given = stated(self._root, review)
        mapping = self._mapping(project)
        bare = Words(project, posixpath.join(mapping, project), {})
        given = {name: bare.put_in(view.value) for name, view in self._given.items()}
        self._words = replace(bare, given=given)
        self._container: dict[str, Any] = {"sourceMapping": mapping}

    def review(self) -> Review:
        check_properties(self._root, self._review)
        check_arguments(self._root, self._review)
        self._say_image()
        self._tell_of_command()
        self._say_environment()
        self._say_endpoints()
        for view, key, quantity in requests_of(self._root, self._review):
            self._put(view, key, quantity)
        volumes = self._volumes()
        self._weaver.document.tree |= {
            "schemaVersion": VERSION,
            "components": [{"name": _NAME, "container": self._container}, *volumes],
            **self._life(),
        }
        return self._review.of(self._weaver.document)

    def _put(self, view: View, key: str, value: Any) -> None:
        self._container[key] = value
        self._keep(view, (*_CONTAINER, key))

    def _keep(self, view: View, at: Path, *members: str) -> None:
        """Remember where a node was written, and those of its members that were written with it."""
        piece = Piece(self._review.document, view.value, view.path)
        for inner in (at, *((*at, member) for member in members)):
            self._weaver.keep(piece, inner)

    def _mapping(self, project: str) -> str:
        """Return the root of the projects: such that the repository is in ``workspaceFolder``, if it can be."""
        folder = self._root.member("workspaceFolder")
        if not isinstance(folder.value, str):
            return ROOT
        wanted = Words(project, f"{ROOT}/{project}", {}).put_in(folder.value)
        parent, name = posixpath.split(posixpath.normpath(wanted))
        if name == project and is_mount_path(parent):
            return parent
        message = f"The repository is checked out at `{ROOT}/{project}`, not at {quoted(wanted)}."
        self._review.notice("without-effect", folder.path, message)
        return ROOT

    def _say_image(self) -> None:
        image = self._root.member("image")
        if isinstance(image.value, str):
            self._put(image, "image", self._words.put_in(image.value))
            return
        self._put(image, "image", "none")  # nothing more is said of it than what is said here
        if image.value is None and not any(
            self._root.has(each) for each in ("build", "dockerFile", "dockerComposeFile")
        ):
            self._review.problem("missing", (), "Name the image of the container as `image`.")

    def _tell_of_command(self) -> None:
        if self._root.member("overrideCommand").value is False:
            message = (
                "The image's own command is not run; say what is to run as `postStartCommand`."
            )
            self._review.notice("without-effect", ("overrideCommand",), message)

    def _say_environment(self) -> None:
        found = environment_of(self._root, self._given, self._words, self._review)
        for number, (view, _) in enumerate(found.values()):
            self._keep(view, (*_CONTAINER, "env", number), "name", "value")
        if found:
            self._container["env"] = [
                {"name": name, "value": value} for name, (_, value) in found.items()
            ]

    def _say_endpoints(self) -> None:
        endpoints = list(endpoints_of(self._root, self._review))
        for number, (view, _) in enumerate(endpoints):
            self._keep(view, (*_CONTAINER, "endpoints", number), "name", "targetPort")
        if endpoints:
            self._container["endpoints"] = [endpoint for _, endpoint in endpoints]

    def _volumes(self) -> list[Mapping[str, Any]]:
        mounts = list(mounts_of(self._root, self._words, self._review))
        for number, mount in enumerate(mounts):
            self._keep(mount.written, (*_CONTAINER, "volumeMounts", number), "name", "path")
        if mounts:
            self._container["volumeMounts"] = [
                {"name": mount.volume, "path": mount.path} for mount in mounts
            ]
        first: dict[str, Mount] = {}
        for mount in mounts:
            first.setdefault(mount.volume, mount)
        for number, mount in enumerate(first.values(), start=1):
            self._keep(mount.written, ("components", number), "name", "volume")
        return [mount.component for mount in first.values()]

    def _life(self) -> dict[str, Any]:
        script = script_of(self._root, self._words, self._review)
        if not script:
            return {}
        line = {
            "component": _NAME,
            "commandLine": script,
            "workingDir": "$PROJECT_SOURCE",
        }
        return {"commands": [{"id": _LIFE, "exec": line}], "events": {"postStart": [_LIFE]}}
