"""Trained nets, kept so that a page can embed any image with them: those of `prepared`, with all their weights.

`python -m cl_core.training.pretrained checkpoints` trains them again and keeps them in assets/checkpoints.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.data import datasets, npz
from cl_core.training import loop
from cl_core.training.config import RunSpec
from cl_core.training.loop import State
from cl_core.training.pretrained import embeddings

LOSSES = ("supcon", "triplet")  # whose recipes there are nets of
MOMENTS = 2  # of Adam, which every recipe uses; they are kept as zeros


def load(loss: str, stage: str) -> State:
    """The net of one of `prepared.STAGES` in a loss's own run, its weights with the digits of a float16; to look at.

    (Its optimiser's moments are lost, so a run does not go on from it.) Raises ValueError for a loss or stage that
    there is no net of, and archive.DataError, in words, for a missing or damaged file.
    """
    if loss not in LOSSES or stage not in embeddings.STAGES:
        raise ValueError(f"there is no net of {loss!r} {stage!r}; there are those of {', '.join(LOSSES)}")
    return loop.start(embeddings.recipe_run(loss)) if stage == embeddings.STAGES[0] else _read(_path(loss))[stage]


def _path(loss: str) -> Path:
    return datasets.ASSETS / "checkpoints" / f"{loss}.npz"


@lru_cache(maxsize=8)
def _read(path: Path) -> Mapping[str, State]:
    mend = (
        f"To mend it: `git checkout -- assets/checkpoints/{path.name}`, "
        "or `python -m cl_core.training.pretrained checkpoints`"
    )
    return npz.load_asset(path, _unpacked, mend)


def _unpacked(arrays: Mapping[str, NDArray[Any]]) -> Mapping[str, State]:
    about = json.loads(str(arrays["about"]))
    spec = RunSpec(**about["spec"])
    size = len(loop.start(spec).vector) // (1 + MOMENTS)
    states = {}
    for stage in embeddings.STAGES[1:]:
        weights = arrays[stage].astype(np.float32)
        if weights.shape != (size,) or not np.isfinite(weights).all():
            raise ValueError(f"{stage} holds no {size:,} weights")
        vector = np.concatenate([weights, np.zeros(MOMENTS * size, np.float32)])
        states[stage] = State(spec, int(about["steps"][stage]), vector)
    return MappingProxyType(states)


def make(chosen: Sequence[str]) -> None:
    """Train and write the checkpoints of some losses."""
    for loss in chosen:
        _make(loss)


def _make(loss: str) -> None:
    """Train a loss's recipe again, and keep its weights at the steps of the prepared embeddings."""
    spec = embeddings.recipe_run(loss)
    state, kept = loop.start(spec), {}
    steps = {stage: embeddings.load(loss, stage).step for stage in embeddings.STAGES[1:]}
    for stage, step in steps.items():
        state = loop.advance(state, steps=step - state.step)
        kept[stage] = state.vector[: len(state.vector) // (1 + MOMENTS)].astype(np.float16)
        print(f"{loss} {stage}: step {state.step}", flush=True)
    about = np.array(json.dumps({"spec": asdict(spec), "steps": steps}))
    _path(loss).parent.mkdir(exist_ok=True)
    np.savez_compressed(_path(loss), allow_pickle=False, about=about, **kept)
