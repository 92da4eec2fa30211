"""The public and the hostile devfiles of the corpus come out as it says, but for rules of ours that say why not."""

import time
from collections import Counter
from pathlib import Path

import pytest

from chalicelib.devfile import Devfile
from tests.corpus.conftest import Case, Cases
from tests.corpus.differences import EACH_PLACE, HIDING, POLICY

pytestmark = pytest.mark.corpus

NEEDS_MORE = ("image", "kubernetes", "openshift")


def show(capsys: pytest.CaptureFixture[str], line: str) -> None:
    """Print a figure although pytest keeps the output of tests that pass."""
    with capsys.disabled():
        print(f"\n{line}")  # noqa: T201 - the figures are what a reader of this run wants


def test_registry_stacks(cases: Cases, capsys: pytest.CaptureFixture[str]) -> None:
    """Stacks without image and cluster components are accepted; the others are refused for those by name, and for nothing else."""
    stacks, wrong, accepted = cases("registry-stacks"), list[tuple[object, ...]](), 0
    for stack in stacks:
        lines = {line.strip() for line in stack.text.decode().splitlines()}
        wanted = {kind for kind in NEEDS_MORE if f"{kind}:" in lines}
        answer = stack.read()
        if isinstance(answer, Devfile):
            refused = set()
            accepted += 1
        else:
            refused = {problem.path.rpartition(".")[2] for problem in answer}
            wrong += [(stack.id, problem) for problem in answer if problem.code != "unsupported"]
        if refused != wanted:
            wrong.append((stack.id, refused, wanted))
    show(capsys, f"registry-stacks: {len(stacks)} as expected, {accepted} of them accepted")
    assert wrong == []
    assert 0 < accepted < len(stacks)


def test_hardening(cases: Cases, capsys: pytest.CaptureFixture[str]) -> None:
    """Every hostile or ambiguous document comes out as the corpus says, with a notice where it says so."""
    documents, wrong = cases("hardening"), []
    for case in documents:
        answer = case.read()
        outcome = "accept" if isinstance(answer, Devfile) else "refuse"
        if case.expect == "warn" and isinstance(answer, Devfile) and answer.notices:
            outcome = "warn"
        if outcome != case.expect:
            wrong.append((case.id, outcome, case.expect))
    show(capsys, f"hardening: {len(documents) - len(wrong)} of {len(documents)} as expected")
    assert wrong == []


def test_cross_references(cases: Cases, capsys: pytest.CaptureFixture[str]) -> None:
    """Each upstream rule is found under its code; what differs is a declared rule of ours."""
    documents, wrong, declared = cases("api-semantic"), [], 0
    for case in documents:
        found, ours = _found(case)
        expected = Counter(case.codes)
        hidden = HIDING in ours and not found - expected
        if found != expected and not hidden:
            wrong.append((case.id, found, expected))
        declared += bool(ours) and case.expect == "accept"
    show(
        capsys,
        f"api-semantic: {len(documents) - len(wrong)} of {len(documents)} as expected, "
        f"{declared} of them accepted upstream and refused by a declared rule",
    )
    assert wrong == []


def _found(case: Case) -> tuple[Counter[str], set[str]]:
    """The codes in the corpus's spelling, ``W:`` for notices, and apart from them those of rules of ours."""
    answer = case.read()
    if isinstance(answer, Devfile):
        told = (notice.code for notice in answer.notices if notice.code != "without-effect")
        return Counter(f"W:{code}" for code in told), set()
    codes = Counter(problem.code for problem in answer)
    ours = codes.keys() & POLICY.keys()
    theirs = {code: count for code, count in codes.items() if code not in ours}
    return Counter({code: 1 if code in EACH_PLACE else theirs[code] for code in theirs}), ours


def test_every_text_of_the_corpus_is_answered(
    corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No file of any set crashes the reader or takes a second."""
    slowest, accepted, texts = 0.0, 0, sorted(corpus.rglob("*.yaml"))
    for path in texts:
        started = time.process_time()
        answer = Case(str(path), path.read_bytes(), "", ()).read()
        if isinstance(answer, Devfile):
            accepted += 1
        else:
            assert all(problem.line > 0 and problem.message for problem in answer)
        slowest = max(slowest, time.process_time() - started)
    show(
        capsys,
        f"all sets: {len(texts)} texts answered, {accepted} accepted, "
        f"slowest {slowest * 1000:.0f} ms (with the first load of a schema)",
    )
    assert slowest < 1
