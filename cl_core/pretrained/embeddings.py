"""Pretrained embeddings of real test images, so that a page shows real pairs before anything is trained.

Each file of `assets/prepared` holds one loss: the same test images, embedded by the run of its recipe untrained,
half-trained and trained. `recipe_runs` writes them.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cl_core import losses
from cl_core.analysis import metrics
from cl_core.data import datasets, npz
from cl_core.data.errors import ExplainedError
from cl_core.training import loop
from cl_core.training.config import RunSpec
from cl_core.training.loop import Snapshot, State

STAGES = ("untrained", "half-trained", "trained")
IMAGES = 300  # of each stage
KNN_IMAGES = 2000  # test images that kNN accuracy is measured on, as on the training page


@dataclass(frozen=True, eq=False)
class PretrainedEmbedding:
    """The embedding of fixed test images by a run at one step.

    Attributes:
        spec: settings of the run.
        step: number of steps done.
        knn: kNN accuracy of the first `KNN_IMAGES` probe images, leave one out.
        rows: (n,) int64, indices of the images in the test set (see `datasets.probe_indices`).
        z: (n, dim) float32, the embeddings; those from a file have float16 precision.
        y: (n,) int64, the labels.
        weight: (C, dim) float32, the class weights that the loss has learnt; None for a loss without.
        bias: (C,) float32, the class biases that the loss has learnt; None for a loss without.
    """

    spec: RunSpec
    step: int
    knn: float
    rows: NDArray[np.int64]
    z: NDArray[np.float32]
    y: NDArray[np.int64]
    weight: NDArray[np.float32] | None
    bias: NDArray[np.float32] | None


def recipe_run(loss: str, seed: int = 0) -> RunSpec:
    """Return the settings of a loss's own run: MNIST, its default parameters, and its recipe.

    Args:
        loss: key of `losses.LOSSES`.
        seed: seed of the run.

    Returns:
        The spec.

    Raises:
        ValueError: when the loss is unknown.
    """
    return RunSpec(loss=loss, seed=seed, **asdict(losses.get(loss).recipe))


def embedding_of_state(state: State, n: int = IMAGES) -> PretrainedEmbedding:
    """Embed the first `n` probe images with a run, and measure its kNN accuracy.

    Args:
        state: the run.
        n: number of probe images.

    Returns:
        The embedding, with the class weights of the run's loss if it has any.
    """
    snapshot = loop.snapshot(state, max(n, KNN_IMAGES))
    knn, _ = metrics.neighbour_scores(
        torch.from_numpy(snapshot.z[:KNN_IMAGES]), torch.from_numpy(snapshot.y[:KNN_IMAGES])
    )
    return embedding_of_snapshot(state, snapshot, knn, n)


def embedding_of_snapshot(state: State, snapshot: Snapshot, knn: float, n: int = IMAGES) -> PretrainedEmbedding:
    """Return the embedding of the first `n` probe images that a run has embedded already.

    Args:
        state: the run.
        snapshot: embedding of `n` probe images or more with `state`.
        knn: kNN accuracy of the first `KNN_IMAGES` of them.
        n: number of probe images.
    """
    rows = datasets.probe_indices(datasets.load(state.spec.dataset), n)
    return PretrainedEmbedding(
        state.spec, state.step, knn, rows, snapshot.z[:n].copy(), snapshot.y[:n], *loop.class_weights(state)
    )


def load(loss: str, stage: str) -> PretrainedEmbedding:
    """Load the shipped embedding of a loss's own run at one stage.

    Args:
        loss: key of `losses.LOSSES`.
        stage: one of `STAGES`.

    Returns:
        The embedding. It is cached and shared, so its arrays are read-only.

    Raises:
        ValueError: when the loss or the stage is unknown.
        DataError: when the file is missing or damaged.
    """
    losses.get(loss)
    if stage not in STAGES:
        raise ValueError(f"there is no stage {stage!r}; there are: {', '.join(STAGES)}")
    return _read(path_of(loss))[stage]


def path_of(loss: str) -> Path:
    """Return the path of the file with a loss's embeddings."""
    return datasets.ASSETS / "prepared" / f"{loss}.npz"


@lru_cache(maxsize=64)
def _read(path: Path) -> Mapping[str, PretrainedEmbedding]:
    """Read all stages from the file at `path`."""
    repair_hint = (
        f"To mend it: `git checkout -- assets/prepared/{path.name}`, "
        f"or `python -m cl_core.pretrained embeddings --only embeddings --losses {path.stem}`"
    )
    return npz.load_asset(path, _stages_from_arrays, repair_hint)


def arrays_of(stages: Mapping[str, PretrainedEmbedding]) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file: images, labels and spec once, the rest for each stage, as float16.

    Args:
        stages: the embedding of each of `STAGES`, all of the same run and images.

    Returns:
        Arrays by name, as `load` reads them.
    """
    first = stages[STAGES[0]]
    about = {
        "spec": asdict(first.spec),
        "stages": {name: {"step": stage.step, "knn": stage.knn} for name, stage in stages.items()},
    }
    arrays: dict[str, NDArray[Any]] = {
        "about": np.array(json.dumps(about)),
        "rows": first.rows.astype(np.uint16),
        "y": first.y.astype(np.uint8),
    }
    for name, stage in stages.items():
        for part in ("z", "weight", "bias"):
            if (array := getattr(stage, part)) is not None:
                arrays[f"{part} {name}"] = array.astype(np.float16)
    return arrays


def _stages_from_arrays(arrays: Mapping[str, NDArray[Any]]) -> Mapping[str, PretrainedEmbedding]:
    """Validate the arrays of a file; KeyError, TypeError or ValueError if they are not a loss's embeddings."""
    about = json.loads(str(arrays["about"]))
    spec = RunSpec(**about["spec"])
    rows, y = arrays["rows"].astype(np.int64), arrays["y"].astype(np.int64)
    stages = {}
    for name in STAGES:
        z, weight, bias = (
            arrays[key].astype(np.float32) if key in arrays else None
            for key in (f"{part} {name}" for part in ("z", "weight", "bias"))
        )
        if z is None or (weight is None) == losses.get(spec.loss).classes:
            raise ExplainedError(f"embeddings or class weights of {name} are missing")
        if not len(rows) == len(y) == len(z) or any(w is not None and w.shape[1:] != (spec.dim,) for w in (z, weight)):
            raise ExplainedError(f"rows, labels, embeddings and class weights of {name} don't go together")
        for array in (rows, y, z, weight, bias):
            if array is not None:
                array.setflags(write=False)
        stages[name] = PretrainedEmbedding(spec, **about["stages"][name], rows=rows, z=z, y=y, weight=weight, bias=bias)
    return stages
