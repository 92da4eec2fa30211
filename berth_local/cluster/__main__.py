"""The command line: `python -m berth_local.cluster --help`."""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from berth_local.cluster import acceptance, binaries, prerequisites, teardown
from berth_local.cluster.cluster import NAME_VARIABLE, Cluster
from berth_local.cluster.errors import ClusterError
from berth_local.cluster.layout import Tier, cache_folder

DEFAULT_NAME = "berth"
HELP = "A real one-node Kubernetes on this machine. Needs root, Debian packages and, once, about 6 minutes of building."


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0: done; 1: failed, with the reason on standard error; of `run` and `exec`: the command's own."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    split = words.index("--") if "--" in words else len(words)
    chosen = parser().parse_args(words[:split])
    chosen.command = words[split + 1 :]
    try:
        return int(chosen.verb(chosen))
    except ClusterError as error:
        print(f"cluster: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("cluster: interrupted", file=sys.stderr)
    return 1


def parser() -> argparse.ArgumentParser:
    """Every verb with its options; `verb` is the function that does it."""
    top = argparse.ArgumentParser(prog="python -m berth_local.cluster", description=HELP)
    verbs = top.add_subparsers(required=True, metavar="VERB")

    build = verbs.add_parser(
        "build", help="build the programs and images that are not in the cache yet"
    )
    build.set_defaults(verb=_build)
    up = verbs.add_parser("up", help="start a cluster that stays until `down`")
    up.set_defaults(verb=_up)
    run = verbs.add_parser(
        "run", help="start a cluster, run `-- COMMAND` with KUBECONFIG set, end the cluster"
    )
    run.set_defaults(verb=_run)
    down = verbs.add_parser("down", help="end a cluster and leave nothing of it")
    down.set_defaults(verb=_down)
    execute = verbs.add_parser(
        "exec", help="run `-- COMMAND` inside a running cluster's namespaces, as the node"
    )
    execute.set_defaults(verb=_exec)
    for verb in (up, down, execute):
        verb.add_argument("name", nargs="?", default=DEFAULT_NAME)
    # A name of its own: it must not take the place of a cluster that stays.
    run.add_argument("name", nargs="?", default=f"run-{os.getpid()}")
    for verb in (up, run):
        verb.add_argument("--tier", choices=[str(tier) for tier in Tier], default=str(Tier.FULL))
        verb.add_argument(
            "--image", action="append", default=[], type=Path, help="a docker archive for the node"
        )
    status = verbs.add_parser("status", help="list the clusters of this machine")
    status.set_defaults(verb=_status)
    accept = verbs.add_parser("accept", help="prove that the cluster works: the acceptance run")
    accept.add_argument(
        "--rounds", type=int, default=1, help="every second round has two clusters side by side"
    )
    accept.set_defaults(verb=_accept)
    return top


def _tell(line: str) -> None:
    print(line, flush=True)


def _build(_chosen: argparse.Namespace) -> int:
    prerequisites.ensure(_tell)
    for tier in (Tier.FULL, Tier.KWOK):
        programs = binaries.build(cache_folder(), tier, _tell)
    _tell(f"programs: {programs}")
    return 0


def _up(chosen: argparse.Namespace) -> int:
    started = Cluster(chosen.name, tier=chosen.tier, images=chosen.image, report=_tell)
    try:
        started.start(tied=False)
    except BaseException:
        started.stop()
        raise
    _tell(f"Cluster {chosen.name} is up. Next:")
    _tell(f"  export KUBECONFIG={started.kubeconfig}")
    _tell(f"  python -m berth_local.cluster down {chosen.name}")
    return 0


def _down(chosen: argparse.Namespace) -> int:
    teardown.down(chosen.name)
    return 0


def _run(chosen: argparse.Namespace) -> int:
    command = _command(chosen)
    with Cluster(chosen.name, tier=chosen.tier, images=chosen.image, report=_tell) as started:
        environment = {
            **os.environ,
            "KUBECONFIG": str(started.kubeconfig),
            NAME_VARIABLE: started.name,
        }
        return subprocess.run(command, env=environment, check=False).returncode


def _exec(chosen: argparse.Namespace) -> int:
    command = Cluster.running(chosen.name).enter(_command(chosen))
    return subprocess.run(command, check=False).returncode


def _status(_chosen: argparse.Namespace) -> int:
    for name in teardown.names():
        try:
            found = Cluster.running(name)
            _tell(f"{name}\t{found.tier}\t{found.kubeconfig}")
        except ClusterError:
            _tell(
                f"{name}\tnot running\tremove it with `python -m berth_local.cluster down {name}`"
            )
    return 0


def _accept(chosen: argparse.Namespace) -> int:
    return 0 if acceptance.rounds(chosen.rounds, _tell) else 1


def _command(chosen: argparse.Namespace) -> list[str]:
    if not chosen.command:
        raise ClusterError("No command was given: put it behind `--`.")
    return list(chosen.command)


if __name__ == "__main__":
    sys.exit(main())
