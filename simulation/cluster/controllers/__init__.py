"""What moves in a cluster by itself: controllers, scheduler, kubelets, and people."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from berth_kube import kinds
from berth_kube.projections import number_of
from chalicelib.wire import labels
from simulation.cluster.controllers.claims import Claims, Volume
from simulation.cluster.controllers.deployments import Deployments
from simulation.cluster.controllers.environment import After, Environment
from simulation.cluster.controllers.meddling import Meddler
from simulation.cluster.controllers.namespaces import Namespaces
from simulation.cluster.controllers.pods import Pods
from simulation.cluster.controllers.warnings import Warnings
from simulation.cluster.controllers.weather import CALM, Weather, drawn
from simulation.cluster.server import ApiServer
from simulation.cluster.store import Event, Shelf

__all__ = ["CALM", "Controllers", "RunningPod", "Volume", "Weather", "drawn"]


@dataclass(frozen=True, slots=True)
class RunningPod:
    """A pod that holds its volumes. ``generation``: Berth's, of the Deployment that made it."""

    namespace: str
    name: str
    uid: str
    node: str
    claims: tuple[str, ...]
    generation: int
    is_leaving: bool
    since: float


class Controllers:
    """``after(seconds, action)`` is the only way in which anything here goes on.

    Exchange ``weather`` at any time; ``CALM`` lets everything heal.
    """

    def __init__(
        self,
        server: ApiServer,
        now: Callable[[], float],
        after: After,
        chance: random.Random,
        weather: Weather = CALM,
    ) -> None:
        self._environment = Environment(server.registry, now, after, chance, weather)
        warnings = Warnings(self._environment)
        self._claims = Claims(self._environment, warnings)
        self._pods = Pods(self._environment, warnings, self._claims)
        self._deployments = Deployments(self._environment, warnings)
        self._namespaces = Namespaces(self._environment)
        self.meddler = Meddler(self._environment)
        server.store.on_commit.insert(0, self._committed)
        self._meddle()

    @property
    def weather(self) -> Weather:
        """How the cluster behaves."""
        return self._environment.weather

    @weather.setter
    def weather(self, weather: Weather) -> None:
        self._environment.weather = weather

    @property
    def misfortunes(self) -> dict[str, int]:
        """How often each happened so far."""
        return self._environment.misfortunes

    @property
    def volumes(self) -> dict[str, Volume]:
        """Every volume that ever was, by name."""
        return self._claims.volumes

    def running(self) -> Iterator[RunningPod]:
        """Yield the pods that hold their volumes now."""
        for mount in self._pods.mounts():
            live = self._environment.store.get(kinds.POD, *mount.pod)
            made_for = self._deployments.made_for.get(mount.uid, {})
            leaving = live is None or bool(live.object["metadata"].get("deletionTimestamp"))
            yield RunningPod(
                *mount.pod,
                mount.uid,
                mount.node,
                mount.claims,
                number_of(made_for.get(labels.GENERATION, "")),
                leaving,
                mount.since,
            )

    def _committed(self, shelf: Shelf, event: Event) -> None:
        match shelf.kind.name:
            case "Pod":
                self._pods.changed(event)
                self._deployments.pod_changed(event)
            case "Deployment":
                self._deployments.changed(event)
            case "PersistentVolumeClaim":
                self._claims.claim_changed(event)
            case "Namespace":
                self._namespaces.changed(event)
            case _:
                pass

    def _meddle(self) -> None:
        if self._environment.befalls("meddling"):
            self.meddler.meddle()
        self._environment.after(self._environment.weather.meddling_every, self._meddle)
