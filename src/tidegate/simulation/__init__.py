"""Simulating a journey: history replayed by the same code as a run, with nothing leaving the machine."""

from tidegate.simulation.replaying import simulate
from tidegate.simulation.results import Assumptions, Simulated, Simulation

__all__ = ["Assumptions", "Simulated", "Simulation", "simulate"]
