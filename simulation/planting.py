"""Agents and their clusters, made for a world."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from simulation.cluster.controllers import CALM, Controllers, Weather
from simulation.cluster.controllers import drawn as cluster_weather
from simulation.cluster.faults import of_an_old_server
from simulation.cluster.server import ApiServer
from simulation.installation import Tenant
from simulation.invariants.clusters import ClusterRules
from simulation.invariants.reach import ReachRules
from simulation.plant import Plant
from simulation.pods import NAMESPACE, Pod, Surroundings
from simulation.way import Way

if TYPE_CHECKING:
    from simulation.world import World

_SHORT: dict[str, Any] = dict.fromkeys(("late_after", "lost_node", "stuck_for"), (5.0, 60.0))
"""What a cluster had in store must be over soon after its weather turned, or seeds take long."""


def planted(world: World, tenant: Tenant, agent_id: str, token: str) -> Plant:
    """Return an agent in a cluster of its own, with the rules that watch them."""
    stream = world.dice.stream
    server = ApiServer(world.clock.now, stream(f"server/{agent_id}"))
    chance = stream(f"controllers/{agent_id}")
    controllers = Controllers(
        server, world.clock.now, world.scheduler.after, chance, _weather(world)
    )
    rules = ClusterRules(world.history, server, agent_id, lambda: world.states_at(agent_id))
    rules.lives_elsewhere = lambda name: world.sight.living_at(name, but=agent_id)
    rules.running = controllers.running
    if world.swarm.old_servers:
        server.faults = of_an_old_server()
    ReachRules(world.history, server, agent_id, NAMESPACE)
    plant = Plant(agent_id, tenant, server, controllers, rules, stream(f"hand/{agent_id}"), token)
    around = _surroundings(world, plant)
    plant.pods = [Pod(f"{agent_id}-{n}", around) for n in range(world.swarm.replicas)]
    return plant


def _surroundings(world: World, plant: Plant) -> Surroundings:
    agent_id, stream = plant.agent_id, world.dice.stream
    way = Way(
        plant.server,
        world.scheduler,
        world.faults,
        stream(f"way/{agent_id}"),
        world.history.sometimes,
    )
    return Surroundings(
        scheduler=world.scheduler,
        chance=stream(f"pods/{agent_id}"),
        agent_id=agent_id,
        tenant=plant.tenant.id,
        token=lambda: plant.token,
        transport=way,
        exchange=world.gateway.exchange,
        listen=world.waker.listen,
        page=world.swarm.page,
    )


def _weather(world: World) -> Weather:
    """Draw how a cluster behaves. Hands and refusals are faults of their own."""
    if not world.swarm.unruly:
        return CALM
    drawn = cluster_weather(world.dice.stream("weather"))
    return replace(drawn, meddling=0.0, backoff_cap=10.0, **_SHORT)
