"""Train the recipes of the losses that have checkpoints, by the engine, and write their weights."""

import json
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from cl_core.pretrained import checkpoints, embeddings
from cl_core.pretrained.processes import in_processes
from cl_core.programs.trainer import Trainer


def weights_of_stages(loss: str) -> dict[str, NDArray[np.float16]]:
    """Train a loss by its recipe; return its weights at the steps of the pretrained embeddings, by stage.

    Args:
        loss: key of `losses.LOSSES`.

    Raises:
        RuntimeError: when the run fails.
    """
    trainer = Trainer(embeddings.recipe_run(loss), embeddings.KNN_IMAGES)
    state, weights = trainer.start(), {}
    for stage in embeddings.STAGES[1:]:
        state = trainer.advance(state, embeddings.load(loss, stage).step - state.step)
        if state.failure:
            raise RuntimeError(f"{loss}: {state.failure}")
        size = len(state.vector) // (1 + checkpoints.MOMENTS_PER_WEIGHT)
        weights[stage] = state.vector[:size].astype(np.float16)
    return weights


def make(loss_keys: Sequence[str], workers: int) -> None:
    """Write checkpoints into assets, and print a line for each.

    Args:
        loss_keys: keys of `losses.LOSSES`, whose pretrained embeddings are there.
        workers: number of processes.
    """
    for loss, weights in zip(loss_keys, in_processes(weights_of_stages, loss_keys, workers), strict=True):
        steps = {stage: embeddings.load(loss, stage).step for stage in weights}
        about = np.array(json.dumps({"spec": asdict(embeddings.recipe_run(loss)), "steps": steps}))
        checkpoints.path_of(loss).parent.mkdir(exist_ok=True)
        np.savez_compressed(checkpoints.path_of(loss), allow_pickle=False, about=about, **weights)
        print(f"{loss}: {', '.join(f'{stage} at step {step}' for stage, step in steps.items())}", flush=True)
