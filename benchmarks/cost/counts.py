"""What each thing that happens uses, as it was counted."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from statistics import fmean, median
from typing import NamedTuple, TypeVar

from berth_local.aws.usage import Meter, Usage

Result = TypeVar("Result")


class Happening(StrEnum):
    """What is counted; ``..._EACH`` is what one more of a crowd adds."""

    SIGN_IN = "a person signs in, and has the start page"
    LOOK = "the start page looks at a workspace"
    LIST = "a page of one's list of workspaces"
    LIST_EACH = "... for each workspace of the organisation that is looked through"
    SHOW = "the command line looks at a workspace"
    CREATE = "a workspace is created, with five variables"
    START = "... started"
    STOP = "... stopped"
    TERMINATE = "... terminated"
    ENTER = "an endpoint is entered"
    RECHECK = "a proxy asks who may stay"
    RECHECK_EACH = "... for each who is in"
    FETCH = "an agent fetches a new workspace"
    OBEY = "... another wish"
    REPORT = "... reports on a workspace"
    WAIT = "... asks while something is under way"
    POLL = "... asks in vain"
    FULL_EACH = "... tells of everything: for each workspace"
    SWEEP = "the sweep"
    SWEEP_EACH = "... for each member"


Counts = dict[Happening, Usage]


@dataclass(slots=True)
class Counter:
    """Counts what is done through it, and nothing else."""

    meter: Meter
    counted: dict[Happening, list[Usage]] = field(default_factory=lambda: defaultdict(list))

    def __call__(self, what: Happening, act: Callable[[], Result]) -> Result:
        """Do it, and add what it used."""
        self.meter.take()
        result = act()
        self.counted[what].append(self.meter.take())
        return result

    def forget(self) -> None:
        """Begin anew: what came before was the first time, with imports and connections."""
        self.counted.clear()

    def means(self) -> Counts:
        """Return what each took."""
        return {what: mean(usages) for what, usages in self.counted.items()}


def mean(usages: list[Usage]) -> Usage:
    """Return the mean, but of milliseconds the median: some starts of functions are among them."""
    amounts = {
        each.name: fmean(getattr(usage, each.name) for usage in usages) for each in fields(Usage)
    }
    return replace(Usage(**amounts), handled=median(each.handled for each in usages))


class Point(NamedTuple):
    """What something used with a crowd of this size."""

    crowd: float
    usage: Usage


def line(few: Point, many: Point) -> tuple[Usage, Usage]:
    """Return what it uses without any, and what each adds. Raises ValueError where there is only one size."""
    if few.crowd == many.crowd:
        raise ValueError("one size makes no line")
    each = (many.usage - few.usage) * (1 / (many.crowd - few.crowd))
    each = replace(each, handled=max(0.0, each.handled))  # below that it is noise
    return few.usage - each * few.crowd, each
