"""Whole training runs, prepared once and kept frame by frame: a page shows how a run goes before one is started.

All start from the same weights and see the same batches, so that what differs between two films is the mining, or the
margin, and nothing else.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cl_core import losses
from cl_core.data import datasets, npz
from cl_core.losses.contrast import Contrast
from cl_core.losses.miners import count_kinds
from cl_core.training import frames, loop
from cl_core.training.config import RunSpec
from cl_core.training.frames import Frame
from cl_core.training.loop import State

IMAGES = 500  # of each frame, and all that is measured is measured on them
LAST = 1000  # steps
COLLAPSED = 0.05  # spread below which an embedding counts as one point: the mean d² of two images is then 0.005
FEW = 0.01  # share of the triplets below which a kind counts as used up

_TRIPLET = "triplet"
_MININGS = {
    "semi-hard": {"mining": "semihard", "margin": 1.0},
    "hard": {"mining": "hard", "margin": 1.0},
    "batch-hard": {"mining": "batch_hard", "margin": 1.0},
    "semi-hard, small margin": {"mining": "semihard", "margin": 0.2},
}
RECORDINGS: Mapping[str, RunSpec] = MappingProxyType(
    {
        name: RunSpec(loss=_TRIPLET, theta={"distance": "sqeuclidean", **theta}, **asdict(losses.get(_TRIPLET).recipe))
        for name, theta in _MININGS.items()
    }
)


@dataclass(frozen=True, eq=False)
class Recording:
    """A run of the triplet loss, frame by frame.

    Attributes:
        name: its key in `FILMS`.
        spec: the run.
        steps: (F,) int64, steps done at each frame, ascending from 0.
        points: (F, n, 2) float32, the drawn coordinates of the probe images, with the digits of a float16.
        views: (F, 2) float32, the share of variance along each drawn axis.
        rows, labels: (n,) int64, which test images (see `datasets.probe`), and their classes.
        shares: (F, 3) float64, shares of easy, semi-hard and hard among all triplets of the probe images, at the run's
            own margin and in its own distance; each row adds up to 1.
        knn, spread: (F,) float64, as in `metrics.Metrics`, of the probe images.
        losses: (F,) float32, the loss that the frame's weights have on the batch of the step to come.
        collapse, floor: the loss when all embeddings are one point, and when the classes are perfect.
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
        """The margin that the run trains with, and at which its shares are counted."""
        return float(self.spec.theta["margin"])

    @property
    def collapsed(self) -> int | None:
        """The step of the first frame from which on the embedding stays one point; None for a run that ends apart."""
        return self._from_then_on(self.spread < COLLAPSED)

    @property
    def used_up(self) -> int | None:
        """The step of the first frame from which on few triplets are semi-hard; None where many are left."""
        return self._from_then_on(self.shares[:, 1] < FEW)

    def _from_then_on(self, holds: NDArray[np.bool_]) -> int | None:
        others = np.flatnonzero(~holds)
        first = int(others[-1]) + 1 if len(others) else 0
        return int(self.steps[first]) if first < len(holds) else None


def recorded_steps(spec: RunSpec, last: int = LAST) -> list[int]:
    """The steps that have a frame, up to and perhaps including `last`."""
    found = [0]
    while (step := frames.next_frame_step(spec, found[-1])) <= last:
        found.append(step)
    return found


def record(name: str, last: int = LAST) -> Recording:
    """Train one of `FILMS` and keep what is seen on the way, up to step `last`.

    Raises ValueError for an unknown name and RuntimeError where the run fails.
    """
    spec = _spec(name)
    state = loop.start(spec)
    steps = recorded_steps(spec, last)
    seen: list[Frame] = []
    shares, values = [], []
    for step, following in zip(steps, [*steps[1:], steps[-1] + 1], strict=True):
        seen.append(frames.make_frame(state, IMAGES, seen[-1].views if seen else None))
        shares.append(_shares(state))
        state = loop.advance(state, steps=following - step)
        if state.failure:
            raise RuntimeError(f"{name}: {state.failure}")
        values.append(state.losses[0])
    data = datasets.load(spec.dataset)
    rows = datasets.probe_indices(data, IMAGES)
    lines = frames.references(spec, IMAGES)
    return Recording(
        name=name,
        spec=spec,
        steps=np.array(steps),
        points=np.stack([frame.points[2] for frame in seen]).astype(np.float16).astype(np.float32),
        views=np.array([frame.views[2].shares for frame in seen], np.float32),
        rows=rows,
        labels=data.y_test[rows],
        shares=np.array(shares),
        knn=np.array([frame.metrics.knn for frame in seen]),
        spread=np.array([frame.metrics.spread for frame in seen]),
        losses=np.array(values, np.float32),
        collapse=lines.collapse,
        floor=lines.floor,
    )


