"""Devfiles 2.x: untrusted text in, a checked and typed value or every problem out.

``read`` is the door. This room knows nothing of Berth's store, HTTP or Kubernetes, and it opens
nothing but its own schema files. docs/reference/devfile.md is the manual.
"""

from chalicelib.devfile.findings import DevfileRefused, Finding, Notice, Problem
from chalicelib.devfile.loader import MAX_BYTES
from chalicelib.devfile.model import Devfile
from chalicelib.devfile.reading import read

FILE_NAMES = (".devfile.yaml", "devfile.yaml", ".devfile.yml", "devfile.yml")
"""Where a repository keeps its devfile; the first that exists counts."""

__all__ = [
    "FILE_NAMES",
    "MAX_BYTES",
    "Devfile",
    "DevfileRefused",
    "Finding",
    "Notice",
    "Problem",
    "read",
]
