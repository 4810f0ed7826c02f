"""Train and record the runs of `margins`, by the engine as in a browser."""

from itertools import pairwise

import numpy as np

from cl_core.data import datasets
from cl_core.pretrained import margins
from cl_core.pretrained.margins import IMAGES, MARGINS, MarginRun
from cl_core.pretrained.processes import in_processes
from cl_core.programs.trainer import Trainer


def record(margin: float) -> MarginRun:
    """Train with a margin and record the frames.

    Raises:
        RuntimeError: when the run fails.
    """
    spec = margins.spec_of(margin)
    trainer = Trainer(spec, IMAGES)
    state = trainer.start()
    steps = margins.frame_steps()
    points = [trainer.frame(state).points[2]]
    for step, following in pairwise(steps):
        state = trainer.advance(state, following - step)
        if state.failure:
            raise RuntimeError(f"margin {margin}: {state.failure}")
        points.append(trainer.frame(state).points[2])
    data = datasets.load(spec.dataset)
    labels = data.y_test[datasets.probe_indices(data, IMAGES)]
    stored = np.stack(points).astype(np.float16).astype(np.float32)
    return MarginRun(spec, np.array(steps), stored, labels)


def make(workers: int) -> None:
    """Train and record the runs of all margins, write them into assets, and print a line for each.

    Args:
        workers: number of processes.

    Raises:
        RuntimeError: when a run fails.
    """
    for run in in_processes(record, MARGINS, workers):
        path = margins.path_of(run.spec.theta["margin"])
        np.savez_compressed(path, allow_pickle=False, **margins.arrays_of(run))
        print(f"{path.name}: {len(run.steps)} frames to step {run.steps[-1]}", flush=True)
