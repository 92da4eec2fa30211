"""``python -m berth_local.organisation``: an organisation out of an installation and into another
(docs/how-to/move-an-organisation.md)."""

import argparse
import os
import sys
from pathlib import Path

from chalicelib import bootstrap
from chalicelib.log import class_of
from chalicelib.ports.bundle import Ports
from chalicelib.ports.keys import KeyServiceBusy
from chalicelib.ports.store import ItemTooLarge, StoreBusy
from chalicelib.records import people
from chalicelib.settings import SettingsError
from chalicelib.usecases.organisations.transfer import (
    ChangedMeanwhile,
    Taken,
    Unusable,
    export_organisation,
    import_organisation,
)


def main() -> int:
    """Carry out one verb; 1 when it cannot be done, 2 when settings or words are wrong."""
    asked = _parser().parse_args()
    try:
        ports = bootstrap.ports()
    except (SettingsError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    try:
        _carry_out(ports, asked)
    except (ChangedMeanwhile, Unusable, Taken, OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except (StoreBusy, KeyServiceBusy, ItemTooLarge) as error:
        sys.stderr.write(
            f"{class_of(error)}: the store or the master key did not answer; run it again\n"
        )
        return 1
    except LookupError:
        sys.stderr.write(f"{asked.organisation} is not here; `list` names those that are\n")
        return 1
    return 0


def _carry_out(ports: Ports, asked: argparse.Namespace) -> None:
    match asked.verb:
        case "export":
            count = _export(ports, asked.organisation, asked.file)
            sys.stdout.write(f"{asked.organisation}: {count} items in {asked.file}\n")
        case "import":
            taken = import_organisation(ports, lambda: asked.file.open(encoding="utf-8"))
            sys.stdout.write(f"{taken.organisation_id} ({taken.name}): {taken.items} items\n")
        case _:
            for organisation_id in people.every_organisation(ports.store):
                sys.stdout.write(f"{organisation_id}\n")


def _export(ports: Ports, organisation_id: str, file: Path) -> int:
    """Write the file whole or not at all; nobody else may read it."""
    unfinished = file.with_name(f".{file.name}.unfinished")
    count = -2  # the first line and the last
    try:
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            for line in export_organisation(ports, organisation_id):
                stream.write(line)
                count += 1
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    return count


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m berth_local.organisation", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    export = verbs.add_parser("export", help="write all that is stored of an organisation")
    export.add_argument("organisation")
    export.add_argument("file", type=Path)
    taken = verbs.add_parser("import", help="store what was exported elsewhere")
    taken.add_argument("file", type=Path)
    verbs.add_parser("list", help="the organisations that are here")
    return parser


if __name__ == "__main__":
    sys.exit(main())
