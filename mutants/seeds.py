"""``python -m mutants.seeds COUNT``: run seeds of the simulator up to the first that fails.

Prints one line of JSON: how many were run, and which rules the last one broke (none: it is well).
"""

from __future__ import annotations

import json
import sys

from simulation.trial import tried


def main() -> None:
    """Run the seeds from 0 on."""
    tried_so_far, rules = 0, list[str]()
    for seed in range(int(sys.argv[1])):
        tried_so_far = seed + 1
        rules = sorted({violation.rule for violation in tried(seed).violations})
        if rules:
            break
    sys.stdout.write(json.dumps({"seeds": tried_so_far, "rules": rules}) + "\n")


if __name__ == "__main__":
    main()
