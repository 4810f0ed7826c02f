"""Means over seeds with their standard errors, and whether two means differ.

A difference counts when it exceeds two standard errors.
"""

from math import hypot, nan
from typing import NamedTuple

import numpy as np

MIN_STANDARD_ERRORS = 2.0  # standard errors that a difference must exceed
YES, NO, CLOSE, ONE_SEED = "yes", "no", "too close to call", "one seed only"


class Estimate(NamedTuple):
    """A mean over seeds.

    Attributes:
        value: the mean, or a difference of means.
        error: its standard error; NaN for a single seed.
        seeds: number of seeds.
        missing: why there is no mean; empty where there is one.
    """

    value: float
    error: float = nan
    seeds: int = 0
    missing: str = ""

    def minus(self, other: "Estimate") -> "Estimate":
        """Return the difference of two means; their standard errors add in squares."""
        missing = self.missing or other.missing
        return Estimate(self.value - other.value, hypot(self.error, other.error), min(self.seeds, other.seeds), missing)

    @property
    def answer(self) -> str:
        """Whether the value is above 0: `YES`, `NO`, `CLOSE`, `ONE_SEED`, or why it is missing."""
        if self.missing:
            return self.missing
        if np.isnan(self.error):
            return ONE_SEED
        if abs(self.value) <= MIN_STANDARD_ERRORS * self.error:
            return CLOSE
        return YES if self.value > 0 else NO
