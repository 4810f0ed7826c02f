"""Frames: the metrics and coordinates of a run at one step, small enough to keep all of them in memory."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import dropwhile, islice, takewhile
from math import nan
from typing import Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray

from cl_core.analysis import metrics, projection
from cl_core.analysis.metrics import Metrics
from cl_core.analysis.projection import View
from cl_core.data import datasets
from cl_core.data.errors import ExplainedError
from cl_core.training import batches, loop
from cl_core.training.collapse_values import collapse_and_floor
from cl_core.training.config import MAX_STEPS, RunSpec
from cl_core.training.divergence import divergence_advice
from cl_core.training.loop import Snapshot, State
from cl_core.training.regions import regions_of

PROBE_SIZES = (500, 1000, 2000, 5000, 10_000)  # numbers of test images that a picture may show
# The gap to the next frame is GAP_GROWTH times the steps done, but at most MAX_ROWS_IN_GAP rows of training batches.
# That bound rises to steps / LATE_GAP_DIVISOR late in a run, so that the frames of the longest run fit into memory.
GAP_GROWTH = 0.15
MAX_ROWS_IN_GAP = 3600
LATE_GAP_DIVISOR = 400
MAX_FRAMES = 2500  # frames of one run; beyond them only those of `next_frame_step` are added, even at one frame a step
SCORES = {"knn": "kNN", "recall": "recall@1", "map_r": "MAP@R", "probe": "linear probe"}  # by which runs are compared


@dataclass(frozen=True, eq=False)
class Frame:
    """Metrics and coordinates of a run at one step.

    Attributes:
        step: number of steps done.
        seconds: time spent in training steps until then.
        metrics: metrics of the probe images.
        points: coordinates of the probe images by number of axes: (n, 2) and, if the embedding has at least three
            dimensions, (n, 3) float32. Empty, as `views`, of a frame that a browser draws and only reports.
        views: the projections of the embedding to these coordinates, by number of axes. Only the newest frame of a run
            has them complete (see `compacted`).
        probe: accuracy of a linear probe (see `metrics.linear_probe`); NaN if it was not measured.
        regions: (C, 5) of the class weights (see `class_regions`); None if the run has none in the plane that is drawn
            (see `training.regions`), and for frames of older files.
    """

    step: int
    seconds: float
    metrics: Metrics
    points: dict[int, NDArray[np.float32]]
    views: dict[int, View]
    probe: float = nan
    regions: NDArray[np.float32] | None = None

    def compacted(self) -> Self:
        """Return the frame with compacted views, as it is stored once a newer frame exists."""
        return replace(self, views={k: view.compacted() for k, view in self.views.items()})


@dataclass(frozen=True)
class References:
    """Values to compare a run with, drawn as lines beside its curves.

    Attributes:
        collapse: loss when all embeddings coincide, on batches like those of the run (see `collapse_values`); NaN if it
            is not known.
        floor: loss of perfect classes on the same batches; NaN if it is not known.
        knn_raw: kNN accuracy of the probe images' raw pixels, 0 to 1.
        epoch_steps: steps in one pass through the training set.
    """

    collapse: float
    floor: float
    knn_raw: float
    epoch_steps: int


def make_frame(state: State, n: int, previous: dict[int, View] | None = None, *, probe: bool = False) -> Frame:
    """Embed probe images with a run, measure the embedding and project it.

    Args:
        state: the run.
        n: number of probe images.
        previous: views of the frame before, which the new views are aligned with.
        probe: whether to fit a linear probe too.

    Returns:
        The frame at the state's step.

    Raises:
        ValueError: when the embedding is not finite.
    """
    return frame_from_snapshot(state, loop.snapshot(state, n), previous, probe=probe)


def frame_from_snapshot(
    state: State, snapshot: Snapshot, previous: dict[int, View] | None = None, *, probe: bool = False
) -> Frame:
    """Measure and project an embedding that has been computed already.

    Args:
        state: the run.
        snapshot: embedding of probe images with `state`.
        previous: views of the frame before, which the new views are aligned with.
        probe: whether to fit a linear probe too.

    Returns:
        The frame at the state's step.

    Raises:
        ValueError: when the embedding is not finite.
    """
    if not np.isfinite(snapshot.z).all():
        raise ExplainedError(divergence_advice(state.spec, state.step))
    views = projection.fit_views(snapshot.z, previous)
    points = {k: view.project(snapshot.z) for k, view in views.items()}
    measured = metrics.measure(torch.from_numpy(snapshot.z), torch.from_numpy(snapshot.y), torch.from_numpy(points[2]))
    accuracy = metrics.linear_probe(snapshot.z, snapshot.y) if probe else nan
    return Frame(state.step, state.seconds, measured, points, views, accuracy, regions_of(state))


def score(frame: Frame, name: str) -> float:
    """Return one of a frame's scores.

    Args:
        frame: the frame.
        name: key of `SCORES`, or name of a field of `Metrics`.

    Returns:
        The score; NaN for a linear probe that was not measured.
    """
    return frame.probe if name == "probe" else float(getattr(frame.metrics, name))


def references(spec: RunSpec, n: int) -> References:
    """Compute the values to compare a run with.

    Args:
        spec: settings of the run.
        n: number of probe images in its frames.

    Returns:
        Loss at total collapse, loss of perfect classes, kNN accuracy of raw pixels, and steps per epoch.
    """
    return References(*collapse_and_floor(spec), knn_of_pixels(spec.dataset, n), batches.steps_per_epoch(spec))


@lru_cache(maxsize=16)
def knn_of_pixels(dataset: str, n: int) -> float:
    """Return the kNN accuracy of the raw pixels of `n` probe images of a data set, 0 to 1."""
    data = datasets.load(dataset)
    rows = datasets.probe_indices(data, n)
    pixels = torch.from_numpy(data.x_test[rows]).flatten(1).float()
    return metrics.neighbour_scores(pixels, torch.from_numpy(data.y_test[rows]))[0]


def frame_steps(spec: RunSpec) -> Iterator[int]:
    """Yield the steps that have a frame after step 0, without end.

    Frames are at steps 0, 1, 2, 3, ..., then ever farther apart up to a maximal gap, since most visible changes happen
    in the first few hundred steps. The steps depend on the spec alone, so that a run shows the same frames at any
    speed.

    Args:
        spec: settings of the run.

    Yields:
        Ascending steps.
    """
    max_gap = max(1, MAX_ROWS_IN_GAP // spec.batch)
    step = 0
    while True:
        step += max(1, min(round(GAP_GROWTH * step), max(max_gap, step // LATE_GAP_DIVISOR)))
        yield step


def next_frame_step(spec: RunSpec, step: int) -> int:
    """Return the step of the first frame after `step`.

    Args:
        spec: settings of the run.
        step: number of steps done.

    Returns:
        A step greater than `step`.
    """
    return next_frame_steps(spec, step, 1)[0]


def next_frame_steps(spec: RunSpec, step: int, n: int) -> list[int]:
    """Return the steps of the first `n` frames after `step`.

    Args:
        spec: settings of the run.
        step: number of steps done.
        n: number of frames, at least 1.

    Returns:
        Ascending steps.
    """
    return list(islice(dropwhile(lambda frame_step: frame_step <= step, frame_steps(spec)), n))


def steps_to_the_end(spec: RunSpec) -> list[int]:
    """Return the steps after 0 that have a frame; the last one ends the run.

    Args:
        spec: settings of the run.
    """
    return [*takewhile(lambda step: step < MAX_STEPS, frame_steps(spec)), MAX_STEPS]


@dataclass(frozen=True)
class Change:
    """Settings that were changed while a run went on.

    Attributes:
        step: number of steps done before; the settings count from the next one on.
        rate: learning rate.
        theta: values of the loss's sliders by name.
    """

    step: int
    rate: float
    theta: Mapping[str, float]


Phase = Literal["opening", "paused", "running", "failed", "finished"]


@dataclass(frozen=True)
class Pace:
    """The speed of a run.

    Attributes:
        frames_per_second: highest number of frames a second; None for maximal speed.
        every_step: whether every step has a frame.
        title: for the menu.
        alone: the same number in the visitor's own browser, which is not shared; None for the same.
    """

    frames_per_second: float | None
    every_step: bool = False
    title: str = ""
    alone: float | None = None

    def for_browser(self) -> dict[str, float | bool]:
        """Return the pace as a worker in the browser takes it, with milliseconds between two frames."""
        frames_per_second = self.alone or self.frames_per_second
        interval = 1000 / frames_per_second if frames_per_second else 0
        return {"interval": interval, "everyStep": self.every_step}


PACES = {
    "every-step": Pace(3.0, every_step=True, title="step by step"),
    "slow": Pace(2.5, title="slow"),
    "fast": Pace(8.0, title="fast", alone=24.0),  # early frames are one step apart
    "flat-out": Pace(None, title="max speed"),
}


@dataclass(frozen=True, eq=False)
class RunProgress:
    """The progress of a run at this moment, as a page shows it.

    Attributes:
        spec: settings of the run.
        phase: "opening" until the first frame exists, then "paused", "running" or "finished"; "failed" is final.
        step: number of steps done, which may be a little ahead of the newest frame.
        seconds: time spent in those steps.
        rate: recent speed in steps per second of wall-clock time; 0 while the run rests.
        frames: all frames so far, oldest first.
        losses: (step,) float32, the loss at every step so far.
        empty: number of steps whose batch had no valid term.
        references: values to compare the run with; None while it opens.
        note: message about a problem that was solved, such as a retry; None if there was none.
        failure: message that says why the run cannot continue; None while it can.
        changes: of the settings, oldest first.
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
    changes: tuple[Change, ...] = ()
