"""Tasks that worker processes run, and the state that travels between them."""

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cl_core import training
from cl_core.analysis.projection import View
from cl_core.training import RunSpec, State, frames
from cl_core.training.frames import Frame, References


@dataclass(frozen=True, eq=False)
class StateHandle:
    """A state between two pieces of work; where there is a `slot`, its vector lies in that file instead of in it.

    Through a pipe a state costs the server ten milliseconds and more, through shared memory less than one.
    """

    state: State
    slot: Path | None

    @classmethod
    def store(cls, state: State, slot: Path | None) -> "StateHandle":
        """Put a state's vector into its slot; where there is no room for it, it travels whole."""
        if slot is None:
            return cls(state, None)
        try:
            with slot.open("wb") as file:  # numpy's own `tofile` does not say when the last bytes found no room
                file.write(state.vector.data)
        except OSError:
            with contextlib.suppress(OSError):
                slot.unlink(missing_ok=True)
            return cls(state, None)
        return cls(replace(state, vector=np.empty(0, np.float32)), slot)

    def load(self) -> State:
        """The whole state again."""
        return self.state if self.slot is None else replace(self.state, vector=np.fromfile(self.slot, np.float32))


def start_run(spec: RunSpec, n: int, slot: Path | None, probe: bool) -> tuple[StateHandle, Frame, References]:
    """The first state of a run, its first frame (with a linear `probe`?), and the lines to draw beside it."""
    state = training.start(spec)
    return StateHandle.store(state, slot), frames.make_frame(state, n, probe=probe), frames.references(spec, n)


def train_chunk(
    parcel: StateHandle, goals: Sequence[int], seconds: float, slots: Sequence[Path | None]
) -> list[StateHandle]:
    """Take a run further, to each of the steps `goals` in turn, for so many seconds in all.

    Returns the states at the goals that were reached, and last the one at which time was up, each in a slot of its own.
    """
    end = time.monotonic() + seconds
    state, reached = parcel.load(), []
    for goal, slot in zip(goals, slots, strict=True):
        left = max(end - time.monotonic(), 0.0)
        state = training.advance(state, steps=goal - state.step, seconds=left)
        reached.append(StateHandle.store(state, slot))
        if state.step < goal or time.monotonic() >= end:
            break
    return reached


def draw_frame(parcel: StateHandle, n: int, previous: dict[int, View] | None, probe: bool) -> Frame:
    """The frame of a state, in line with the views of the frame before, with a linear `probe` or without."""
    return frames.make_frame(parcel.load(), n, previous, probe=probe)
