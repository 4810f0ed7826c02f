"""Symptoms: numbers of a run by which a failure is recognised, with the bounds that they cross.

Every number is available during any training: loss, kNN accuracy, spread, share of easy triplets, share of images with
a positive.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, nan
from typing import Literal

import numpy as np

from cl_core.training import batches
from cl_core.training.frames import RunProgress

RECENT_STEPS = 20  # the recent loss is the mean over so many steps
POSITIVE_STEPS = 200  # the share of images with a positive is that of so many steps at most


@dataclass(frozen=True)
class Symptom:
    """A number of a run, and the bound beyond which the run is failing.

    Attributes:
        name: name of the number on a page.
        measure: computes the number from the progress of a run with at least one frame; NaN if it is not known yet.
        side: "<" if the run is failing below the bound, ">" if above.
        bound: the bound.
        verdict: what a page says of a run that shows the symptom, in a few words.
        since: first step at which the symptom is judged: earlier, good runs look like bad ones.
        form: format specification of the number.
    """

    name: str
    measure: Callable[[RunProgress], float]
    side: Literal["<", ">"]
    bound: float
    verdict: str
    since: int = 0
    form: str = ".2f"

    def is_present(self, progress: RunProgress) -> bool | None:
        """Return whether a run shows the symptom.

        Args:
            progress: the run.

        Returns:
            Whether the number is beyond the bound; None while it is too early to judge.
        """
        value = self.value(progress)
        if np.isnan(value) or (progress.step < self.since and progress.failure is None):
            return None
        return value < self.bound if self.side == "<" else value > self.bound

    def value(self, progress: RunProgress) -> float:
        """Return the number of a run.

        Args:
            progress: the run.

        Returns:
            The number; infinity after the run has diverged, NaN while the number is not known.
        """
        if progress.failure is not None:
            return inf
        return self.measure(progress) if progress.frames else nan

    def format_value(self, value: float) -> str:
        """Format a value for a page.

        Args:
            value: value of the number, or the bound.

        Returns:
            Text.
        """
        if np.isinf(value):
            return "out of range"
        return format(value, self.form) if value else "0"


def recent_loss(progress: RunProgress) -> float:
    """Return the mean loss of the last `RECENT_STEPS` steps; NaN before the first step."""
    return float(progress.losses[-RECENT_STEPS:].mean()) if len(progress.losses) else nan


def peak_loss_ratio(progress: RunProgress) -> float:
    """Return the largest loss so far, divided by the loss at total collapse; NaN before the first step."""
    if progress.references is None or not len(progress.losses):
        return nan
    return float(progress.losses.max()) / progress.references.collapse


def recent_loss_ratio(progress: RunProgress) -> float:
    """Return the recent loss, divided by the loss at total collapse; NaN before the first step."""
    return nan if progress.references is None else recent_loss(progress) / progress.references.collapse


def knn_above_pixels(progress: RunProgress) -> float:
    """Return the kNN accuracy of the newest frame minus that of raw pixels; NaN while the run opens."""
    return nan if progress.references is None else progress.frames[-1].metrics.knn - progress.references.knn_raw


def positive_share(progress: RunProgress) -> float:
    """Return the share of images with a positive in their batch, in the first steps, 0 to 1; NaN before the first."""
    steps = min(progress.step, POSITIVE_STEPS)
    return batches.share_with_positive(progress.spec, steps) if steps else nan
