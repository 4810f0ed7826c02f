"""Trained nets, kept so that a page can embed any image with them: those of `prepared`, with all their weights.

`python -m cl_core.checkpoints make` trains them again and keeps them in assets/checkpoints.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cl_core import archive, datasets, prepared, training
from cl_core.training import RunSpec, State

LOSSES = ("supcon", "triplet")  # whose recipes there are nets of
MOMENTS = 2  # of Adam, which every recipe uses; they are kept as zeros


def load(loss: str, stage: str) -> State:
    """The net of one of `prepared.STAGES` in a loss's own run, its weights with the digits of a float16; to look at.

    (Its optimiser's moments are lost, so a run does not go on from it.) Raises ValueError for a loss or stage that
    there is no net of, and archive.DataError, in words, for a missing or damaged file.
    """
    if loss not in LOSSES or stage not in prepared.STAGES:
        raise ValueError(f"there is no net of {loss!r} {stage!r}; there are those of {', '.join(LOSSES)}")
    return training.start(prepared.recipe(loss)) if stage == prepared.STAGES[0] else _read(_path(loss))[stage]


def _path(loss: str) -> Path:
    return datasets.ASSETS / "checkpoints" / f"{loss}.npz"


@lru_cache(maxsize=8)
def _read(path: Path) -> Mapping[str, State]:
    mend = f"To mend it: `git checkout -- assets/checkpoints/{path.name}`, or `python -m cl_core.checkpoints make`"
    return archive.kept(path, _unpacked, mend)


def _unpacked(arrays: Mapping[str, NDArray[Any]]) -> Mapping[str, State]:
    about = json.loads(str(arrays["about"]))
    spec = RunSpec(**about["spec"])
    size = len(training.start(spec).vector) // (1 + MOMENTS)
    states = {}
    for stage in prepared.STAGES[1:]:
        weights = arrays[stage].astype(np.float32)
        if weights.shape != (size,) or not np.isfinite(weights).all():
            raise ValueError(f"{stage} holds no {size:,} weights")
        vector = np.concatenate([weights, np.zeros(MOMENTS * size, np.float32)])
        states[stage] = State(spec, int(about["steps"][stage]), vector)
    return MappingProxyType(states)


def make(loss: str) -> None:
    """Train a loss's recipe again, and keep its weights at the steps of the prepared embeddings."""
    spec = prepared.recipe(loss)
    state, kept = training.start(spec), {}
    steps = {stage: prepared.load(loss, stage).step for stage in prepared.STAGES[1:]}
    for stage, step in steps.items():
        state = training.advance(state, steps=step - state.step)
        kept[stage] = state.vector[: len(state.vector) // (1 + MOMENTS)].astype(np.float16)
        print(f"{loss} {stage}: step {state.step}", flush=True)
    about = np.array(json.dumps({"spec": asdict(spec), "steps": steps}))
    _path(loss).parent.mkdir(exist_ok=True)
    np.savez_compressed(_path(loss), allow_pickle=False, about=about, **kept)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Keep trained nets.")
    parser.add_subparsers(required=True).add_parser("make", help="train, and write assets/checkpoints")
    parser.parse_args()
    torch.set_num_threads(1)
    for loss in LOSSES:
        make(loss)


if __name__ == "__main__":
    main()
