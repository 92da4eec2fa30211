"""Short scripts, in each of which every process is killed at every call it makes."""

from simulation.scenarios import agents, ends, lives, moves, surroundings
from simulation.scenarios.table import SCENARIOS, Scenario

__all__ = ["SCENARIOS", "Scenario", "agents", "ends", "lives", "moves", "surroundings"]
