"""What all controllers share: where they write, when they act, what the weather is."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from berth_kube.kinds import Kind
from simulation.cluster.controllers.weather import CALM, Span, Weather
from simulation.cluster.registry import Registry
from simulation.cluster.statuses import Refusal
from simulation.cluster.store import Author, Key, Store, Stored

Object = dict[str, Any]
After = Callable[[float, Callable[[], None]], None]


@dataclass(slots=True)
class Environment:
    """``after`` does something some seconds later; ``weather`` may be exchanged at any time."""

    registry: Registry
    now: Callable[[], float]
    after: After
    chance: random.Random
    weather: Weather = CALM
    misfortunes: dict[str, int] = field(default_factory=dict)
    """How often each happened."""

    @property
    def store(self) -> Store:
        """What is stored."""
        return self.registry.store

    def span(self, span: Span) -> float:
        """Draw a duration."""
        return self.chance.uniform(*span)

    def befalls(self, name: str) -> bool:
        """Draw whether a misfortune of the weather happens now."""
        rate: float = getattr(self.weather, name)
        if not rate or self.chance.random() >= rate:
            return False
        self.misfortunes[name] = self.misfortunes.get(name, 0) + 1
        return True

    def reaction(self) -> float:
        """Draw how long a controller takes to see a change."""
        weather = self.weather
        return self.span(weather.sluggishness if self.befalls("sluggish") else weather.reaction)

    def status(self, kind: Kind, key: Key, status: Object, who: str) -> None:
        """Write a status."""
        self.registry.set_status(kind, key, status, Author(who))

    def create(self, kind: Kind, body: Object, who: str) -> Stored | str:
        """Create an object; the words of the refusal when it is refused."""
        try:
            return self.registry.create(kind, body, Author(who))
        except Refusal as refusal:
            return refusal.message

    def delete(self, kind: Kind, live: Stored, who: str, *, now: bool = False) -> None:
        """Delete that very object, unless it is gone already."""
        metadata = live.object["metadata"]
        key = (metadata.get("namespace", ""), metadata["name"])
        present = self.store.get(kind, *key)
        if present is not None and present.uid == live.uid:
            options = {"gracePeriodSeconds": 0} if now else None
            self.registry.delete(kind, key, Author(who), options=options)


class Round:
    """Works on keys, each some time after it was poked, and never twice for one reason."""

    def __init__(self, environment: Environment, work: Callable[[Key], None]) -> None:
        self._environment = environment
        self._work = work
        self._waiting: dict[Key, None] = {}

    def poke(self, key: Key) -> None:
        """Look at a key soon."""
        if key not in self._waiting:
            self._waiting[key] = None
            self._environment.after(self._environment.reaction(), lambda: self._turn(key))

    def _turn(self, key: Key) -> None:
        del self._waiting[key]
        self._work(key)
