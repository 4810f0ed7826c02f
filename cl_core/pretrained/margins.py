"""Recorded runs for the film of the start page: one run for each margin, and nothing else differs between them.

Embeddings have two numbers and are drawn as they are, so that the margin is a length in the picture.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.data import datasets, npz
from cl_core.data.errors import ExplainedError
from cl_core.training.config import RunSpec

MARGINS = (0.5, 1.0, 1.5, 2.0)
FIRST_SHOWN = 1.5
IMAGES = 500  # test images in each frame
FRAMES = 44
LAST_STEP = 600


@dataclass(frozen=True, eq=False)
class MarginRun:
    """A recorded run.

    Attributes:
        spec: settings of the run.
        steps: (F,) int64, steps done at each frame, ascending from 0.
        points: (F, n, 2) float32, embeddings of test images, with float16 precision.
        labels: (n,) int64, their classes.
    """

    spec: RunSpec
    steps: NDArray[np.int64]
    points: NDArray[np.float32]
    labels: NDArray[np.int64]


def spec_of(margin: float) -> RunSpec:
    """Return the settings of the run with a margin."""
    theta = {"margin": margin, "distance": "euclidean"}
    return RunSpec(loss="contrastive", theta=theta, dim=2, unit_norm=False)


def frame_steps() -> list[int]:
    """Return the steps of the frames, ascending from 0: closer together at first, when most is learnt."""
    steps = LAST_STEP * np.linspace(0, 1, FRAMES) ** 2
    return sorted({0, *np.ceil(steps).astype(int).tolist()})


def path_of(margin: float) -> Path:
    """Return the path of the file of a margin's run."""
    return datasets.ASSETS / "films" / f"margin-{margin:g}.npz"


@lru_cache
def load(margin: float) -> MarginRun:
    """Load the run of one of `MARGINS`.

    Returns:
        The run. It is cached and shared, so its arrays are read-only.

    Raises:
        DataError: when the file is missing or damaged.
    """
    path = path_of(margin)
    repair_hint = f"To mend it: `git checkout -- assets/films/{path.name}`, or `python -m cl_core.pretrained margins`"
    return npz.load_asset(path, _run_from_arrays, repair_hint)


def arrays_of(run: MarginRun) -> dict[str, NDArray[Any]]:
    """Return the arrays of a run's file, as `load` reads them."""
    return {
        "spec": np.array(json.dumps(asdict(run.spec))),
        "steps": run.steps.astype(np.uint16),
        "points": run.points.astype(np.float16),
        "labels": run.labels.astype(np.uint8),
    }


def _run_from_arrays(arrays: Mapping[str, NDArray[Any]]) -> MarginRun:
    """Validate the arrays of a file; KeyError, TypeError or ValueError if they are not a run."""
    steps, labels = (arrays[name].astype(np.int64) for name in ("steps", "labels"))
    points = arrays["points"].astype(np.float32)
    if points.shape != (len(steps), len(labels), 2) or not np.isfinite(points).all():
        raise ExplainedError(f"points have shape {points.shape}, or are not finite")
    for array in (steps, labels, points):
        array.setflags(write=False)
    return MarginRun(RunSpec(**json.loads(str(arrays["spec"]))), steps, points, labels)
