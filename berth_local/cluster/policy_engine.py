"""Enforces NetworkPolicy on the node: `python -m berth_local.cluster.policy_engine RUN_FOLDER`, inside the namespaces.

Asks for pods, namespaces and policies a few times a second and loads a new table when one of them has changed.
"""

import subprocess
import sys
import time
from pathlib import Path

from berth_local.cluster.apiserver import UNREACHABLE, ApiRefusal, ApiServer, Listing
from berth_local.cluster.nftables import compile_table

INTERVAL = 0.25
"""Seconds between two looks: the longest time that a new pod is open to all, as it is for a moment with real networks."""


def main() -> None:
    """Run for ever; what fails is printed and tried again."""
    api = ApiServer(Path(sys.argv[1]) / "pki")
    pods = Listing(api, "/api/v1/pods")
    namespaces = Listing(api, "/api/v1/namespaces")
    policies = Listing(api, "/apis/networking.k8s.io/v1/networkpolicies")
    loaded = ""
    while True:
        try:
            changed = [listing.refresh() for listing in (pods, namespaces, policies)]
            if any(changed) or not loaded:
                table = compile_table(policies.items, pods.items, namespaces.items)
                if table != loaded:
                    loaded = table if load(table) else ""
        except (ApiRefusal, *UNREACHABLE) as error:
            print(error, flush=True)
        time.sleep(INTERVAL)


def load(table: str) -> bool:
    """Replace the rules in one transaction; when nft refuses, the earlier ones stay and the reason is printed."""
    done = subprocess.run(
        ["nft", "-f", "-"], input=table, text=True, capture_output=True, check=False
    )
    if done.returncode != 0:
        print(f"nft refused the table: {done.stderr}\n{table}", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    main()
