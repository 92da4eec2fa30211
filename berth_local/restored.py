"""``python -m berth_local.restored``: what an operator runs once on a store that was restored from a
backup, before it is used (docs/how-to/restore-from-a-backup.md)."""

import sys

from chalicelib import bootstrap
from chalicelib.settings import SettingsError
from chalicelib.usecases.agents.restore import begin_after_restore


def main() -> int:
    """Let every agent report before it obeys; 2 when the settings are wrong."""
    try:
        ports = bootstrap.ports()
    except (SettingsError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    count = 0
    for agent in begin_after_restore(ports):
        count += 1
        sys.stdout.write(f"{agent.organisation_id} {agent.id} reports before it obeys\n")
    sys.stdout.write(f"{count} agents\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
