"""From text to ``Devfile``, step by step; whoever reads this file knows the order of things."""

from dataclasses import dataclass
from typing import Any, Literal

from chalicelib.devfile.build import built
from chalicelib.devfile.devcontainer.jsonc import is_devcontainer, without_comments
from chalicelib.devfile.devcontainer.translation import translated
from chalicelib.devfile.document import View
from chalicelib.devfile.imports.flatten import Flattening, Source, imports_anything
from chalicelib.devfile.imports.references import Reference, Resolver, TreeFile
from chalicelib.devfile.loader import DEVCONTAINER, load
from chalicelib.devfile.model import Devfile
from chalicelib.devfile.review import Review
from chalicelib.devfile.rules import check_rules
from chalicelib.devfile.schema import check_complete, check_schema, version_of
from chalicelib.devfile.strict import check_strict
from chalicelib.devfile.support import check_support
from chalicelib.devfile.variables import substituted

Profile = Literal["standard", "strict"]
"""``standard``: what Berth runs. ``strict``: of that, what GitLab workspaces take as well."""


_ROOT = TreeFile("devfile.yaml")


@dataclass(frozen=True, slots=True)
class Reading:
    """How a devfile is read. Without a resolver, a devfile that imports anything is refused."""

    profile: Profile = "standard"
    resolver: Resolver | None = None
    place: Reference = _ROOT
    """Where the devfile stands: what its relative references start from. A devcontainer.json is known
    by its name."""
    project: str = "project"
    """The folder that the repository is checked out in; a devcontainer.json may speak of it."""

    @property
    def is_devcontainer(self) -> bool:
        """Whether the text is a devcontainer.json."""
        return isinstance(self.place, TreeFile) and is_devcontainer(self.place.path)


_USUAL = Reading()


def read(text: str | bytes, how: Reading = _USUAL) -> Devfile:
    """The devfile that ``text`` holds, with all that it imports; or what a devcontainer.json says.

    Raises ``DevfileRefused`` with every problem, in document order, imports after the devfile. No
    network, no clock: the same texts get the same answer. Any text, however hostile, is answered in
    well under a second, apart from what the resolver takes.
    """
    review = _flat(text, how)
    whole = View(review.document.tree)
    if not how.is_devcontainer:  # its braces are the shell's
        whole = substituted(whole, review)
    check_rules(whole, review)
    review.refuse_if_problems()
    return built(whole, review.notices())


def flattened(text: str | bytes, how: Reading = _USUAL) -> dict[str, Any]:
    """The devfile that says the same as ``text`` and imports nothing. Variables stay as they are.

    Raises ``DevfileRefused`` as ``read`` does, but for what only the rules find.
    """
    review = _flat(text, how)
    review.refuse_if_problems()
    return review.document.tree


def _loaded(text: str | bytes, how: Reading) -> Review:
    if not how.is_devcontainer:
        return load(text)
    return translated(load(without_comments(text), kind=DEVCONTAINER), how.project)


def _flat(text: str | bytes, how: Reading) -> Review:
    """A review of the flattened document, which has passed its schema or has problems."""
    review = _loaded(text, how)
    root = View(review.document.tree)
    version = version_of(root, review)
    refused = check_support(root, review, can_import=how.resolver is not None)
    if how.profile == "strict":
        refused |= check_strict(root, review)
    check_schema(root, version, review, refused)
    if how.resolver is None or not imports_anything(root):
        return review
    review.refuse_if_problems()  # nothing is fetched for a devfile that is refused anyway
    source = Source(review, version, how.place, (how.place,))
    whole = review.of(Flattening(how.resolver).flat(source))
    flat = View(whole.document.tree)
    check_complete(flat, version, whole, check_support(flat, whole, can_import=True))
    return whole
