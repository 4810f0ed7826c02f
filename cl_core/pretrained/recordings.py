"""Recordings of whole training runs, frame by frame, so that a page shows a run before one is started.

All recorded runs start from the same weights and get the same batches: two of them differ in the mining or the margin,
and in nothing else.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core import losses
from cl_core.data import datasets, npz
from cl_core.data.errors import ExplainedError
from cl_core.training import frames
from cl_core.training.config import RunSpec

IMAGES = 500  # probe images of each frame, which all measurements use
LAST_STEP = 1000
COLLAPSED = 0.05  # spread below which an embedding counts as one point: the mean d² of two images is then 0.005
USED_UP_SHARE = 0.01  # share of all triplets below which a kind counts as used up

_TRIPLET = "triplet"
_THETAS = {
    "semi-hard": {"mining": "semihard", "margin": 1.0},
    "hard": {"mining": "hard", "margin": 1.0},
    "batch-hard": {"mining": "batch_hard", "margin": 1.0},
    "semi-hard, small margin": {"mining": "semihard", "margin": 0.2},
}
RECORDINGS: Mapping[str, RunSpec] = MappingProxyType(
    {
        name: RunSpec(loss=_TRIPLET, theta={"distance": "sqeuclidean", **theta}, **asdict(losses.get(_TRIPLET).recipe))
        for name, theta in _THETAS.items()
    }
)


@dataclass(frozen=True, eq=False)
class Recording:
    """A recorded run of the triplet loss: F frames of n probe images.

    Attributes:
        name: key in `RECORDINGS`.
        spec: settings of the run.
        steps: (F,) int64, steps done at each frame, ascending from 0.
        points: (F, n, 2) float32, coordinates of the probe images in the picture, with float16 precision.
        views: (F, 2) float32, share of the variance along each drawn axis.
        rows: (n,) int64, indices of the probe images in the test set (see `datasets.probe_indices`).
        labels: (n,) int64, their classes.
        shares: (F, 3) float64, shares of easy, semi-hard and hard among all triplets of the probe images, at the run's
            own margin and in its own distance; each row adds up to 1.
        knn: (F,) float64, kNN accuracy of the probe images, as in `metrics.Metrics`.
        spread: (F,) float64, spread of the probe images, as in `metrics.Metrics`.
        losses: (F,) float32, loss of the frame's weights on the batch of the next step.
        collapse: loss when all embeddings coincide.
        floor: loss of perfect classes.
    """

    name: str
    spec: RunSpec
    steps: NDArray[np.int64]
    points: NDArray[np.float32]
    views: NDArray[np.float32]
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    shares: NDArray[np.float64]
    knn: NDArray[np.float64]
    spread: NDArray[np.float64]
    losses: NDArray[np.float32]
    collapse: float
    floor: float

    @property
    def margin(self) -> float:
        """The margin of the run's loss, at which `shares` are counted."""
        return float(self.spec.theta["margin"])

    @property
    def collapsed(self) -> int | None:
        """The step of the first frame from which on the embedding is collapsed; None if the last frame is not."""
        return self._step_of_lasting(self.spread < COLLAPSED)

    @property
    def used_up(self) -> int | None:
        """The step of the first frame from which on few triplets are semi-hard; None if many are in the last frame."""
        return self._step_of_lasting(self.shares[:, 1] < USED_UP_SHARE)

    def _step_of_lasting(self, holds: NDArray[np.bool_]) -> int | None:
        """Return the step of the first frame from which on a condition holds in all frames; None if there is none."""
        failing = np.flatnonzero(~holds)
        first = int(failing[-1]) + 1 if len(failing) else 0
        return int(self.steps[first]) if first < len(holds) else None


def recorded_steps(spec: RunSpec, last_step: int = LAST_STEP) -> list[int]:
    """Return the steps of a recording's frames.

    Args:
        spec: settings of the run.
        last_step: step after which there is no frame.

    Returns:
        Ascending steps from 0.
    """
    steps = [0]
    while (step := frames.next_frame_step(spec, steps[-1])) <= last_step:
        steps.append(step)
    return steps


