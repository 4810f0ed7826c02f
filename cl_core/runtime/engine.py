"""Where training runs: in chunks, in worker processes, for as long as somebody is looking.

A page opens a `Run`, renews its lease at every tick and looks at what there is; one thread hands out the work of all
runs, which take turns. Anything with the interface of `concurrent.futures.Executor` will do for workers.
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
    """What there is to do.

    Attributes:
        runs: runs and races that somebody looks at.
        playing: how many of them train.
        waiting: pieces of work that wait for their turn.
        working: pieces of work that the workers have.
        size: workers; infinite where nobody knows.
        rate: steps a second, of all together; of a race, of one of its runs.
    """

    runs: int
    playing: int
    waiting: int
    working: int
    size: float
    rate: float


class Engine:
    """Hands out the work of all runs, each in its turn.

    Attributes:
        turns: where work is handed in that takes a moment.
        long: where work is handed in that can't be cut into pieces, so that nobody waits behind it.
    """

    def __init__(self, executor: Executor, long: Executor | None = None) -> None:
        self.queue = FairQueue(executor)
        self.long_queue = long or self.queue
        self._background = ThreadPoolExecutor(1, "background")
        self._changed = threading.Condition(threading.RLock())
        self._context = RuntimeContext(self._changed, self.queue, self._background, self._notify)
        self._runs: weakref.WeakSet[Run | Race] = weakref.WeakSet()
        self._news = False
        self._open = True
        self._thread = threading.Thread(target=self._drive, name="engine", daemon=True)
        self._thread.start()

    def open_run(self, spec: RunSpec, n: int = 2000, kept: SavedRun | None = None) -> Run:
        """A run of `spec`, paused at its first frame or where it was `kept`, looked at through `n` probe images.

        Raises ValueError where `n` is not one of `PROBES`.
        """
        if n not in PROBE_SIZES:
            raise ValueError(f"a picture shows one of {PROBE_SIZES} points, not {n}")
        run = Run(self._context, spec, n, f"run-{uuid.uuid4().hex[:12]}", self.queue.client(), kept)
        with self._changed:
            self._runs.add(run)
        run.renew_lease()
        return run

    def open_race(self, specs: Sequence[RunSpec], n: int = 500, seeds: int = 1) -> Race:
        """A race of `specs`, paused at its first frame; see `Race` for what it wants."""
        race = Race(self._context, specs, n, seeds)
        with self._changed:
            self._runs.add(race)
        race.renew_lease()
        return race

    def load(self) -> EngineLoad:
        """What there is to do right now, of everybody."""
        with self._changed:
            runs = [run for run in self._runs if run.has_lease]
            playing = [run for run in runs if run.playing]
            rate = sum(run.rate for run in playing)
        under_way, waiting = self.queue.counts
        return EngineLoad(len(runs), len(playing), waiting, under_way, self.queue.size, rate)

    def close(self) -> None:
        """Hand out nothing more, and return when nothing is being handed out."""
        with self._changed:
            self._open = False
            self._notify()
        self._thread.join()
        self._background.shutdown(cancel_futures=True)

    def _notify(self) -> None:
        """Wake the engine's thread; with the lock held."""
        self._news = True
        self._changed.notify()

    def _drive(self) -> None:
        with self._changed:
            while self._open:
                self._news = False
                now = time.monotonic()
                wait = min((run.schedule(now) for run in list(self._runs)), default=np.inf)
                if not self._news:  # what was done at once has told so by now
                    self._changed.wait(None if np.isinf(wait) else max(wait, 0.001))
