"""The environment that a devcontainer.json gives its container."""

from collections.abc import Mapping

from chalicelib.devfile.devcontainer.substitution import Words
from chalicelib.devfile.document import View
from chalicelib.devfile.quoting import quoted
from chalicelib.devfile.review import Review


def stated(root: View, review: Review) -> dict[str, View]:
    """Return the members of ``containerEnv`` that are texts, and tell of those that are none."""
    found = {}
    for name, view in root.member("containerEnv").members():
        if isinstance(view.value, str):
            found[name] = view
        else:
            review.problem("wrong-type", view.path, f"The value of {quoted(name)} is a text.")
    return found


def environment_of(
    root: View, given: Mapping[str, View], words: Words, review: Review
) -> dict[str, tuple[View, str]]:
    """Return each variable with where it was written, and its value.

    ``remoteEnv`` counts over ``containerEnv``, null removes. A workspace has one environment, for its
    container and its terminals.
    """
    found = {name: (view, words.put_in(view.value)) for name, view in given.items()}
    for name, view in root.member("remoteEnv").members():
        if view.value is None:
            found.pop(name, None)
        elif not isinstance(view.value, str):
            review.problem(
                "wrong-type", view.path, f"The value of {quoted(name)} is a text, or null."
            )
        elif unknown := words.unknown(view.value):
            listed = ", ".join(map(quoted, unknown[:5]))
            message = (
                f"{quoted(name)} is not set: it is made of what only the image knows, {listed}."
            )
            review.notice("without-effect", view.path, message)
        else:
            found[name] = (view, words.put_in(view.value))
    return found
