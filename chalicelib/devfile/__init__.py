"""Devfiles 2.x: untrusted text in, a checked and typed value or every problem out.

``read`` is the door, ``flattened`` a side door for who wants the text without its imports. This
room knows nothing of Berth's store, HTTP or Kubernetes, and it opens nothing but its own schema
files: a ``Resolver`` that the caller gives fetches parents and plugins. docs/reference/devfile.md
is the manual.
"""

from chalicelib.devfile.devcontainer.jsonc import FILE_NAMES as DEVCONTAINERS
from chalicelib.devfile.findings import DevfileRefused, Finding, Notice, Problem
from chalicelib.devfile.imports.references import (
    Imported,
    ImportMissing,
    ImportRefused,
    Reference,
    RegistryEntry,
    Resolver,
    TreeFile,
    WebAddress,
    address_of,
)
from chalicelib.devfile.loader import MAX_BYTES
from chalicelib.devfile.model import Devfile
from chalicelib.devfile.reading import Profile, Reading, flattened, read
from chalicelib.devfile.writing import written

FILE_NAMES = (".devfile.yaml", "devfile.yaml", ".devfile.yml", "devfile.yml", *DEVCONTAINERS)
"""Where a repository keeps its devfile or devcontainer.json; the first that exists counts."""

__all__ = [
    "FILE_NAMES",
    "MAX_BYTES",
    "Devfile",
    "DevfileRefused",
    "Finding",
    "ImportMissing",
    "ImportRefused",
    "Imported",
    "Notice",
    "Problem",
    "Profile",
    "Reading",
    "Reference",
    "RegistryEntry",
    "Resolver",
    "TreeFile",
    "WebAddress",
    "address_of",
    "flattened",
    "read",
    "written",
]
