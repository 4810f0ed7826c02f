"""The published comparison of losses, batch sizes and data sets: two stages against a plain net, made again."""

from cl_core.experiments.grid import METHODS, STUDIES, Cell, Method, Study

__all__ = ["METHODS", "STUDIES", "Cell", "Method", "Study"]
