"""Storage of a run: its states in shared memory, and all of it on disk while no page looks at it."""

import time
import weakref
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from cl_core.data.errors import ExplainedError
from cl_core.runtime import temp_dirs
from cl_core.runtime.tasks import StateHandle
from cl_core.training.frames import Frame

SLOTS = 10  # of one run: for the newest state, states that wait for their frames, and those to come
IDLE_SECONDS = 5.0  # after the lease, before a run is spilled to disk
# of numpy.load and of the arrays that are taken from it
LOAD_ERRORS = (OSError, KeyError, ValueError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error)


class SpillLostError(ExplainedError):
    """A spilled run can no longer be read; the message is for the visitor."""


class RunStorage:
    """The files of one run; they are deleted with this object.

    Args:
        name: unique; names the files.
        executor: the run's workers.

    Attributes:
        slots: files in shared memory through which states travel to and from the workers; (None,) if there is no
            shared memory, or workers may be on another machine.
        spilled: whether the run is on disk: its frames have no points then, and its newest state has no vector.
        spilling: whether it is being written to disk.
    """

    def __init__(self, name: str, executor: Executor) -> None:
        remote = getattr(executor, "remote", False)
        memory = None if remote else temp_dirs.private_dir(temp_dirs.SHARED_MEMORY)
        self.slots = (None,) if memory is None else tuple(memory / f"{name}-{i}" for i in range(SLOTS))
        disk = temp_dirs.disk_dir()
        self._file = None if disk is None else disk / f"{name}.npz"
        self.spilled = self.spilling = False
        self._used_until = np.inf
        weakref.finalize(self, delete_files, (*self.slots, self._file))

    def free_slots(self, n: int, handles: Iterable[StateHandle | None]) -> list[Path | None]:
        """Return `n` slots that none of these states lies in; Nones if there are no slots."""
        if None in self.slots:
            return [None] * n
        taken = {handle.slot for handle in handles if handle}
        return [slot for slot in self.slots if slot not in taken][:n]

    def mark_used(self, until: float) -> None:
        """Keep the run in memory until `until`, in seconds of `time.monotonic()`, or until now if that is later."""
        self._used_until = max(until, time.monotonic())

    def seconds_until_spill(self, now: float) -> float:
        """Return in how many seconds the run is to be spilled: 0 for now, infinity if it is or cannot be."""
        if self.spilled or self.spilling or self._file is None:
            return np.inf
        return max(self._used_until + IDLE_SECONDS - now, 0.0)

    def write_copy(self, frames: Sequence[Frame], newest: StateHandle) -> bool:
        """Write frames and newest state to disk, which takes a while; return False if there was no room."""
        assert self._file is not None
        try:
            points = {f"points{k}": np.stack([frame.points[k] for frame in frames]) for k in frames[0].points}
            np.savez(self._file, allow_pickle=False, vector=newest.load().vector, **points)
        except (OSError, MemoryError):
            return False
        return True

    def discard_copy(self) -> None:
        """Discard the copy and restart the idle timer."""
        self.mark_used(self._used_until)
        self._delete_copy()

    def spill(self, frames: Sequence[Frame], newest: StateHandle) -> tuple[list[Frame], StateHandle]:
        """Return frames and state without their arrays, once `write_copy` has saved them."""
        self.spilled = True
        delete_files(self.slots)
        bare = StateHandle(replace(newest.state, vector=np.empty(0, np.float32)), None)
        return [replace(frame, points={}) for frame in frames], bare

    def restore(self, frames: Sequence[Frame], newest: StateHandle) -> tuple[list[Frame], StateHandle]:
        """Return frames and state with the arrays that are on disk.

        Args:
            frames: as `spill` returned them.
            newest: likewise.

        Raises:
            SpillLostError: the file is gone or damaged.
        """
        assert self._file is not None
        self.spilled = False
        try:
            with np.load(self._file, allow_pickle=False) as stored:
                state = replace(newest.state, vector=stored["vector"])
                points = {k: stored[f"points{k}"] for k in frames[0].views}
        except LOAD_ERRORS as error:
            raise SpillLostError(
                "While no page showed this run, its data was stored on the server's disk, and it cannot be read any "
                "more. Reset repeats the run."
            ) from error
        finally:
            self._delete_copy()
        restored = [replace(frame, points={k: part[i] for k, part in points.items()}) for i, frame in enumerate(frames)]
        return restored, StateHandle.store(state, self.slots[0])

    def _delete_copy(self) -> None:
        with suppress(OSError):
            delete_files([self._file])


def delete_files(files: Iterable[Path | None]) -> None:
    """Delete the files that exist."""
    for file in files:
        if file is not None:
            file.unlink(missing_ok=True)
