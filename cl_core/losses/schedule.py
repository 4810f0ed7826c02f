"""Annealing of a parameter during a training run."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """Annealing of the weight lambda of the plain softmax during a run: max(floor, start (1 + rate t)^-power).

    Attributes:
        start: lambda before the first step.
        rate: How fast it falls, per step.
        power: Exponent of its fall.
        floor: Smallest lambda.
        title: Its name in menus.
    """

    start: float
    rate: float
    power: float
    floor: float
    title: str

    def at(self, step: int) -> float:
        """Return lambda at step t = 1, 2, ..."""
        return max(self.floor, self.start * math.pow(1 + self.rate * step, -self.power))
