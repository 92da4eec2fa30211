"""``python -m berth_local.demo``: a whole Berth on this machine, with a workspace to open.

``clean`` ends what an interrupted demo left and empties the cache. ``--check PICTURE`` opens the
workspace in a headless Chromium, checks what a person would see, keeps a picture, and ends.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import threading
import webbrowser
from pathlib import Path

from berth_cli.failures import Failure
from berth_cli.progress import Wanted, wait_for
from berth_cli.workspaces import Creation, create, read
from berth_local.cluster import binaries
from berth_local.cluster.errors import ClusterError
from berth_local.cluster.layout import Tier, cache_folder
from berth_local.cluster.teardown import down
from berth_local.site.browser import Browser
from berth_local.site.control_plane import REPOSITORY
from berth_local.site.site import PERSON, Site
from berth_local.site.steps import Steps
from images.debian import BuildError

_CLUSTER = "demo"
_WORKSPACE = "hello"
_PORTS = (8443, 8444, 8445, 8446)
"""Of control plane, issuer, git server and proxy, so that addresses stay from run to run."""
_FIRST_RUN = "The first run builds Kubernetes and the images from packages: about 8 minutes on two cores, once."
_LATER_RUNS = "Everything is built already: this takes about 35 seconds."
_IN_YOURS = "Your cluster is used, and nothing is built: this takes about a minute."


def main() -> int:
    """Run the demo until Ctrl-C; 1 when a part of it does not come up."""
    arguments = _parser().parse_args()
    if arguments.action == "clean":
        return _clean()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    steps = Steps()
    steps.say(_forecast())
    try:
        with Site(_CLUSTER, steps, ports=_PORTS) as site:
            workspace = _create(site, steps)
            if arguments.check is not None:
                _check(site, workspace["url"], arguments.check, steps)
            else:
                _show(site, workspace["url"], steps)
    except KeyboardInterrupt:
        steps.say("ended; nothing is left but the cache (`make demo-clean` empties it)")
    except (BuildError, ClusterError, Failure, RuntimeError, TimeoutError) as error:
        sys.stderr.write(f"demo: {error}\n")
        return 1
    return 0


def _forecast() -> str:
    if os.environ.get("BERTH_IMAGES"):
        return _IN_YOURS
    return _LATER_RUNS if binaries.is_built(cache_folder(), Tier.FULL) else _FIRST_RUN


def _create(site: Site, steps: Steps) -> dict[str, str]:
    with steps.step(f"workspace {_WORKSPACE} from {site.repository}"):
        creation = Creation(_WORKSPACE, "", "terminal", site.repository, "", "", None, (), ())
        workspace = create(site.client, creation)
        running: dict[str, str] = wait_for(
            lambda: read(site.client, workspace["id"]), Wanted("Running", 180)
        )
    return running


def _show(site: Site, address: str, steps: Steps) -> None:
    """Tell the person what to do, and stay until they end it."""
    berth = _command(site)
    picture = (
        f"\nOpen   {address}\n       (sign in as `{PERSON}`, any password)\n\n"
        f"Trust  {site.authority.certificate}\n       in your browser first: it is the demo's own authority\n\n"
        f"Try    {berth} list\n       {berth} stop {_WORKSPACE}\n       {berth} events {_WORKSPACE}\n\n"
        f"Up after {steps.total():.0f} s. Ctrl-C ends everything.\n"
    )
    sys.stdout.write(picture)
    sys.stdout.flush()
    if os.environ.get("DISPLAY"):
        webbrowser.open(address)
    threading.Event().wait()


def _command(site: Site) -> Path:
    """Write a ``berth`` that speaks to this demo, and return its path."""
    path = site.folder / "berth"
    path.write_text(
        "#!/bin/sh\n"
        f"export XDG_CONFIG_HOME={site.configuration} PYTHONPATH={REPOSITORY}\n"
        f'exec {sys.executable} -m berth_cli "$@"\n'
    )
    path.chmod(0o755)
    return path


def _check(site: Site, address: str, picture: Path, steps: Steps) -> None:
    """See what a person would: the prompt, a command's answer, and the file that it wrote."""
    with Browser(site.authority.certificate) as browser:
        with steps.step("the workspace opens in the browser"):
            browser.sign_in(address, PERSON)
            browser.wait_for_text("/projects/hello-berth$")
        with steps.step("a typed command is answered"):
            browser.type_into_terminal(
                "echo made by hand > note.txt; echo there are $(wc -w < note.txt) words"
            )
            browser.wait_for_text("there are 3 words")
            browser.page.screenshot(path=str(picture))
    with steps.step("the file is seen by kubectl exec"):
        workspace = address.partition("-")[2].partition(".")[0]
        words = ("exec", "deployment/workspace", "--", "cat", "/projects/hello-berth/note.txt")
        found = site.place.kubectl("-n", f"berth-{workspace}", *words)
        if found != "made by hand\n":
            raise RuntimeError(f"note.txt holds {found!r}")
    steps.say(f"up and checked after {steps.total():.0f} s; the picture is {picture}")


def _clean() -> int:
    """End a demo that was left behind, and empty the cache."""
    down(_CLUSTER)
    cache = cache_folder()
    size = subprocess.run(
        ["du", "-sh", str(cache)], capture_output=True, text=True, check=False
    ).stdout.split()
    shutil.rmtree(cache, ignore_errors=True)
    sys.stdout.write(f"emptied {cache}{f' ({size[0]})' if size else ''}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m berth_local.demo", description="A whole Berth on this machine."
    )
    parser.add_argument("action", nargs="?", choices=["up", "clean"], default="up")
    parser.add_argument(
        "--check", type=Path, metavar="PICTURE", help="check it in a headless browser, then end"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
