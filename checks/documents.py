"""Whether the documents still tell the truth about the code.

Each setting is in docs/reference/settings.md, each route in docs/reference/http.md, each direct dependency in
docs/reference/dependencies.md; every relative link leads somewhere; the reading path of AGENTS.md has seven stops.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from checks.locks import SETS, direct
from checks.tree import ROOT, files

READING_PATH_STOPS = 7
SETTINGS, ROUTES, DEPENDENCIES = (
    f"docs/reference/{page}.md" for page in ("settings", "http", "dependencies")
)
_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)|(?:src|href)=\"(?P<tag>[^\"]+)\"")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_STOP = re.compile(r"^\d+\. \[[^\]]+\]\(([^)]+)\)", re.MULTILINE)


def settings(root: Path) -> Iterator[str]:
    """Return the settings that the reference leaves out, or that have no words beside them."""
    source = root / "chalicelib/settings.py"
    page = (root / SETTINGS).read_text(encoding="utf-8")
    for field, documented in _fields(ast.parse(source.read_text(encoding="utf-8"))):
        name = f"BERTH_{field.upper()}"
        if not documented:
            yield f"chalicelib/settings.py: error: {field} has no docstring (unit, default, reason)"
        if f"`{name}`" not in page:
            yield f"{SETTINGS}: error: {name} is not documented"


def _fields(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """Return the fields of `Settings`, and whether a docstring follows each."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == "Settings":
            for statement, following in zip(node.body, [*node.body[1:], ast.Pass()], strict=True):
                if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                    yield statement.target.id, isinstance(following, ast.Expr)


def routes(root: Path) -> Iterator[str]:
    """Return the routes that the reference leaves out; a route is documented as `METHOD /path`."""
    from app import app  # noqa: PLC0415 - only this check loads the application

    page = (root / ROUTES).read_text(encoding="utf-8")
    for path, methods in app.routes.items():
        for method in methods:
            if f"`{method} {path}`" not in page:
                yield f"{ROUTES}: error: {method} {path} is not documented"


def dependencies(root: Path) -> Iterator[str]:
    """Return the direct dependencies without a row in the reference."""
    page = (root / DEPENDENCIES).read_text(encoding="utf-8").lower()
    for source in SETS.values():
        for requirement in direct(root / source).values():
            if f"| `{requirement.name.lower()}` |" not in page:
                yield f"{DEPENDENCIES}: error: {requirement.name} of {source} has no row"


def links(root: Path) -> Iterator[str]:
    """Return the relative links that lead nowhere, and the documents to which none leads."""
    pages = files(root, "*.md")
    linked = set()
    for page in pages:
        for target in _targets(page):
            linked.add((page.parent / target).resolve())
            if not (page.parent / target).exists():
                yield f"{page.relative_to(root)}: error: the link to {target} leads nowhere"
    for page in pages:
        if root / "docs" in page.parents and page.resolve() not in linked:
            yield f"{page.relative_to(root)}: error: no link leads to this document"


def _targets(page: Path) -> Iterator[str]:
    """Return the files that a page links to, as it spells them."""
    for match in _LINK.finditer(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        target = (match["target"] or match["tag"]).split("#")[0]
        if target and "://" not in target and not target.startswith("mailto:"):
            yield target


def reading_path(root: Path) -> Iterator[str]:
    """Return what is wrong with the reading path; that its stops exist is a matter of links."""
    stops = _STOP.findall((root / "AGENTS.md").read_text(encoding="utf-8"))
    if len(stops) != READING_PATH_STOPS:
        yield f"AGENTS.md: error: the reading path has {len(stops)} stops, not {READING_PATH_STOPS}"


def main(root: Path = ROOT) -> int:
    """Print everything that is untrue; 1 when something is."""
    found = [
        finding
        for check in (settings, routes, dependencies, links, reading_path)
        for finding in check(root)
    ]
    print(*found, sep="\n", end="\n" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
