"""Where Berth answers otherwise than the corpus: one entry for each rule of ours, with its reason.

A case that differs is explained by the first rule that holds for it. What no rule explains must be
listed by name, and the list may hold one case of a hundred.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.corpus.cases import Answer, Case

POLICY: Mapping[str, str] = {
    "unsupported": "a member that Berth does not support is refused by name, never ignored",
    "main-container": "a devfile is read to run a workspace, and that needs a container for the editor",
    "remote-address": "only addresses that can be cloned safely are projects; the corpus has placeholder words there",
}
"""Codes of rules of Berth's own. Where a case is refused, they may come on top of the codes that it
expects, or stand for them: nothing below a refused member is judged."""

ONCE: Mapping[str, str] = {
    "unknown-volume": "each mount is named at its own place; the corpus counts one for the component",
}
"""Codes that are reported more often than a case counts them."""

LISTED: Mapping[str, str] = {}
"""Single cases, by id, with the reason."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A choice of ours. ``holds`` says whether it is what sets an answer apart."""

    name: str
    reason: str
    holds: Callable[[Case, Answer], bool]


def _only(*codes: str) -> Callable[[Case, Answer], bool]:
    """Refused for nothing else than these."""
    return lambda _, answer: bool(answer.codes) and answer.codes.keys() <= set(codes)


def _with(code: str) -> Callable[[Case, Answer], bool]:
    """Refused for this."""
    return lambda _, answer: code in answer.codes


def _of(check: str, word: str) -> Callable[[Case, Answer], bool]:
    """A case of these whose input has this word."""
    return lambda case, _: case.check.startswith(check) and word.encode() in case.text


def _policy(code: str) -> Rule:
    return Rule(
        code,
        POLICY[code],
        lambda _, answer: code in answer.codes and answer.codes.keys() <= set(POLICY),
    )


RULES: tuple[Rule, ...] = (
    Rule(
        "features",
        "a feature is built into an image, and Berth builds none: a workspace without what its file asks"
        " for would be found out only later",
        lambda case, answer: (
            case.check == "devcontainer"
            and answer.codes.keys() == {"unsupported"}
            and answer.detail.startswith("features: ")
        ),
    ),
    _policy("remote-address"),
    _policy("main-container"),
    _policy("unsupported"),
    Rule(
        "repeated-key",
        "a key that is there twice means one thing to one reader and another to the next; the corpus keeps the last",
        _with("yaml-duplicate-key"),
    ),
    Rule(
        "volumes-of-a-name",
        "files are read as the reference library reads them, where two volumes of a name are a conflict;"
        " the operator makes one of them",
        _only("merge-conflict"),
    ),
    Rule(
        "contributions",
        "an editor is injected by Berth and is no plugin, so a container that a plugin contributes to the"
        " user's stays a container of its own",
        _of("dwo-flatten", "controller.devfile.io/container-contribution"),
    ),
    Rule(
        "workspace-env",
        "an attribute of the operator that no devfile's standard knows; it has no effect and a notice says so",
        _of("dwo-env", "workspaceEnv"),
    ),
    Rule(
        "environment-of-commands",
        "a command's environment is exported before it runs; the operator refuses it",
        _of("dwo-lifecycle", "MY_ENV"),
    ),
    Rule(
        "every-event",
        "an event that cannot run refuses the devfile; the operator is asked about one event at a time",
        lambda case, answer: (
            case.check.startswith("dwo-lifecycle") and "event-type" in answer.codes
        ),
    ),
    Rule(
        "order-of-events",
        "what runs before the start runs in the order of the event; the operator puts a container of its own first",
        _of("dwo-lifecycle:prestart", "init-persistent-home"),
    ),
    Rule(
        "volume-of-the-projects",
        "the volume of the projects is Berth's own: work that is thrown away at a stop is not to be had",
        _only("reserved-name"),
    ),
)
