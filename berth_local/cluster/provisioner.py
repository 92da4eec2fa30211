"""Makes and removes dynamic volumes: `python -m berth_local.cluster.provisioner RUN_FOLDER`, inside the namespaces."""

import shutil
import sys
import time
from pathlib import Path

from berth_local.cluster.apiserver import UNREACHABLE, ApiRefusal, ApiServer, Listing
from berth_local.cluster.volumes import Make, Remove, decide

INTERVAL = 0.25
VOLUMES = "/api/v1/persistentvolumes"


def main() -> None:
    """Run for ever; what fails is printed and tried again."""
    run_folder = Path(sys.argv[1])
    api = ApiServer(run_folder / "pki")
    classes = Listing(api, "/apis/storage.k8s.io/v1/storageclasses")
    claims = Listing(api, "/api/v1/persistentvolumeclaims")
    volumes = Listing(api, VOLUMES)
    done = False
    while True:
        try:
            changed = [listing.refresh() for listing in (classes, claims, volumes)]
            if any(changed) or not done:
                done = False
                for decision in decide(
                    classes.items, claims.items, volumes.items, run_folder / "volumes"
                ):
                    perform(api, decision)
                done = True
        except (ApiRefusal, *UNREACHABLE) as error:
            print(error, flush=True)
        time.sleep(INTERVAL)


def perform(api: ApiServer, decision: Make | Remove) -> None:
    """Safe to repeat: the lists may be a moment old."""
    match decision:
        case Make(folder, volume):
            folder.mkdir(parents=True, exist_ok=True)
            # Any uid may write, as on a fresh disk with fsGroup; who asks for fsGroup gets the group as well.
            folder.chmod(0o777)
            api.create(VOLUMES, volume)
        case Remove(folder, name):
            shutil.rmtree(folder, ignore_errors=True)
            try:
                api.raw("DELETE", f"{VOLUMES}/{name}")
            except ApiRefusal as refusal:
                if refusal.status != 404:
                    raise


if __name__ == "__main__":
    main()
