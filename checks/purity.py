"""Imports all of `chalicelib.domain`; run with `python -S`, where no installed library is on the path.

Whatever is not the standard library or our own labels fails here: the purity rule in one line, without a list to keep.
"""

import importlib
import sys

from checks.tree import ROOT, files


def main() -> int:
    """Import every module of the domain; 1 when one needs more than the standard library."""
    if "site" in sys.modules:
        sys.exit(
            "Run with `python -S`: installed libraries are on the path, so this would prove nothing."
        )
    failed = 0
    for path in files(ROOT, "chalicelib/domain/*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        try:
            importlib.import_module(module)
        except ImportError as error:
            failed = 1
            print(
                f"{module}: error: the domain imports only the standard library and itself: {error}"
            )
    return failed


if __name__ == "__main__":
    sys.exit(main())
