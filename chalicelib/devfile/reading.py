"""From text to ``Devfile``, step by step; whoever reads this file knows the order of things."""

from chalicelib.devfile.build import built
from chalicelib.devfile.document import View
from chalicelib.devfile.loader import load
from chalicelib.devfile.model import Devfile
from chalicelib.devfile.rules import check_rules
from chalicelib.devfile.schema import check_schema, version_of
from chalicelib.devfile.support import check_support
from chalicelib.devfile.variables import substituted


def read(text: str | bytes) -> Devfile:
    """The devfile that ``text`` holds.

    Raises ``DevfileRefused`` with every problem in document order. Pure: no network, no clock. Any
    text, however hostile, is answered in well under a second.
    """
    review = load(text)
    root = View(review.document.tree)
    version = version_of(root, review)
    refused = check_support(root, review)
    check_schema(root, version, review, refused)
    flattened = substituted(root, review)
    check_rules(flattened, review)
    review.refuse_if_problems()
    return built(flattened, review.notices())
