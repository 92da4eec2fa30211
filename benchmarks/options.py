"""What a person may choose of a run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """``runs`` of each side where one run takes seconds; ``store`` is ``sqlite`` or ``dynamodb``."""

    runs: int = 10
    store: str = "sqlite"
    cluster: str = "bench"
    """Name of the clusters that are started."""
    corpus: str = "corpus"
    """Folder of public devfiles, for what is measured on them."""
    users: int = 1_000
    """Of the installation whose month is reckoned."""
