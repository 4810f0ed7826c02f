"""A run that was saved, with all that is needed to resume it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cl_core.training.frames import Change, Frame, References
from cl_core.training.loop import State


@dataclass(frozen=True, eq=False)
class SavedRun:
    """A run at the moment when it was saved.

    Attributes:
        n: number of probe images in each frame.
        state: the newest state.
        frames: the saved frames, oldest first. Only the views of the last one have axes: the next frame's views are
            aligned with them.
        losses: (step,) float32, the loss at every step.
        empty: number of steps whose batch had no valid term.
        references: values to compare the run with.
        changes: of the settings while the run went on, oldest first; the state's spec has the newest.
    """

    n: int
    state: State
    frames: tuple[Frame, ...]
    losses: NDArray[np.float32]
    empty: int
    references: References
    changes: tuple[Change, ...] = ()
