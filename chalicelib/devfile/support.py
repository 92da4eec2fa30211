"""What Berth does not support yet, and what it reads without effect: refused or told, by name.

Together with the model these two tables cover every member of the schemas; a test holds that.
"""

from collections.abc import Iterator

from chalicelib.devfile.document import Path, View
from chalicelib.devfile.quoting import quoted
from chalicelib.devfile.review import Review

_EACH = "*"
Pattern = tuple[str, ...]

_BUILD = "build the image before, and remove `autoBuild`"
_CLUSTER = "Berth applies no objects of the devfile's own; remove `deployByDefault`"
_COPY = "copy what it brings into this devfile"
_FLEET = "only Berth decides about pods; remove it"
_SHELL = "use an `exec` command"
_GIT = "use a `git` source"

UNSUPPORTED: dict[Pattern, str] = {
    ("parent",): _COPY,
    ("components", _EACH, "plugin"): _COPY,
    ("components", _EACH, "custom"): "use a `container` component",
    ("components", _EACH, "container", "annotation"): _FLEET,
    ("components", _EACH, "container", "endpoints", _EACH, "annotation"): _FLEET,
    ("commands", _EACH, "custom"): _SHELL,
    ("commands", _EACH, "vscodeLaunch"): _SHELL,
    ("commands", _EACH, "vscodeTask"): _SHELL,
    ("projects", _EACH, "custom"): _GIT,
    ("projects", _EACH, "github"): _GIT,
    ("projects", _EACH, "zip"): _GIT,
    ("projects", _EACH, "sparseCheckoutDirs"): "remove it; the whole repository is checked out",
    ("dependentProjects", _EACH, "custom"): _GIT,
    ("dependentProjects", _EACH, "zip"): _GIT,
    ("events", "postStop"): "use `preStop`, which runs while the containers are still there",
}
"""Members that are refused wherever they appear, with what to do instead."""

_ONE_POD = "all containers of a workspace share one pod; remove it"

_ONLY_WHEN_TRUE: dict[Pattern, str] = {
    ("components", _EACH, "container", "dedicatedPod"): _ONE_POD,
    ("components", _EACH, "image", "autoBuild"): _BUILD,
    ("components", _EACH, "kubernetes", "deployByDefault"): _CLUSTER,
    ("components", _EACH, "openshift", "deployByDefault"): _CLUSTER,
}

_OVERRIDES = ("pod-overrides", "container-overrides")

MAIN_ATTRIBUTE = "berth.dev/main"
GITLAB_MAIN_ATTRIBUTE = "gl/inject-editor"
"""GitLab's name for the same, so that one devfile serves both."""
MAIN_ATTRIBUTES = (MAIN_ATTRIBUTE, GITLAB_MAIN_ATTRIBUTE)
_OUR_ATTRIBUTES = "berth.dev/"

_NOT_APPLIED = "Berth applies no objects of the devfile's own to the cluster; this is left alone."

_WITHOUT_EFFECT: dict[Pattern, str] = {
    ("components", _EACH, "image"): "Berth builds no images; this is left alone.",
    ("components", _EACH, "kubernetes"): _NOT_APPLIED,
    ("components", _EACH, "openshift"): _NOT_APPLIED,
    (
        "starterProjects",
    ): "Starter projects are not checked out; list a repository under `projects` for that.",
    (
        "metadata",
        "globalMemoryLimit",
    ): "`globalMemoryLimit` has no effect; use `memoryLimit` of each container.",
}

_WITH_ATTRIBUTES: tuple[Pattern, ...] = (
    (),
    ("components", _EACH),
    ("components", _EACH, "container", "endpoints", _EACH),
    ("commands", _EACH),
    ("projects", _EACH),
    ("dependentProjects", _EACH),
)
_IMPORTS: tuple[Pattern, ...] = (("parent",), ("components", _EACH, "plugin"))


def check_support(root: View, review: Review, *, can_import: bool) -> frozenset[Path]:
    """Report what is not supported and what has no effect; the paths of the former."""
    refused = set()
    for pattern, remedy in UNSUPPORTED.items():
        if can_import and pattern in _IMPORTS:
            continue
        refused |= {_refuse(view, remedy, review) for view in _present(root, pattern)}
    for pattern, remedy in _ONLY_WHEN_TRUE.items():
        refused |= {_refuse(v, remedy, review) for v in _present(root, pattern) if v.value is True}
    for pattern, message in _WITHOUT_EFFECT.items():
        for view in _present(root, pattern):
            review.notice("without-effect", view.path, message)
    for pattern in _WITH_ATTRIBUTES:
        for owner in _matching(root, pattern):
            refused |= _check_attributes(owner.member("attributes"), pattern, review)
    return frozenset(refused)


def _refuse(view: View, remedy: str, review: Review) -> Path:
    review.problem("unsupported", view.path, f"{quoted(view.path[-1])} is not supported: {remedy}.")
    return view.path


def _check_attributes(attributes: View, owner: Pattern, review: Review) -> set[Path]:
    refused = set()
    unused = []
    for key, view in attributes.members():
        if key in _OVERRIDES:
            refused.add(_refuse(view, _FLEET, review))
        elif key in MAIN_ATTRIBUTES and owner == ("components", _EACH):
            if not isinstance(view.value, bool):
                review.problem("wrong-type", view.path, f"`{key}` is `true` or `false`.")
        elif key.startswith(_OUR_ATTRIBUTES):
            message = f"There is no attribute {quoted(key)} here; the only one is `{MAIN_ATTRIBUTE}`, of a container component."
            review.problem("unknown-attribute", view.path, message)
        else:
            unused.append(key)
    if unused:
        listed = ", ".join(map(quoted, unused[:10])) + (", …" if len(unused) > 10 else "")
        review.notice(
            "without-effect",
            attributes.path,
            f"Attributes of other programs have no effect: {listed}.",
        )
    return refused


def _present(root: View, pattern: Pattern) -> Iterator[View]:
    """The members that ``pattern`` names and that are there."""
    return (
        owner.member(pattern[-1])
        for owner in _matching(root, pattern[:-1])
        if owner.has(pattern[-1])
    )


def _matching(view: View, pattern: Pattern) -> Iterator[View]:
    """The nodes that ``pattern`` names; ``*`` stands for each item of the list before it."""
    if not pattern:
        yield view
    elif len(pattern) > 1 and pattern[1] == _EACH:
        for item in view.items(pattern[0]):
            yield from _matching(item, pattern[2:])
    else:
        yield from _matching(view.member(pattern[0]), pattern[1:])
