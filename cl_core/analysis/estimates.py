"""Means over seeds with their standard errors, and whether two of them differ.

A difference counts once it exceeds two standard errors.
"""

from math import hypot, nan
from typing import NamedTuple

import numpy as np

ERRORS = 2.0  # standard errors that a difference must exceed
YES, NO, CLOSE, ONE_SEED = "yes", "no", "too close to call", "one seed only"


class Estimate(NamedTuple):
    """A mean over seeds and its standard error; `lacking` says why there is none, where there is none."""

    value: float
    error: float = nan
    seeds: int = 0
    missing: str = ""

    def minus(self, other: "Estimate") -> "Estimate":
        """Their difference."""
        lacking = self.missing or other.missing
        return Estimate(self.value - other.value, hypot(self.error, other.error), min(self.seeds, other.seeds), lacking)

    @property
    def answer(self) -> str:
        """Whether it is above 0."""
        if self.missing:
            return self.missing
        if np.isnan(self.error):
            return ONE_SEED
        if abs(self.value) <= ERRORS * self.error:
            return CLOSE
        return YES if self.value > 0 else NO
