from collections import Counter

import pytest

from checks.tree import ROOT
from mutants.mutant import Mutant, NotApplicable
from mutants.table import MUTANTS


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_each_row_applies_to_the_present_tree(mutant: Mutant) -> None:
    """Its text is in its file exactly once, what comes of it is Python, and its tests exist."""
    source = (ROOT / mutant.file).read_text(encoding="utf-8")
    assert mutant.broken(source) != source
    for test in mutant.tests:
        path, _, name = test.partition("::")
        assert (ROOT / path).exists(), test
        assert not name or f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), test


def test_names_and_meanings_are_told_apart() -> None:
    """Of at least 40 rows no two have one name, one meaning, or one broken text."""
    assert len(MUTANTS) >= 40
    for each in ("name", "meaning"):
        assert max(Counter(getattr(mutant, each) for mutant in MUTANTS).values()) == 1
    broken = Counter((mutant.file, mutant.text, mutant.replacement) for mutant in MUTANTS)
    assert max(broken.values()) == 1


def test_a_row_whose_code_went_on_is_told() -> None:
    """A text that is not there once is refused by name, with what to do."""
    row = Mutant("gone", "Nothing.", "app.py", "once", "twice")
    for source in ("never", "once, and once more"):
        with pytest.raises(NotApplicable, match=r"gone.*app\.py.*mend the row"):
            row.broken(source)
