"""Sweeps: a parameter of a loss on a grid of values, by runs with several seeds."""

from cl_core.experiments.sweeps.plan import Plan, Trial, grid
from cl_core.experiments.sweeps.results import load, save, table_of
from cl_core.experiments.sweeps.summary import Summary, summarise
from cl_core.experiments.sweeps.trials import Outcome

__all__ = ["Outcome", "Plan", "Summary", "Trial", "grid", "load", "save", "summarise", "table_of"]
