"""The cases of a corpus folder, which is given by `--corpus` and described by its manifest.json."""

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.corpus.cases import Case


@pytest.fixture(scope="session")
def cases(corpus: Path) -> Mapping[str, list[Case]]:
    """The cases of each set."""
    manifest: list[dict[str, Any]] = json.loads((corpus / "manifest.json").read_text())["cases"]
    found: dict[str, list[Case]] = defaultdict(list)
    for entry in manifest:
        found[entry["set"]].append(Case(entry, corpus))
    return found
