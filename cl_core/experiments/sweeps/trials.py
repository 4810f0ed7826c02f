"""One run of a sweep in a worker: trained in short tasks, and measured at the steps of its plan."""

import time
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from cl_core import training
from cl_core.experiments.sweeps.plan import Trial
from cl_core.training import State, divergence_advice
from cl_core.training.frames import make_frame

PROBES = 2000  # test images on which a run is measured
DRAWN = 300  # of them in the small picture
POINT_STEPS = 127  # steps of a stored coordinate from the centre to the edge of the small picture


@dataclass(frozen=True, eq=False)
class Outcome:
    """One measurement of a run.

    Attributes:
        step: number of training steps done.
        knn: kNN accuracy on `PROBES` test images, 0 to 1; NaN after a failure.
        map_r: MAP@R on the same images, 0 to 1; NaN after a failure.
        spread: as `Metrics.spread`; NaN after a failure.
        points: (DRAWN, 2) int8, the first two principal components of the first images, scaled to `POINT_STEPS`; all 0
            after a failure.
        failure: why the run could not go on; "" if it could.
    """

    step: int
    knn: float
    map_r: float
    spread: float
    points: NDArray[np.int8]
    failure: str = ""


@dataclass(frozen=True, eq=False)
class TrialState:
    """A run of a sweep between two tasks.

    Attributes:
        state: the run; None before its first task.
        outcomes: its measurements so far.
    """

    state: State | None = None
    outcomes: tuple[Outcome, ...] = ()

    def is_done(self, trial: Trial) -> bool:
        """Return whether all measurements are made."""
        return len(self.outcomes) == len(trial.measured)


def advance(trial: Trial, before: TrialState, seconds: float) -> TrialState:
    """Train and measure a run for some time, in a worker.

    Args:
        trial: the run.
        before: where to start; it is not changed.
        seconds: wall-clock time after which it returns; one measurement or one step may take longer.

    Returns:
        The run afterwards. After a failure, the measurements that are left say so.
    """
    end = time.monotonic() + seconds
    state = before.state or training.start(trial.spec)
    outcomes = list(before.outcomes)
    while len(outcomes) < len(trial.measured):
        step = trial.measured[len(outcomes)]
        if state.step < step and not state.failure:
            state = training.advance(state, steps=step - state.step, seconds=max(end - time.monotonic(), 0.0))
        if state.step >= step or state.failure:
            outcomes.append(_measure(state, step))
        if time.monotonic() >= end:
            break
    return TrialState(state, tuple(outcomes))


def _measure(state: State, step: int) -> Outcome:
    failure = state.failure or ""
    if not failure:
        try:
            frame = make_frame(state, PROBES)
        except ValueError:
            failure = divergence_advice(state.spec, state.step)
        else:
            measured = frame.metrics
            return Outcome(step, measured.knn, measured.map_r, measured.spread, _small(frame.points[2][:DRAWN]))
    return Outcome(step, nan, nan, nan, np.zeros((DRAWN, 2), np.int8), failure)


def _small(points: NDArray[np.float32]) -> NDArray[np.int8]:
    """Return coordinates as small integers; the farthest one lies at the edge."""
    largest = float(np.abs(points).max()) or 1.0
    small = np.zeros((DRAWN, 2), np.int8)
    small[: len(points)] = np.rint(points / largest * POINT_STEPS).astype(np.int8)
    return small
