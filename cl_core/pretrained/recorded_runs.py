"""Train and record the runs of `recordings`, by the engine as in a browser: with the frames that a visitor sees."""

import time
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from cl_core.data import datasets
from cl_core.losses.contrast import Contrast
from cl_core.losses.miners import count_kinds
from cl_core.pretrained import recordings
from cl_core.pretrained.processes import in_processes
from cl_core.pretrained.recordings import IMAGES, LAST_STEP, Recording
from cl_core.programs.trainer import Trainer
from cl_core.training import RunSpec, Snapshot
from cl_core.training.frames import Frame


def record(name: str, last_step: int = LAST_STEP) -> Recording:
    """Train one of `RECORDINGS` and record its frames.

    Args:
        name: key of `RECORDINGS`.
        last_step: step after which there is no frame.

    Returns:
        The recording.

    Raises:
        ValueError: when the name is unknown.
        RuntimeError: when the run fails.
    """
    spec = recordings.spec_of(name)
    trainer = Trainer(spec, IMAGES)
    state = trainer.start()
    steps = recordings.recorded_steps(spec, last_step)
    recorded: list[Frame] = []
    shares, values = [], []
    for step, next_step in zip(steps, [*steps[1:], steps[-1] + 1], strict=True):
        recorded.append(trainer.frame(state, recorded[-1].views if recorded else None))
        shares.append(triplet_shares(spec, trainer.embed(state, IMAGES)[0]))
        state = trainer.advance(state, next_step - step)
        if state.failure:
            raise RuntimeError(f"{name}: {state.failure}")
        values.append(state.losses[0])
    data = datasets.load(spec.dataset)
    rows = datasets.probe_indices(data, IMAGES)
    collapse, floor = trainer.references()
    return Recording(
        name=name,
        spec=spec,
        steps=np.array(steps),
        points=np.stack([frame.points[2] for frame in recorded]).astype(np.float16).astype(np.float32),
        views=np.array([frame.views[2].shares for frame in recorded], np.float32),
        rows=rows,
        labels=data.y_test[rows],
        shares=np.array(shares),
        knn=np.array([frame.metrics.knn for frame in recorded]),
        spread=np.array([frame.metrics.spread for frame in recorded]),
        losses=np.array(values, np.float32),
        collapse=collapse,
        floor=floor,
    )


def triplet_shares(spec: RunSpec, snapshot: Snapshot) -> NDArray[np.float64]:
    """Return the shares of easy, semi-hard and hard triplets of an embedding, (3,), at the run's own margin."""
    # in float64: float32 cannot resolve the distances in a collapsed embedding
    z, y = torch.from_numpy(snapshot.z).double(), torch.from_numpy(snapshot.y)
    counts = np.array(count_kinds(Contrast.of_batch(z, y, spec.theta["distance"]), spec.theta["margin"]))
    return np.asarray(counts / counts.sum())


def _summary_line(recording: Recording) -> str:
    """Return the outcome of a run on one line."""
    easy, semihard, hard = recording.shares[-1]
    collapse = "no collapse" if recording.collapsed is None else f"collapsed from step {recording.collapsed}"
    return (
        f"{recording.name}: {len(recording.steps)} frames to step {recording.steps[-1]}, "
        f"kNN {recording.knn[-1]:.3f}, {collapse}, "
        f"easy {easy:.3f}, semi-hard {semihard:.3f}, hard {hard:.3f}"
    )


def make(names: Sequence[str], workers: int) -> None:
    """Train and record runs, write them into assets, and print a line for each.

    Args:
        names: keys of `RECORDINGS`.
        workers: number of processes.

    Raises:
        RuntimeError: when a run fails.
    """
    (datasets.ASSETS / "films").mkdir(exist_ok=True)
    began = time.monotonic()
    for recording in in_processes(record, names, workers):
        path = recordings.path_of(recording.name)
        np.savez_compressed(path, allow_pickle=False, **recordings.arrays_of(recording))
        print(f"{_summary_line(recording)}  ({time.monotonic() - began:.0f} s)", flush=True)