def load(name: str) -> Recording:
    """Load a shipped recording.

    Args:
        name: key of `RECORDINGS`.

    Returns:
        The recording. It is cached and shared, so its arrays are read-only.

    Raises:
        ValueError: when the name is unknown.
        DataError: when the file is missing or damaged.
    """
    spec_of(name)
    return _read(name, path_of(name))


def spec_of(name: str) -> RunSpec:
    """Return the settings of one of `RECORDINGS`; ValueError if the name is unknown."""
    if name not in RECORDINGS:
        raise ExplainedError(f"there is no recording {name!r}; there are: {', '.join(RECORDINGS)}")
    return RECORDINGS[name]


def path_of(name: str) -> Path:
    """Return the path of the file with a recording."""
    return datasets.ASSETS / "films" / f"{name.replace(',', '').replace(' ', '-')}.npz"


@lru_cache(maxsize=16)
def _read(name: str, path: Path) -> Recording:
    repair_hint = (
        f"To mend it: `git checkout -- assets/films/{path.name}`, "
        f"or `python -m cl_core.pretrained recordings --films '{name}'`"
    )
    return npz.load_asset(path, lambda arrays: _recording_from_arrays(name, arrays), repair_hint)


# each array's type in the file, and in a Recording
_ARRAY_TYPES: Mapping[str, tuple[type, type]] = MappingProxyType(
    {
        "steps": (np.uint16, np.int64),
        "points": (np.float16, np.float32),
        "views": (np.float32, np.float32),
        "rows": (np.uint16, np.int64),
        "labels": (np.uint8, np.int64),
        "shares": (np.float64, np.float64),
        "knn": (np.float64, np.float64),
        "spread": (np.float64, np.float64),
        "losses": (np.float32, np.float32),
    }
)


def arrays_of(recording: Recording) -> dict[str, NDArray[Any]]:
    """Return the arrays of a recording's file, as `load` reads them."""
    about = {"spec": asdict(recording.spec), "collapse": recording.collapse, "floor": recording.floor}
    stored = {name: getattr(recording, name).astype(file_type) for name, (file_type, _) in _ARRAY_TYPES.items()}
    return {"about": np.array(json.dumps(about)), **stored}


def _recording_from_arrays(name: str, arrays: Mapping[str, NDArray[Any]]) -> Recording:
    """Validate the arrays of a file; KeyError, TypeError or ValueError if they are not a recording."""
    about = json.loads(str(arrays["about"]))
    fields: dict[str, Any] = {field: arrays[field].astype(dtype) for field, (_, dtype) in _ARRAY_TYPES.items()}
    n_frames, n = len(fields["steps"]), len(fields["rows"])
    shapes = {"points": (n_frames, n, 2), "views": (n_frames, 2), "labels": (n,), "shares": (n_frames, 3)}
    shapes |= dict.fromkeys(("knn", "spread", "losses"), (n_frames,))
    for field, shape in shapes.items():
        if fields[field].shape != shape:
            raise ExplainedError(f"{field} has shape {fields[field].shape}, not {shape}")
    for field, array in fields.items():
        if not np.isfinite(array).all():
            raise ExplainedError(f"{field} has numbers that are not finite")
        array.setflags(write=False)
    if not n_frames or fields["steps"][0] != 0 or (np.diff(fields["steps"]) <= 0).any():
        raise ExplainedError("its steps do not ascend from 0")
    if np.abs(fields["shares"].sum(axis=1) - 1).max() > 1e-9 or (fields["shares"] < 0).any():
        raise ExplainedError("its shares do not add up to 1")
    collapse, floor = (float(about[reference]) for reference in ("collapse", "floor"))
    return Recording(name=name, spec=RunSpec(**about["spec"]), collapse=collapse, floor=floor, **fields)
