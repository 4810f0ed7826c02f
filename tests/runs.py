"""Short training runs, for tests of what a run is saved as or drawn as."""

import numpy as np

from cl_core import training
from cl_core.training import RunSpec, State
from cl_core.training.frames import Frame, RunProgress, make_frame, references

SMALL = RunSpec(dataset="blobs", dim=8, batch=32)
CLASS_WEIGHTS = RunSpec(dataset="blobs", loss="am_softmax", dim=8, batch=32, optimiser="sgd", rate=0.1)


def trained(spec: RunSpec = SMALL, steps: int = 6, n: int = 500) -> tuple[RunProgress, State]:
    """Train a run for `steps` steps; return its progress, with a frame at every other step, and its last state."""
    state = training.start(spec)
    frames: list[Frame] = [make_frame(state, n)]
    losses = []
    while state.step < steps:
        state = training.advance(state, steps=2)
        losses.append(state.losses)
        frames.append(make_frame(state, n, frames[-1].views))
    lines = references(spec, n)
    return RunProgress(
        spec, "paused", steps, 1.5, 0.0, tuple(frames), np.concatenate(losses), 1, lines, None, None
    ), state
