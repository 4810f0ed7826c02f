"""Where a run lies: its states in memory that workers share, and all of it on the disk while nobody looks."""

import time
import weakref
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from cl_core.data import npz
from cl_core.runtime import temp_dirs
from cl_core.runtime.tasks import StateHandle
from cl_core.training.frames import Frame

SLOTS = 10  # of a run: for states that wait for their frames, the newest, and those to come
IDLE_SECONDS = 5.0  # seconds that a run which is no longer looked at stays in memory


class SpillLostError(ValueError):
    """What was laid by can't be read any more; said in words."""


class RunStorage:
    """The place of one run, which goes with it.

    Attributes:
        slots: the files between which the run goes back and forth to an executor's workers; (None,) where there is no
            shared memory, or where the workers may be too `far` away to see it.
        holds: whether the run is laid by: its frames have no points then, and its newest state no vector.
        leaving: whether it is being laid by.
    """

    def __init__(self, name: str, executor: Executor) -> None:
        memory = None if getattr(executor, "remote", False) else temp_dirs.private_dir(temp_dirs.SHARED_MEMORY)
        self.slots = (None,) if memory is None else tuple(memory / f"{name}-{i}" for i in range(SLOTS))
        disk = temp_dirs.disk_dir()
        self._file = None if disk is None else disk / f"{name}.npz"
        self.spilled = self.spilling = False
        self._since = np.inf
        weakref.finalize(self, delete_files, (*self.slots, self._file))

    def free_slots(self, n: int, parcels: Iterable[StateHandle | None]) -> list[Path | None]:
        """So many slots in which none of these parcels lies."""
        if None in self.slots:
            return [None] * n
        taken = {parcel.slot for parcel in parcels if parcel}
        return [slot for slot in self.slots if slot not in taken][:n]

    def mark_used(self, until: float) -> None:
        """The run is looked at, until some moment of time.monotonic() at least."""
        self._since = max(until, time.monotonic())

    def seconds_until_spill(self, now: float) -> float:
        """In how many seconds the run is to be laid by; 0 if now."""
        nothing = self.spilled or self.spilling or self._file is None
        return np.inf if nothing else max(self._since + IDLE_SECONDS - now, 0.0)

    def write_copy(self, frames: Sequence[Frame], newest: StateHandle) -> bool:
        """Write a run's frames and newest state to the disk; whether there was room. It takes a while."""
        assert self._file is not None
        try:
            parts = {f"points{k}": np.stack([frame.points[k] for frame in frames]) for k in frames[0].points}
            np.savez(self._file, allow_pickle=False, vector=newest.load().vector, **parts)
        except (OSError, MemoryError):
            return False
        return True

    def discard_copy(self) -> None:
        """Do without a copy, for a while at least."""
        self.mark_used(self._since)
        self._discard()

    def spill(self, frames: Sequence[Frame], newest: StateHandle) -> tuple[list[Frame], StateHandle]:
        """What is left to hold of a run of which there is a `copy`."""
        self.spilled = True
        delete_files(self.slots)
        bare = StateHandle(replace(newest.state, vector=np.empty(0, np.float32)), None)
        return [replace(frame, points={}) for frame in frames], bare

    def restore(self, frames: Sequence[Frame], newest: StateHandle) -> tuple[list[Frame], StateHandle]:
        """What lies on the disk, put into what `lay_by` had left; raises Lost where it is gone or damaged."""
        assert self._file is not None
        self.spilled = False
        try:
            with np.load(self._file, allow_pickle=False) as stored:
                state = replace(newest.state, vector=stored["vector"])
                points = {k: stored[f"points{k}"] for k in frames[0].views}
        except (KeyError, *npz.DAMAGE_ERRORS) as error:
            raise SpillLostError(
                "What this run had shown lay on the server's disk while nobody looked, and can't be read any more. "
                "Reset makes the same run again."
            ) from error
        finally:
            self._discard()
        shown = [replace(frame, points={k: part[i] for k, part in points.items()}) for i, frame in enumerate(frames)]
        return shown, StateHandle.store(state, self.slots[0])

    def _discard(self) -> None:
        with suppress(OSError):
            delete_files([self._file])


def delete_files(files: Iterable[Path | None]) -> None:
    """Delete files that lie on a shelf."""
    for file in files:
        if file is not None:
            file.unlink(missing_ok=True)
