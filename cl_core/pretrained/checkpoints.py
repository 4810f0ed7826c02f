"""Checkpoints: the networks behind some of the pretrained embeddings, so that a page can embed any image.

`checkpoint_runs` writes them into assets/checkpoints.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.data import datasets, npz
from cl_core.data.errors import ExplainedError
from cl_core.pretrained import embeddings
from cl_core.training import loop
from cl_core.training.config import RunSpec
from cl_core.training.loop import State

LOSSES = ("supcon", "triplet", "softmax", "am_softmax")  # losses whose recipes have checkpoints
MOMENTS_PER_WEIGHT = 2  # of Adam, which every recipe uses; they are not saved, but loaded as zeros


def load(loss: str, stage: str) -> State:
    """Load the state of a loss's own run at one stage, to embed images with it.

    Training cannot be resumed from it: the weights have float16 precision, and the optimiser's moments are zero.

    Args:
        loss: one of `LOSSES`.
        stage: one of `embeddings.STAGES`.

    Returns:
        The state.

    Raises:
        ValueError: when there is no checkpoint of the loss or the stage.
        DataError: when the file is missing or damaged.
    """
    if loss not in LOSSES or stage not in embeddings.STAGES:
        raise ValueError(f"there is no checkpoint of {loss!r} {stage!r}; there are those of {', '.join(LOSSES)}")
    return loop.start(embeddings.recipe_run(loss)) if stage == embeddings.STAGES[0] else _read(path_of(loss))[stage]


def path_of(loss: str) -> Path:
    """Return the path of the file with a loss's checkpoints."""
    return datasets.ASSETS / "checkpoints" / f"{loss}.npz"


@lru_cache(maxsize=8)
def _read(path: Path) -> Mapping[str, State]:
    repair_hint = (
        f"To mend it: `git checkout -- assets/checkpoints/{path.name}`, or `python -m cl_core.pretrained checkpoints`"
    )
    return npz.load_asset(path, _states_from_arrays, repair_hint)


def _states_from_arrays(arrays: Mapping[str, NDArray[Any]]) -> Mapping[str, State]:
    """Validate the arrays of a file; KeyError, TypeError or ValueError if they are not a loss's checkpoints."""
    about = json.loads(str(arrays["about"]))
    spec = RunSpec(**about["spec"])
    size = len(loop.start(spec).vector) // (1 + MOMENTS_PER_WEIGHT)
    states = {}
    for stage in embeddings.STAGES[1:]:
        weights = arrays[stage].astype(np.float32)
        if weights.shape != (size,) or not np.isfinite(weights).all():
            raise ExplainedError(f"{stage} holds no {size:,} weights")
        vector = np.concatenate([weights, np.zeros(MOMENTS_PER_WEIGHT * size, np.float32)])
        states[stage] = State(spec, int(about["steps"][stage]), vector)
    return MappingProxyType(states)
