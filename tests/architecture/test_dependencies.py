import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from checks.weights import megabytes, requirements

PAGE = Path(__file__).parents[2] / "docs/reference/dependencies.md"
STATED = {
    canonicalize_name(name): float(weight)
    for name, weight in re.findall(
        r"^\| `([^`]+)` \| .+ \| ([\d.]+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
}


@pytest.mark.parametrize("name, requirement", sorted(requirements().items()))
def test_stated_megabytes_are_those_installed(
    name: NormalizedName, requirement: Requirement
) -> None:
    """The reference states what a dependency weighs here, within a tenth or half a megabyte."""
    assert STATED[name] == pytest.approx(megabytes(requirement), rel=0.1, abs=0.5)
