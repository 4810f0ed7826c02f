"""The worker processes of this machine, and the pieces of work that workers anywhere are asked to do."""

import contextlib
import gc
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import loky
import numpy as np
import torch

from cl_core import frames, training
from cl_core.frames import Frame, References
from cl_core.training import RunSpec, State
from cl_core.view import View


@dataclass(frozen=True, eq=False)
class Parcel:
    """A state between two pieces of work; where there is a `slot`, its vector lies in that file instead of in it.

    Through a pipe a state costs the server ten milliseconds and more, through shared memory less than one.
    """

    state: State
    slot: Path | None

    @classmethod
    def pack(cls, state: State, slot: Path | None) -> "Parcel":
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

    def unpack(self) -> State:
        """The whole state again."""
        return self.state if self.slot is None else replace(self.state, vector=np.fromfile(self.slot, np.float32))


def begin(spec: RunSpec, n: int, slot: Path | None, probe: bool) -> tuple[Parcel, Frame, References]:
    """The first state of a run, its first frame (with a linear `probe`?), and the lines to draw beside it."""
    state = training.start(spec)
    return Parcel.pack(state, slot), frames.frame(state, n, probe=probe), frames.references(spec, n)


def train(parcel: Parcel, goals: Sequence[int], seconds: float, slots: Sequence[Path | None]) -> list[Parcel]:
    """Take a run further, to each of the steps `goals` in turn, for so many seconds in all.

    Returns the states at the goals that were reached, and last the one at which time was up, each in a slot of its own.
    """
    end = time.monotonic() + seconds
    state, reached = parcel.unpack(), []
    for goal, slot in zip(goals, slots, strict=True):
        left = max(end - time.monotonic(), 0.0)
        state = training.advance(state, steps=goal - state.step, seconds=left)
        reached.append(Parcel.pack(state, slot))
        if state.step < goal or time.monotonic() >= end:
            break
    return reached


def draw(parcel: Parcel, n: int, previous: dict[int, View] | None, probe: bool) -> Frame:
    """The frame of a state, in line with the views of the frame before, with a linear `probe` or without."""
    return frames.frame(parcel.unpack(), n, previous, probe=probe)


class Pool(Executor):
    """The worker processes of this machine: started at the first call, and again when one has died.

    A death fails every piece of work that was handed out; the next one handed in finds a new set of workers.

    Attributes:
        size: how many there are; one a core by default.
        kindness: how far they stand back behind other processes of the machine, 0 to 19, as in Unix's `nice`.
        far: whether some of them may be on another machine.
    """

    far = False

    def __init__(self, size: int | None = None, kindness: int = 0) -> None:
        self.size = size or loky.cpu_count()
        self.kindness = kindness
        self._lock = threading.Lock()
        self._processes: loky.ProcessPoolExecutor | None = None

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """Hand in a piece of work."""
        with self._lock:
            if self._processes is not None:
                try:
                    return self._processes.submit(task, *arguments, **named)
                except BrokenExecutor:
                    self._processes.shutdown(wait=False, kill_workers=True)
            self._processes = loky.ProcessPoolExecutor(
                max_workers=self.size,
                initializer=_prepare,
                initargs=(os.getpid(), self.kindness),
                env={"OMP_NUM_THREADS": "1"},
            )
            return self._processes.submit(task, *arguments, **named)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers."""
        with self._lock:
            if self._processes is not None:
                self._processes.shutdown(wait=wait, kill_workers=cancel_futures)
                self._processes = None


def warm(pool: Executor) -> None:
    """Start the workers, so that nobody's first click waits for them."""
    pool.submit(os.getpid)


def _prepare(parent: int, kindness: int) -> None:
    """Make a new worker of this machine ready, with an eye on its parent, whose business Ctrl-C is."""
    os.nice(kindness)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_outlive_not, args=(parent,), daemon=True).start()
    make_ready()


def make_ready() -> None:
    """Make this process a worker: one thread for torch, and everything loaded."""
    torch.set_num_threads(1)  # two on busy cores are several times slower
    # whatever is wrong with the data is reported by the run that asks for it
    with contextlib.suppress(Exception):
        spec = RunSpec()
        frames.frame(training.advance(training.start(spec), steps=2), 500)
        frames.references(spec, 2000)
    # loky, for one, collects garbage once a second; what is loaded by now stays and need not be looked at each time
    gc.collect()
    gc.freeze()


def _outlive_not(parent: int) -> None:
    """End this process when its parent is gone, however it went."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


DEATHS = (BrokenExecutor, CancelledError, loky.process_executor.ShutdownExecutorError)  # of a worker, as heard of


def starved(error: BaseException) -> bool:
    """Whether a piece of work failed for want of memory; torch says so in an error of no kind of its own."""
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "allocate memory" in str(error))


def in_words(error: BaseException) -> str:
    """What to tell a visitor of an error in a piece of work."""
    return str(error) if isinstance(error, (ValueError, ConnectionError)) else f"{type(error).__name__}: {error}"
