"""A frame: what is kept of one moment of a run, small enough to keep them all."""

from dataclasses import dataclass, replace
from functools import lru_cache
from math import isclose, nan
from typing import Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from cl_core import losses
from cl_core.analysis import metrics, projection
from cl_core.analysis.metrics import Metrics
from cl_core.analysis.projection import View
from cl_core.data import datasets
from cl_core.losses import variants
from cl_core.training import loop
from cl_core.training.config import RunSpec
from cl_core.training.loop import Snapshot, State

PROBE_SIZES = (500, 1000, 2000, 5000, 10_000)  # how many test images a picture may show
GROWTH = 0.15  # frames lie so much farther apart each time ...
ROWS_BETWEEN = 3600  # ... until so many training images lie between two of them ...
LATE = 400  # ... but at least this part of the steps done, so that the frames of the longest run fit into memory
MAX_FRAMES = 2500  # frames of one run; past them only those of `next_frame` are added, whoever asks for every step
SCORES = {"knn": "kNN", "recall": "recall@1", "map_r": "MAP@R", "probe": "probe"}  # by which runs are compared
LONG = 1e3  # length at which a softmax over inner products is decided


@dataclass(frozen=True, eq=False)
class Frame:
    """One moment of a run.

    Attributes:
        step: steps done.
        seconds: spent training until then.
        metrics: measured on the probe images.
        points: coordinates of the probe images by number of axes, 2 and (where the embedding has them) 3:
            (n, 2) and (n, 3) float32.
        views: the views that drew them; of a run's frames before the newest what is left of them.
        probe: accuracy of a linear probe (see `metrics.linear_probe`); NaN where it was not asked for.
    """

    step: int
    seconds: float
    metrics: Metrics
    points: dict[int, NDArray[np.float32]]
    views: dict[int, View]
    probe: float = nan

    def compacted(self) -> Self:
        """What is kept of it once the next one has come."""
        return replace(self, views={k: each.compacted() for k, each in self.views.items()})


@dataclass(frozen=True)
class References:
    """What to hold a run against.

    Attributes:
        collapse: the loss when every embedding is the same point, on a batch like the run's first.
        floor: the loss when the classes are perfect, on the same batch; NaN where that can't be said.
        knn_raw: kNN accuracy of the probe images' raw pixels.
        epoch_steps: steps in one pass through the training set.
    """

    collapse: float
    floor: float
    knn_raw: float
    epoch_steps: int


def make_frame(state: State, n: int, previous: dict[int, View] | None = None, *, probe: bool = False) -> Frame:
    """Look at a run: embed `n` probe images, measure them, and draw them in line with the frame before's views.

    probe: whether to fit a linear probe too.

    Raises ValueError, in words, where the embedding has left the range of numbers.
    """
    return frame_from_snapshot(state, loop.snapshot(state, n), previous, probe=probe)


def frame_from_snapshot(
    state: State, shot: Snapshot, previous: dict[int, View] | None = None, *, probe: bool = False
) -> Frame:
    """As `frame`, of an embedding that is there already."""
    if not np.isfinite(shot.z).all():
        raise ValueError(loop.divergence_advice(state.spec, state.step))
    views = projection.fit_views(shot.z, previous)
    points = {k: each.project(shot.z) for k, each in views.items()}
    measured = metrics.measure(torch.from_numpy(shot.z), torch.from_numpy(shot.y), torch.from_numpy(points[2]))
    accuracy = metrics.linear_probe(shot.z, shot.y) if probe else nan
    return Frame(state.step, state.seconds, measured, points, views, accuracy)


def score(frame: Frame, name: str) -> float:
    """One of a frame's `SCORES`, or of its metrics."""
    return frame.probe if name == "probe" else float(getattr(frame.metrics, name))


def references(spec: RunSpec, n: int) -> References:
    """The lines to draw beside a run that is looked at through `n` probe images."""
    collapse, floor = _ends(spec)
    return References(collapse, floor, _knn_raw(spec.dataset, n), loop.steps_per_epoch(spec))


