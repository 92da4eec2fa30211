"""What a cluster has left behind on the machine after its end: the answer must be nothing."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from berth_local.cluster import cgroups, kernel, namespaces, processes
from berth_local.cluster.layout import RunFolder

KINDS = ("net", "mnt", "pid")


@dataclass(frozen=True, slots=True)
class Machine:
    """All that a cluster could change outside its namespaces."""

    mounts: frozenset[str]
    links: frozenset[str]
    rules: str
    sysctls: tuple[str, ...]


def look_from_apart() -> None:
    """Give this thread a mount namespace of its own, so that nobody else's mounts are taken for a cluster's.

    Its mounts travel to and from namespaces made below it, as they do on a machine with systemd: a cluster that did
    not keep its mounts to itself would be seen.
    """
    kernel.leave(kernel.CLONE_NEWNS)
    for propagation in ("--make-rprivate", "--make-rshared"):
        subprocess.run(["mount", propagation, "/"], check=True)


def machine() -> Machine:
    """The machine as it is now."""
    # Without its number, which the kernel gives out again, a mount is its place, type and source.
    lines = Path("/proc/thread-self/mountinfo").read_text().splitlines()
    rules = subprocess.run(
        ["nft", "--stateless", "list", "ruleset"], capture_output=True, text=True, check=True
    )
    return Machine(
        mounts=frozenset(" ".join(line.split()[3:]) for line in lines),
        links=frozenset(link.name for link in Path("/sys/class/net").iterdir()),
        rules=rules.stdout,
        sysctls=tuple(Path("/proc/sys", name).read_text() for name in namespaces.MACHINE_SYSCTLS),
    )


def namespaces_of(pid: int) -> frozenset[str]:
    """The identities of a process's namespaces, such as `net:[4026532000]`; empty when it has ended."""
    try:
        return frozenset(str(Path(f"/proc/{pid}/ns/{kind}").readlink()) for kind in KINDS)
    except OSError:
        return frozenset()


@contextmanager
def held_namespaces(init: int) -> Iterator[frozenset[str]]:
    """The identities of a running cluster's namespaces, held while the block lasts.

    The kernel gives the number of a namespace that has ended to the next one made on the machine, whoever makes it;
    not while somebody holds it.
    """
    with ExitStack() as held:
        for kind in KINDS:
            held.enter_context(Path(f"/proc/{init}/ns/{kind}").open("rb"))
        yield namespaces_of(init)


def leftovers(folder: RunFolder, before: Machine, inside: frozenset[str]) -> list[str]:
    """One sentence for each thing that is still there.

    :param before: the machine before the cluster's start.
    :param inside: the cluster's own namespaces, still held.
    """
    after = machine()
    found = [
        f"process {pid} ({' '.join(processes.arguments(pid))}) lives in the cluster's namespaces"
        for pid in _inhabitants(inside)
    ]
    found += [f"process {pid} serves the cluster" for pid in processes.programs_of(folder)]
    found += [
        f"{path} exists" for path in [*cgroups.groups_of(folder.name), folder.path] if path.exists()
    ]
    found += [f"mount {mount} is new" for mount in sorted(after.mounts - before.mounts)]
    found += [f"network link {link} is new" for link in sorted(after.links - before.links)]
    if after.rules != before.rules:
        found.append("the machine's nftables rules have changed")
    if after.sysctls != before.sysctls:
        found.append(
            f"one of the machine's sysctls has changed: {', '.join(namespaces.MACHINE_SYSCTLS)}"
        )
    return found


def _inhabitants(inside: frozenset[str]) -> list[int]:
    return [pid for pid in processes.all_pids() if namespaces_of(pid) & inside]
