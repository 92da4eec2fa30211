"""The store is lost and restored from a backup, as docs/how-to/restore-from-a-backup.md says it is done.

What was accepted since the backup is lost, and the rules forget it too; that nothing comes back
unasked, that nothing wanted is deleted and that no generation is used twice they go on to demand.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chalicelib.ports.bundle import Ports
from chalicelib.usecases.agents.restore import begin_after_restore
from simulation.gateway import Gateway
from simulation.history import History, Mark
from simulation.installation import KeptStore
from simulation.invariants.commits import CommitRules
from simulation.invariants.restores import Known
from simulation.owners import Owner
from simulation.plant import Plant
from simulation.scheduler import Scheduler

DOWN = (180.0, 300.0)
"""Virtual seconds without a control plane: eras are told apart by the minute."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What a disaster befalls. ``ports``: of whoever restores."""

    database: KeptStore
    gateway: Gateway
    plants: Sequence[Plant]
    owners: Sequence[Owner]
    ports: Callable[[], Ports]


@dataclass(frozen=True, slots=True)
class _Backup:
    store: bytes
    known: Known
    mark: Mark
    tokens: dict[str, str]


class Disaster:
    """``begin`` has it happen, a backup some time before it."""

    def __init__(
        self,
        installation: Installation,
        rules: CommitRules,
        history: History,
        scheduler: Scheduler,
        chance: random.Random,
    ) -> None:
        self._installation = installation
        self._rules = rules
        self._history = history
        self._scheduler = scheduler
        self._chance = chance
        self.is_over = False

    def begin(self) -> None:
        """Let it happen some time from now."""
        self._scheduler.after(self._chance.uniform(5.0, 90.0), self._back_up)

    def _back_up(self) -> None:
        installation = self._installation
        backup = _Backup(
            installation.database.copy(),
            self._rules.known(),
            self._history.mark(),
            {plant.agent_id: plant.token for plant in installation.plants},
        )
        self._history.tell("the store is backed up")
        self._scheduler.after(self._chance.uniform(1.0, 120.0), lambda: self._restore(backup))

    def _restore(self, backup: _Backup) -> None:
        installation = self._installation
        installation.gateway.close()
        lost, known = self._rules.known(), backup.known
        installation.database.put_back(backup.store)
        self._rules.rewind(known)
        self._history.rewind(backup.mark)
        for plant in installation.plants:
            plant.rules.excuse(known.differs_in_end(lost))
            # Also what is not there yet: an order from before may still be carried out.
            plant.orphans += known.made_in(lost, plant.agent_id)
        self._history.tell("the store is restored from the backup")
        self._history.sometimes("store restored")
        self._scheduler.after(self._chance.uniform(*DOWN), lambda: self._open(backup))

    def _open(self, backup: _Backup) -> None:
        for _ in begin_after_restore(self._installation.ports()):
            pass
        self._installation.gateway.open()
        for plant in self._installation.plants:
            if backup.tokens[plant.agent_id] != plant.token:
                # The store knows the token before it again: rotate what was rotated since.
                for owner in self._installation.owners:
                    owner.rotate_if_theirs(plant)
        self.is_over = True
