"""The public and the hostile devfiles of the corpus come out as it says, but for rules of ours that say why not."""

import json
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from chalicelib.devfile import DevfileRefused, read
from chalicelib.devfile.devcontainer.properties import (
    REFUSED,
    SILENT,
    TRANSLATED,
    WITHOUT_EFFECT,
)
from tests.corpus.cases import Answer, Case, judged
from tests.corpus.differences import LISTED, RULES
from tests.corpus.sets import SETS

pytestmark = pytest.mark.corpus


def show(capsys: pytest.CaptureFixture[str], line: str) -> None:
    """Print a figure although pytest keeps the output of tests that pass."""
    with capsys.disabled():
        print(f"\n{line}", end="")  # noqa: T201 - the figures are what a reader of this run wants


def differing(cases: list[Case], name: str) -> list[tuple[Case, Answer]]:
    """The cases of a set that come out otherwise than the corpus says."""
    answers = ((case, judged(SETS[name].judge, case)) for case in cases)
    return [(case, answer) for case, answer in answers if answer.outcome != case.expect]


def explained(case: Case, answer: Answer) -> str:
    """The name of the rule that sets the answer apart, the case's own id, or nothing."""
    rule = next((rule.name for rule in RULES if rule.holds(case, answer)), "")
    return rule or (case.id if case.id in LISTED else "")


@pytest.mark.parametrize("name", SETS)
def test_a_set(
    name: str, cases: Mapping[str, list[Case]], capsys: pytest.CaptureFixture[str]
) -> None:
    """Every case of the set comes out as the corpus says, or differs by a declared rule."""
    total = len(cases[name])
    rows = [
        (case, answer, explained(case, answer)) for case, answer in differing(cases[name], name)
    ]
    show(capsys, f"{name}: {total - len(rows)}/{total} ({SETS[name].what})")
    for rule, count in Counter(rule for _, _, rule in rows if rule).items():
        show(capsys, f"    {count} by the rule {rule}")
    for case, answer, rule in rows:
        said = ", ".join(answer.codes) or answer.detail
        show(capsys, f"    - {case.id}: {answer.outcome}, not {case.expect} [{rule}] {said:.300}")
    assert [case.id for case, _, rule in rows if not rule] == []
    assert total


def test_every_set_is_judged(cases: Mapping[str, list[Case]]) -> None:
    """No set of the corpus is left out, and few cases are excused by name."""
    assert cases.keys() == SETS.keys()
    assert len(LISTED) * 100 <= sum(map(len, cases.values()))


def test_no_rule_is_idle(cases: Mapping[str, list[Case]]) -> None:
    """Each declared difference is one that a case shows."""
    used = {
        explained(case, answer) for name in SETS for case, answer in differing(cases[name], name)
    }
    assert {rule.name for rule in RULES} | LISTED.keys() == used


def test_every_text_of_the_corpus_is_answered(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No file of any set crashes the reader or takes a second."""
    slowest, accepted, texts = 0.0, 0, sorted(corpus.rglob("*.yaml"))
    speechless: list[Path] = []
    for path in texts:
        started = time.process_time()
        try:
            read(path.read_bytes())
            accepted += 1
        except DevfileRefused as refused:
            if not all(problem.line > 0 and problem.message for problem in refused.problems):
                speechless.append(path)
        slowest = max(slowest, time.process_time() - started)
    show(
        capsys,
        f"all sets: {len(texts)} texts answered, {accepted} accepted, "
        f"slowest {slowest * 1000:.0f} ms (with the first load of a schema)",
    )
    assert speechless == []
    assert slowest < 1


def test_every_member_of_a_devcontainer_is_known(corpus: Path) -> None:
    """Whatever the published schema has is translated, refused, told, or silent for a reason."""
    text = (corpus / "schemas" / "devcontainer" / "devContainer.base.schema.json").read_text()
    stated = {
        name
        for definition in json.loads(text)["definitions"].values()
        for form in (definition, *definition.get("oneOf", ()), *definition.get("anyOf", ()))
        for name in form.get("properties", ())
    }
    inner = {"args", "cacheFrom", "options", "target", "source", "type", "dockerfile", "context"}
    known = {*TRANSLATED, *REFUSED, *WITHOUT_EFFECT, *SILENT}
    assert stated - inner - {"additionalProperties"} <= known
