"""What a devcontainer.json asks of its machine: ``hostRequirements`` and ``runArgs``."""

import re
from collections.abc import Iterator

from chalicelib.devfile.document import View
from chalicelib.devfile.quoting import quoted
from chalicelib.devfile.review import Review

_AMOUNT = re.compile(r"(\d{1,9})(tb|gb|mb|kb)?\Z", re.IGNORECASE)
_UNITS = {"tb": "Ti", "gb": "Gi", "mb": "Mi", "kb": "Ki", "": ""}
_NAMING = ("--name", "--label", "-l", "--hostname", "-h", "--init")
"""Arguments of `docker run` that change nothing of what runs."""


def requests_of(root: View, review: Review) -> Iterator[tuple[View, str, str]]:
    """Yield where it was written, the member of a devfile's container, and the quantity."""
    wanted = root.member("hostRequirements")
    cpus, memory = wanted.member("cpus"), wanted.member("memory")
    if isinstance(cpus.value, int) and not isinstance(cpus.value, bool) and cpus.value > 0:
        yield cpus, "cpuRequest", str(cpus.value)
    elif cpus.value is not None:
        review.problem("quantity", cpus.path, f"{quoted(cpus.value)} is no number of processors.")
    if memory.value is not None:
        found = _AMOUNT.match(memory.value) if isinstance(memory.value, str) else None
        if found:
            yield memory, "memoryRequest", found[1] + _UNITS[(found[2] or "").lower()]
        else:
            message = f"{quoted(memory.value)} is no amount of memory; write it like `8gb`."
            review.problem("quantity", memory.path, message)
    _tell_of_others(wanted, review)


def _tell_of_others(wanted: View, review: Review) -> None:
    gpu, storage = wanted.member("gpu"), wanted.member("storage")
    if gpu.value == "optional":
        review.notice("without-effect", gpu.path, "Berth gives no GPU.")
    elif gpu.value:
        review.problem("unsupported", gpu.path, "`gpu` is not supported: Berth gives none.")
    if storage.value is not None:
        message = "The size of a workspace's volume is the agent's setting, not `storage`."
        review.notice("without-effect", storage.path, message)


def check_arguments(root: View, review: Review) -> None:
    """Refuse arguments of `docker run`, but for those that only name the container."""
    words = iter(root.items("runArgs"))
    for word in words:
        text = word.value if isinstance(word.value, str) else ""
        option, equals, _ = text.partition("=")
        if option not in _NAMING:
            message = f"{quoted(word.value)} is not supported: no `docker run` starts a workspace; remove it."
            review.problem("unsupported", word.path, message)
        elif not equals and option != "--init":
            next(words, None)  # its value
