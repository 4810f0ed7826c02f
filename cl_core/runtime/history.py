"""History of a run: its frames, and the loss of every step."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cl_core.training import State
from cl_core.training.frames import Change, Frame, References
from cl_core.training.saved_run import SavedRun


@dataclass(eq=False)
class History:
    """The frames and losses of one run.

    Attributes:
        frames: oldest first; all but the newest without the axes of their views.
        empty: steps whose batch had no valid term.
        references: lines to draw beside the run; None until it has started.
        changes: of the settings, oldest first.
    """

    frames: list[Frame] = field(default_factory=list)
    empty: int = 0
    references: References | None = None
    changes: list[Change] = field(default_factory=list)
    _losses: list[NDArray[np.float32]] = field(default_factory=list)

    @classmethod
    def of(cls, saved: SavedRun) -> "History":
        """Return the history of a saved run."""
        return cls(list(saved.frames), saved.empty, saved.references, list(saved.changes), [saved.losses])

    @property
    def losses(self) -> NDArray[np.float32]:
        """The loss of every step so far, (steps,)."""
        return np.concatenate(self._losses) if self._losses else np.empty(0, np.float32)

    @property
    def last_step(self) -> int:
        """The step of the newest frame; -1 before there is one."""
        return self.frames[-1].step if self.frames else -1

    def add_frame(self, frame: Frame) -> None:
        """Append the newest frame; the one before it keeps only what is shown."""
        self.frames[-1:] = [*(previous.compacted() for previous in self.frames[-1:]), frame]

    def add_steps(self, state: State) -> None:
        """Append the losses of the steps that led to a state."""
        self._losses.append(state.losses)
        self.empty += state.empty

    def add_change(self, change: Change) -> None:
        """Note a change of the settings; of those at one step only the last one counts."""
        self.changes = [*(each for each in self.changes if each.step < change.step), change]

    def compact(self) -> None:
        """Join the losses, thousands of small arrays, into one."""
        self._losses = [self.losses]