def _ends(spec: RunSpec) -> tuple[float, float]:
    """Collapse value and floor of a run's loss, by whichever definition of it the run has."""
    labels = torch.from_numpy(loop.first_batch_labels(spec))
    classes = datasets.load(spec.dataset).n_classes
    convention = variants.get_variant(spec.loss, spec.convention)
    other = convention.loss_function(spec.theta)
    if other is None:
        known = spec.loss, spec.theta, labels, classes
        return losses.collapse_value(*known), losses.floor_value(*known)
    loss = losses.LOSSES[spec.loss]
    which = labels if loss.classes else labels.unique(return_inverse=True)[1]
    points = torch.eye(classes if loss.classes else int(which.max()) + 1, dtype=torch.float64)

    def value(places: Tensor, length: float, weight_length: float) -> float:
        return float(other(z=length * places[which], y=labels, weight=weight_length * places, bias=0 * points[0]))

    collapse = value(points[:1].expand_as(points), 1.0, 1.0)
    corners = normalize(points - 1 / len(points)) if len(points) > 1 else points
    if not loss.lengths:
        return collapse, value(corners, 1.0, 1.0)
    # of class weights nothing holds the lengths; of embeddings, the unit sphere
    floor, beyond = (value(corners, 1.0 if spec.unit_norm else long, long) for long in (LONG, 2 * LONG))
    return collapse, floor if isclose(floor, beyond, abs_tol=1e-9) else nan


@lru_cache(maxsize=16)
def _knn_raw(dataset: str, n: int) -> float:
    data = datasets.load(dataset)
    rows = datasets.probe_indices(data, n)
    pixels = torch.from_numpy(data.x_test[rows]).flatten(1).float()
    return metrics.neighbour_scores(pixels, torch.from_numpy(data.y_test[rows]))[0]


def next_frame_step(spec: RunSpec, step: int) -> int:
    """The step of the first frame after `step`: of 0, 1, 2, 3, ..., then ever sparser, up to a stride.

    Most of what one can watch happens in the first few hundred steps. Which steps have a frame depends on the spec
    alone, so that a run shows the same ones at any speed.
    """
    stride = max(1, ROWS_BETWEEN // spec.batch)
    at = 0
    while at <= step:
        at += max(1, min(round(GROWTH * at), max(stride, at // LATE)))
    return at


def next_frame_steps(spec: RunSpec, step: int, n: int) -> list[int]:
    """The steps of the first `n` frames after `step`."""
    steps = [next_frame_step(spec, step)]
    while len(steps) < n:
        steps.append(next_frame_step(spec, steps[-1]))
    return steps


Phase = Literal["opening", "paused", "running", "failed", "finished"]


@dataclass(frozen=True)
class Pace:
    """How fast a run may go: at most so many frames a second (None: flat out), perhaps one at every step."""

    frames_per_second: float | None
    every_step: bool = False


PACES = {
    "every-step": Pace(3.0, every_step=True),
    "slow": Pace(2.5),
    "fast": Pace(8.0),
    "flat-out": Pace(None),
}


@dataclass(frozen=True, eq=False)
class RunProgress:
    """What there is to see of a run right now.

    Attributes:
        spec: what runs.
        phase: "opening" until the first frame is there, then "paused", "running", "finished", or "failed" for good.
        step: steps done; a little ahead of the newest frame.
        seconds: spent in those steps.
        rate: steps a second of the wall clock lately, 0 while nothing moves.
        frames: every frame so far, oldest first.
        losses: (step,) float32, the loss at every step so far.
        empty: steps whose batch had no valid term.
        references: lines to draw beside the run; None while it opens.
        note: something that happened and was dealt with, in words.
        failure: why the run can't go on, in words.
    """

    spec: RunSpec
    phase: Phase
    step: int
    seconds: float
    rate: float
    frames: tuple[Frame, ...]
    losses: NDArray[np.float32]
    empty: int
    references: References | None
    note: str | None
    failure: str | None