def _shares(state: State) -> NDArray[np.float64]:
    """Shares of easy, semi-hard and hard triplets among the probe images, at the run's own margin."""
    shot = loop.snapshot(state, IMAGES)
    theta = state.spec.theta
    # in float64: of an embedding that has collapsed, float32 has no distances left to compare
    contrast = Contrast.of_batch(torch.from_numpy(shot.z).double(), torch.from_numpy(shot.y), theta["distance"])
    counts = np.array(count_kinds(contrast, theta["margin"]))
    return np.asarray(counts / counts.sum())


def load(name: str) -> Recording:
    """One of `FILMS`; shared by every reader, so its arrays are read-only.

    Raises ValueError for an unknown name, and archive.DataError, in words, for a missing or damaged file.
    """
    _spec(name)
    return _read(name, _path(name))


def _spec(name: str) -> RunSpec:
    if name not in RECORDINGS:
        raise ValueError(f"there is no film {name!r}; there are: {', '.join(RECORDINGS)}")
    return RECORDINGS[name]


def _path(name: str) -> Path:
    return datasets.ASSETS / "films" / f"{name.replace(',', '').replace(' ', '-')}.npz"


@lru_cache(maxsize=16)
def _read(name: str, path: Path) -> Recording:
    mend = (
        f"To mend it: `git checkout -- assets/films/{path.name}`, "
        f"or `python -m cl_core.training.pretrained recordings --films '{name}'`"
    )
    return npz.load_asset(path, lambda arrays: _unpacked(name, arrays), mend)


# how each array is kept in its file, and how it is read: (type there, type here)
_KEPT: Mapping[str, tuple[type, type]] = MappingProxyType(
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


def _packed(film: Recording) -> dict[str, NDArray[Any]]:
    """The arrays of a file."""
    about = {"spec": asdict(film.spec), "collapse": film.collapse, "floor": film.floor}
    kept = {name: getattr(film, name).astype(there) for name, (there, _) in _KEPT.items()}
    return {"about": np.array(json.dumps(about)), **kept}


def _unpacked(name: str, arrays: Mapping[str, NDArray[Any]]) -> Recording:
    """The film in the arrays of a file; KeyError, TypeError or ValueError where something is amiss."""
    about = json.loads(str(arrays["about"]))
    parts: dict[str, Any] = {part: arrays[part].astype(here) for part, (_, here) in _KEPT.items()}
    n_frames, n = len(parts["steps"]), len(parts["rows"])
    shapes = {"points": (n_frames, n, 2), "views": (n_frames, 2), "labels": (n,), "shares": (n_frames, 3)}
    shapes |= dict.fromkeys(("knn", "spread", "losses"), (n_frames,))
    for part, shape in shapes.items():
        if parts[part].shape != shape:
            raise ValueError(f"{part} has shape {parts[part].shape}, not {shape}")
    for part, array in parts.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{part} has numbers that are not finite")
        array.setflags(write=False)
    if not n_frames or parts["steps"][0] != 0 or (np.diff(parts["steps"]) <= 0).any():
        raise ValueError("its steps do not ascend from 0")
    if np.abs(parts["shares"].sum(axis=1) - 1).max() > 1e-9 or (parts["shares"] < 0).any():
        raise ValueError("its shares do not add up to 1")
    collapse, floor = (float(about[line]) for line in ("collapse", "floor"))
    return Recording(name=name, spec=RunSpec(**about["spec"]), collapse=collapse, floor=floor, **parts)


def _in_words(film: Recording) -> str:
    """What became of a run, on one line."""
    easy, semihard, hard = film.shares[-1]
    one_point = "stays apart" if film.collapsed is None else f"one point from step {film.collapsed}"
    return (
        f"{film.name}: {len(film.steps)} frames to step {film.steps[-1]}, kNN {film.knn[-1]:.3f}, {one_point}, "
        f"easy {easy:.3f}, semi-hard {semihard:.3f}, hard {hard:.3f}"
    )


def make(names: Sequence[str]) -> None:
    """Train and write recordings, and report each."""
    (datasets.ASSETS / "films").mkdir(exist_ok=True)
    for name in names:
        began = time.monotonic()
        film = record(name)
        np.savez_compressed(_path(name), allow_pickle=False, **_packed(film))
        print(f"{_in_words(film)}  ({time.monotonic() - began:.0f} s)", flush=True)
