"""Tasks that workers run for a run, and the state that travels between them."""

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
    """A training state between two tasks.

    Through a pipe a state costs the server ten milliseconds and more, through shared memory less than one.

    Attributes:
        state: the state; without its vector if there is a slot.
        slot: file in shared memory that holds the vector; None if the state holds it itself.
    """

    state: State
    slot: Path | None

    @classmethod
    def store(cls, state: State, slot: Path | None) -> "StateHandle":
        """Write a state's vector into a slot; keep it in the state if there is no slot or no room."""
        if slot is None:
            return cls(state, None)
        try:
            with slot.open("wb") as file:  # NumPy's `tofile` does not report that the last bytes found no room
                file.write(state.vector.data)
        except OSError:
            with contextlib.suppress(OSError):
                slot.unlink(missing_ok=True)
            return cls(state, None)
        return cls(replace(state, vector=np.empty(0, np.float32)), slot)

    def load(self) -> State:
        """Return the state with its vector."""
        return self.state if self.slot is None else replace(self.state, vector=np.fromfile(self.slot, np.float32))


def start_run(spec: RunSpec, n: int, slot: Path | None, probe: bool) -> tuple[StateHandle, Frame, References]:
    """Start a run.

    Args:
        spec: what to train.
        n: number of probe images in a frame.
        slot: where to store the state.
        probe: whether to fit a linear probe too.

    Returns:
        The first state, its frame, and the lines to draw beside the run.
    """
    state = training.start(spec)
    return StateHandle.store(state, slot), frames.make_frame(state, n, probe=probe), frames.references(spec, n)


def train_chunk(
    handle: StateHandle, frame_steps: Sequence[int], seconds: float, slots: Sequence[Path | None]
) -> list[StateHandle]:
    """Train until all of `frame_steps` are reached or the time is up.

    Args:
        handle: where to start.
        frame_steps: steps to stop at and store a state, ascending.
        seconds: of wall-clock time for all of it.
        slots: where to store the states, one for each of `frame_steps`.

    Returns:
        The states at the steps that were reached; the last one may lie before its step, where the time was up.
    """
    end = time.monotonic() + seconds
    state, reached = handle.load(), []
    for step, slot in zip(frame_steps, slots, strict=True):
        left = max(end - time.monotonic(), 0.0)
        state = training.advance(state, steps=step - state.step, seconds=left)
        reached.append(StateHandle.store(state, slot))
        if state.step < step or time.monotonic() >= end:
            break
    return reached


def measure_references(spec: RunSpec, n: int) -> References:
    """Compute the lines to draw beside a run; arguments as for `frames.references`."""
    return frames.references(spec, n)


def draw_frame(handle: StateHandle, n: int, previous: dict[int, View] | None, probe: bool) -> Frame:
    """Make the frame of a state.

    Args:
        handle: the state.
        n: number of probe images in the frame.
        previous: the views of the frame before, with which this one is aligned.
        probe: whether to fit a linear probe too.
    """
    return frames.make_frame(handle.load(), n, previous, probe=probe)
