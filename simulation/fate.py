"""What befalls processes and clusters from outside, round by round: death, frost, clocks, compaction, hands."""

from __future__ import annotations

import random
from collections.abc import Sequence

from simulation.faults import Fault, Faults
from simulation.plant import Plant
from simulation.scheduler import Scheduler

ROUND_SECONDS = 5.0


class Fate:
    """``round`` goes on by itself until the faults stop."""

    def __init__(
        self, scheduler: Scheduler, faults: Faults, chance: random.Random, plants: Sequence[Plant]
    ) -> None:
        self._scheduler = scheduler
        self._faults = faults
        self._chance = chance
        self._plants = plants

    def round(self) -> None:
        """Draw for everybody, and come again."""
        if not self._faults.on:
            return
        for plant in self._plants:
            self._strike(plant)
        self._scheduler.after(ROUND_SECONDS, self.round)

    def _strike(self, plant: Plant) -> None:
        happens = self._faults.happens
        for pod in plant.pods:
            if pod.process.alive and happens(Fault.AGENT_DIES):
                pod.die()
            if pod.process.alive and happens(Fault.AGENT_LEAVES):
                pod.ask_to_end()
            if pod.process.alive and happens(Fault.AGENT_FREEZES):
                pod.freeze(self._faults.amount(Fault.AGENT_FREEZES, 5.0, 60.0))
            if happens(Fault.CLOCK_JUMPS):
                pod.clock.jump(self._faults.amount(Fault.CLOCK_JUMPS, -120.0, 120.0))
        knobs = plant.server.faults
        stale = happens(Fault.STALE_LIST)
        knobs.staleness = int(self._faults.amount(Fault.STALE_LIST, 1, 40)) if stale else 0
        late = happens(Fault.WATCH_LATE)
        knobs.lag = self._faults.amount(Fault.WATCH_LATE, 0.5, 10.0) if late else 0.0
        slow = happens(Fault.RIGHTS_LATE)
        knobs.binding_lag = self._faults.amount(Fault.RIGHTS_LATE, 0.1, 5.0) if slow else 0.0
        if happens(Fault.COMPACTED):
            plant.server.compact()
        if happens(Fault.ADMIN_EDIT):
            plant.edit_by_hand()
