"""History and newest state of a run, in memory while a page looks at it and spilled to disk when none does."""

import time
from collections import deque
from pathlib import Path

import numpy as np

from cl_core.runtime import errors, process_memory, spill
from cl_core.runtime.context import RuntimeContext
from cl_core.runtime.history import History
from cl_core.runtime.playback import Playback
from cl_core.runtime.tasks import StateHandle
from cl_core.training import RunSpec, State
from cl_core.training.frames import Frame


class StoredRun(Playback):
    """What a run has come to.

    Args:
        context: what the engine shares with its runs.
        spec: what is trained.
        n: number of probe images in each frame.
        name: unique; names the run's files.

    Attributes:
        history: frames and losses so far; read it with the engine's lock held.
    """

    def __init__(self, context: RuntimeContext, spec: RunSpec, n: int, name: str) -> None:
        super().__init__(context)
        self.spec = spec
        self.n, self.name = n, name
        self.history = History()
        self._newest: StateHandle | None = None
        self._undrawn: deque[StateHandle] = deque()  # states that wait for their frames
        self._failure: str | None = None
        self._storage = spill.RunStorage(name, context.queue)

    def renew_lease(self, times: float = 1.0) -> None:
        """Renew the lease, and restore the run if it was spilled; see `Playback.renew_lease`."""
        with self._context.changed:
            super().renew_lease(times)
            self._restore()

    @property
    def state(self) -> State | None:
        """Its newest state; None before there is one."""
        with self._context.changed:  # without the lock the state's slot could be reused while it is read
            self._restore()
            return self._newest.load() if self._newest else None

    @property
    def failed(self) -> bool:
        """Whether an error ended it."""
        return self._failure is not None

    @property
    def steps_done(self) -> int:
        """Steps of its newest state; 0 before there is one."""
        return self._newest.state.step if self._newest else 0

    # The rest runs in the engine's thread or in the background, with the engine's lock held where not said otherwise.

    def _fail(self, reason: str) -> None:
        self._failure, self._playing = reason, False

    def _slots(self, n: int) -> list[Path | None]:
        """Return `n` slots that hold neither the newest state nor one that waits for its frame."""
        return self._storage.free_slots(n, (self._newest, *self._undrawn))

    def _spill_when_idle(self, now: float) -> float:
        """Spill in the background once the lease has ended long enough ago; return the seconds until then."""
        if not self.history.frames or self._newest is None:
            return np.inf
        delay = self._storage.seconds_until_spill(now)
        if not delay:
            self._storage.spilling = True
            self._context.background.submit(self._spill, tuple(self.history.frames), self._newest)
        return delay or np.inf

    def _spill(self, frames: tuple[Frame, ...], newest: StateHandle) -> None:
        """Write a copy without holding the lock, then drop the arrays unless the run has changed or was used since."""
        copied = self._storage.write_copy(frames, newest)
        with self._context.changed:
            self._storage.spilling = False
            unchanged = self._newest is newest and tuple(self.history.frames) == frames
            if copied and unchanged and not self._storage.seconds_until_spill(time.monotonic()):
                self.history.frames, self._newest = self._storage.spill(frames, newest)
                self.history.compact()
            else:
                self._storage.discard_copy()
            self._context.notify()
        process_memory.malloc_trim()

    def _restore(self) -> None:
        """Read the run back if it was spilled, and keep it in memory for a while."""
        self._storage.mark_used(self._lease_end)
        if self._storage.spilled and self._newest is not None:
            try:
                self.history.frames, self._newest = self._storage.restore(self.history.frames, self._newest)
            except spill.SpillLostError as error:
                self._newest, self.history.frames = None, []
                self._fail(errors.describe_error(error))
