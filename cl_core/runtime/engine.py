"""The engine: submits the tasks of all runs and races to the workers, one small piece at a time.

A page opens a run, renews its lease at every tick and reads its progress. One thread submits the next task of each run;
the queue decides whose task is next. The workers are any `concurrent.futures.Executor`.
"""

import threading
import time
import uuid
import weakref
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from cl_core.runtime.context import RuntimeContext
from cl_core.runtime.fair_queue import FairQueue
from cl_core.runtime.race import Race
from cl_core.runtime.run import Run
from cl_core.training import RunSpec
from cl_core.training.frames import PROBE_SIZES
from cl_core.training.saved_run import SavedRun


@dataclass(frozen=True)
class EngineLoad:
    """What an engine has to do.

    Attributes:
        runs: runs and races with a lease.
        playing: how many of them train.
        waiting: tasks that wait in the queue.
        working: tasks that the workers have.
        size: number of workers; infinite if unknown.
        rate: steps per second of all together; of a race, of one of its runs.
    """

    runs: int
    playing: int
    waiting: int
    working: int
    size: float
    rate: float


class Engine:
    """Submits the tasks of all runs and races.

    Args:
        executor: the workers.
        long: workers for tasks of minutes that cannot be cut into pieces; by default `executor`'s.

    Attributes:
        queue: takes tasks of some seconds at most, those that a page waits for among them.
        long_queue: takes tasks of any length, so that nothing waits behind them.
    """

    def __init__(self, executor: Executor, long: Executor | None = None) -> None:
        self.queue = FairQueue(executor)
        self.long_queue = long or self.queue
        self._background = ThreadPoolExecutor(1, "background")
        self._changed = threading.Condition(threading.RLock())
        self._context = RuntimeContext(self._changed, self.queue, self._background, self._notify)
        self._playbacks: weakref.WeakSet[Run | Race] = weakref.WeakSet()
        self._notified = False
        self._open = True
        self._thread = threading.Thread(target=self._loop, name="engine", daemon=True)
        self._thread.start()

    def open_run(self, spec: RunSpec, n: int = 2000, saved: SavedRun | None = None) -> Run:
        """Open a run, paused at its first frame or where it was saved.

        Args:
            spec: what to train.
            n: number of probe images in each frame, one of `PROBE_SIZES`.
            saved: where to continue.

        Raises:
            ValueError: `n` is not one of `PROBE_SIZES`.
        """
        if n not in PROBE_SIZES:
            raise ValueError(f"a picture shows one of {PROBE_SIZES} points, not {n}")
        run = Run(self._context, spec, n, f"run-{uuid.uuid4().hex[:12]}", self.queue.client(), saved)
        with self._changed:
            self._playbacks.add(run)
        run.renew_lease()
        return run

    def open_race(self, specs: Sequence[RunSpec], n: int = 500, seeds: int = 1) -> Race:
        """Open a race, paused at its first frame; arguments and errors as for `Race`."""
        race = Race(self._context, specs, n, seeds)
        with self._changed:
            self._playbacks.add(race)
        race.renew_lease()
        return race

    def find(self, name: str) -> Run | Race | None:
        """Return the open run or race of a name; None if there is none any more."""
        with self._changed:
            return next((playback for playback in self._playbacks if playback.name == name and playback.is_open), None)

    def load(self) -> EngineLoad:
        """Return the current load of all sessions together."""
        with self._changed:
            leased = [playback for playback in self._playbacks if playback.has_lease]
            playing = [playback for playback in leased if playback.playing]
            rate = sum(playback.rate for playback in playing)
        working, waiting = self.queue.counts
        return EngineLoad(len(leased), len(playing), waiting, working, self.queue.size, rate)

    def close(self) -> None:
        """Submit nothing more, and return when the engine's thread has ended."""
        with self._changed:
            self._open = False
            self._notify()
        self._thread.join()
        self._background.shutdown(cancel_futures=True)

    def _notify(self) -> None:
        """Wake the engine's thread; lock held."""
        self._notified = True
        self._changed.notify()

    def _loop(self) -> None:
        with self._changed:
            while self._open:
                self._notified = False
                now = time.monotonic()
                delay = min((playback.schedule(now) for playback in list(self._playbacks)), default=np.inf)
                if not self._notified:  # a task that was done at once has notified by now
                    self._changed.wait(None if np.isinf(delay) else max(delay, 0.001))
