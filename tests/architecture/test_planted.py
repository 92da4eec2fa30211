"""`make check` in a copy of the tree, with one fault planted at a time: exactly the check concerned must fail."""

import ast
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from checks.tree import ROOT, files

# Linting CloudFormation takes seconds: only the untouched copy and one with a hole in a policy are asked for it.
SLOW = {"infra"}
DOCSTRING = '"""Planted."""\n\n'
LONG = "".join(f"    print({number})\n" for number in range(41))


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git has or would take, which passes every check before anything is planted."""
    root = tmp_path_factory.mktemp("planted") / "berth"
    for path in files(ROOT):
        target = root / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target, follow_symlinks=False)
    (root / ".venv").symlink_to(ROOT / ".venv")
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    assert failed(root, every_check()) == set()
    return root


def every_check() -> set[str]:
    """Return the names of the checks that the Makefile runs."""
    found = re.search(
        r"^CHECKS := (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    return set(found[1].split()) if found else set()


def failed(root: Path, names: set[str]) -> set[str]:
    """Run checks by name and return the names of those that fail."""
    # The make that runs this test may be a `make -k` or `make -j` itself: that is its own affair.
    environment = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    targets = [f"check-{name}" for name in sorted(names)]
    ran = subprocess.run(
        ["make", "--keep-going", *targets],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    found = set(re.findall(r"check-([a-z]+)\] Error", ran.stderr))
    assert (ran.returncode == 0) == (not found), ran.stdout + ran.stderr
    return found


def write(name: str, text: str) -> Callable[[Path], None]:
    """Plant a new file."""

    def plant(root: Path) -> None:
        (root / name).write_text(text, encoding="utf-8")

    return plant


def replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Plant other words in a file."""

    def plant(root: Path) -> None:
        text = (root / name).read_text(encoding="utf-8")
        assert old in text
        (root / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return plant


def append(name: str, text: str) -> Callable[[Path], None]:
    """Plant more lines at the end of a file."""

    def plant(root: Path) -> None:
        with (root / name).open("a", encoding="utf-8") as file:
            file.write(text)

    return plant


def setting(root: Path) -> None:
    """Plant a setting that the reference does not know, after the last one and its docstring."""
    path = root / "chalicelib/settings.py"
    source = path.read_text(encoding="utf-8")
    settings = next(
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef) and node.name == "Settings"
    )
    fields = [isinstance(node, ast.AnnAssign) for node in settings.body]
    last = len(fields) - 1 - fields[::-1].index(True)
    after = settings.body[last + 1].end_lineno
    lines = source.splitlines(keepends=True)
    planted = '\n    planted: str = ""\n    """Planted."""\n'
    path.write_text("".join([*lines[:after], planted, *lines[after:]]), encoding="utf-8")


@pytest.fixture
def planted(copy: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """The copy with one fault in it, taken out again afterwards."""
    plant: Callable[[Path], None] = request.param
    before = {path: path.read_bytes() for path in files(copy)}
    plant(copy)
    yield copy
    for path in files(copy):
        if path not in before:
            path.unlink()
        elif path.read_bytes() != before[path]:
            path.write_bytes(before[path])


PLANTS = {
    "a layer that looks upwards": (
        "layers",
        write(
            "chalicelib/ports/planted.py",
            DOCSTRING + "from chalicelib import usecases\n\nNAME = usecases.__name__\n",
        ),
    ),
    "a program that imports another": (
        "layers",
        write(
            "berth_proxy/planted.py",
            DOCSTRING + "import berth_agent\n\nNAME = berth_agent.__name__\n",
        ),
    ),
    "a library in the domain": (
        "purity",
        write("chalicelib/domain/planted.py", DOCSTRING + "import rich\n\nNAME = rich.__name__\n"),
    ),
    "a function of 42 lines": (
        "sizes",
        write(
            "berth_local/planted.py",
            DOCSTRING + f'\ndef planted() -> None:\n    """Print."""\n{LONG}',
        ),
    ),
    "a type error": (
        "types",
        write("chalicelib/domain/planted.py", DOCSTRING + 'NUMBER: int = "one"\n'),
    ),
    "a fault that the linter knows": (
        "lint",
        write("chalicelib/domain/planted.py", DOCSTRING + "import json\n"),
    ),
    "mock.patch in a test": (
        "lint",
        write("tests/planted.py", "from unittest.mock import patch\n\nNAME = patch\n"),
    ),
    "a line that the formatter would change": (
        "format",
        write("chalicelib/domain/planted.py", DOCSTRING + "NUMBER = (  1)\n"),
    ),
    "a setting without a word in the reference": ("documents", setting),
    "a route without a word in the reference": (
        "documents",
        append(
            "app.py",
            '\n\n@app.route("/planted")\ndef planted() -> dict[str, str]:\n    """Answer nothing."""\n    return {}\n',
        ),
    ),
    "a link that leads nowhere": (
        "documents",
        append("CONTRIBUTING.md", "\n[planted](docs/planted.md)\n"),
    ),
    "a document that no link leads to": ("documents", write("docs/planted.md", "# Planted\n")),
    "a lock that is behind": ("locks", replace("requirements/agent.in", "msgspec", "msgspec<0.1")),
    "a test without its sentence": (
        "sentences",
        write("tests/test_planted.py", "def test_planted() -> None:\n    assert __name__\n"),
    ),
    "a promise to finish later": (
        "words",
        write("chalicelib/domain/planted.py", DOCSTRING + "NUMBER = 1  # " + "TO" + "DO: two\n"),
    ),
    "a module named after nothing": (
        "words",
        write("berth_local/utils.py", DOCSTRING + "NUMBER = 1\n"),
    ),
}


@pytest.mark.parametrize(
    "planted, check",
    [(plant, check) for check, plant in PLANTS.values()],
    ids=PLANTS,
    indirect=["planted"],
)
def test_exactly_the_check_concerned_fails(planted: Path, check: str) -> None:
    """One fault, one check: the others have nothing to say about it."""
    assert failed(planted, every_check() - SLOW) == {check}


@pytest.mark.parametrize(
    "planted",
    [replace(".chalice/policy-dev-sweep.json", "table/berth-dev", "table/*")],
    ids=["a policy that opens every table"],
    indirect=True,
)
def test_hole_in_a_policy_fails_the_check_of_the_infrastructure(planted: Path) -> None:
    """A policy file that opens what is not ours does not pass."""
    assert failed(planted, SLOW) == SLOW
