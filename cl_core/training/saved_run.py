"""A run as it is kept in a file, and as it is taken up again."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cl_core.training.frames import Frame, References
from cl_core.training.loop import State


@dataclass(frozen=True, eq=False)
class SavedRun:
    """A run as it was when it was kept.

    Attributes:
        n: how many probe images its frames show.
        state: its newest state.
        frames: oldest first; only the last one's views have axes, from which the next frame's are turned.
        losses: (step,) float32, of every step.
        empty: steps whose batch had no valid term.
        references: lines to draw beside it.
    """

    n: int
    state: State
    frames: tuple[Frame, ...]
    losses: NDArray[np.float32]
    empty: int
    references: References
