"""Judges of whole texts: the schema alone, the rules, the whole reading."""

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from chalicelib.devfile import DevfileRefused, Reading, TreeFile, read
from chalicelib.devfile.document import View
from chalicelib.devfile.findings import NoticeCode
from chalicelib.devfile.loader import load
from chalicelib.devfile.schema import check_schema, version_of
from tests.corpus.cases import Answer, Case, refused
from tests.corpus.differences import ONCE, POLICY

TOLD: tuple[NoticeCode, ...] = ("env-twice", "group-no-default", "quantity-small")
"""Notices that the corpus calls warnings."""


def by_schema(case: Case) -> Answer:
    """The schema alone. Fragments are put where a devfile has them: below ``parent``, or at the root."""
    name = Path(case.entry["schema"]).name
    text: str | bytes = case.text
    if name == "parent-overrides.json":
        parent = {"uri": "parent.yaml", **_fragment(case)}
        text = json.dumps({"schemaVersion": "2.3.0", "parent": parent})
    elif name == "dev-workspace-template-spec.json":
        text = json.dumps({"schemaVersion": "2.3.0", **_fragment(case)})
    review = load(text)
    root = View(review.document.tree)
    check_schema(root, version_of(root, review), review, frozenset())
    review.refuse_if_problems()
    return Answer("accept")


def _fragment(case: Case) -> dict[str, Any]:
    review = load(case.text)
    review.refuse_if_problems()
    return review.document.tree


def by_rules(case: Case) -> Answer:
    """The whole reading, with the codes of all findings, counted as the corpus counts them."""
    expected = Counter(case.entry["codes"] or ())
    try:
        notices = read(case.text).notices
    except DevfileRefused as error:
        answer = refused(error.problems)
        theirs = {code: n for code, n in answer.codes.items() if code not in POLICY}
        found = Counter({code: 1 if code in ONCE else n for code, n in theirs.items()})
        agrees = found == expected or not found - expected
        return answer if agrees else Answer("refuse otherwise", answer.codes, answer.detail)
    codes = Counter(f"W:{notice.code}" for notice in notices if notice.code in TOLD)
    if codes != expected:
        return Answer("accept otherwise", codes)
    return Answer("warn" if codes else "accept", codes)


def by_reading(case: Case) -> Answer:
    """The whole reading: accepted, accepted with a word about it, or refused."""
    told = any(notice.code in TOLD for notice in read(case.text).notices)
    return Answer("warn" if told else "accept")


def by_devcontainer(case: Case) -> Answer:
    """The whole reading of a devcontainer.json: mapped, refused because it has to be built, or refused.

    A template is filled in before anybody uses it: its options are no variables of the file.
    """
    text = re.sub(rb"\$\{templateOption:[a-zA-Z]+\}", b"1", case.text)
    try:
        read(text, Reading(place=TreeFile(".devcontainer/devcontainer.json")))
    except DevfileRefused as error:
        answer = refused(error.problems)
        built = {problem.path for problem in error.problems} & {"build", "dockerComposeFile"}
        return replace(answer, outcome="refuse-needs-build") if built else answer
    return Answer("map")


def by_strict(case: Case) -> Answer:
    """The whole reading in the strict profile."""
    read(case.text, Reading(profile="strict"))
    return Answer("accept")
