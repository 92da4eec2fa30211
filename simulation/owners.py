"""What owners do while everything else goes on: give an agent a new token, with an overlap or at once."""

from __future__ import annotations

import random

from simulation.administration import Office
from simulation.history import History
from simulation.people import User
from simulation.plant import Plant
from simulation.scheduler import Process, Scheduler

PAUSE = 5.0
"""Virtual seconds until a rotation that was not answered is asked for again."""


class Owner:
    """The owner of an organisation. ``is_done``: no rotation is under way."""

    def __init__(
        self, user: User, scheduler: Scheduler, history: History, chance: random.Random
    ) -> None:
        self._user = user
        self._scheduler = scheduler
        self._history = history
        self._chance = chance
        self._under_way = 0
        self._rotations = 0

    @property
    def is_done(self) -> bool:
        """Whether no rotation is under way."""
        return not self._under_way

    def rotate_if_theirs(self, plant: Plant, *, within: float = 0.0) -> None:
        """Rotate the token of an agent of their organisation, some time ``within`` so many seconds."""
        if plant.tenant is not self._user.tenant:
            return
        self._under_way += 1
        name = f"{self._user.person.id}/rotates"
        pause = self._chance.uniform(0.0, within)
        self._scheduler.start(name, Process(name), lambda: self._rotate(plant, pause))

    def _rotate(self, plant: Plant, pause: float) -> None:
        self._scheduler.sleep(pause)
        overlap = self._chance.choice((0, 0, 120))
        self._rotations += 1
        key = f"rotation-{self._rotations}"
        while not self._has_rotated(plant, overlap, key):
            self._scheduler.sleep(PAUSE)
        self._history.sometimes("token rotated" if overlap else "token revoked")
        self._under_way -= 1

    def _has_rotated(self, plant: Plant, overlap: int, key: str) -> bool:
        try:
            Office(self._user, plant).rotate_token(overlap_seconds=overlap, key=key)
        except ValueError:
            return False
        return True
