"""The worker processes of this machine, and the pieces of work that workers anywhere are asked to do."""

import contextlib
import gc
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import Any

import loky
import torch

from cl_core import training
from cl_core.training import RunSpec, frames


class ProcessPool(Executor):
    """The worker processes of this machine: started at the first call, and again when one has died.

    A death fails every piece of work that was handed out; the next one handed in finds a new set of workers.

    Attributes:
        size: how many there are; one a core by default.
        niceness: how far they stand back behind other processes of the machine, 0 to 19, as in Unix's `nice`.
        remote: whether some of them may be on another machine.
    """

    remote = False

    def __init__(self, size: int | None = None, niceness: int = 0) -> None:
        self.size = size or loky.cpu_count()
        self.niceness = niceness
        self._lock = threading.Lock()
        self._processes: loky.ProcessPoolExecutor | None = None

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """Hand in a piece of work."""
        with self._lock:
            future: Future[Any]
            if self._processes is not None:
                try:
                    future = self._processes.submit(task, *arguments, **named)
                    return future
                except BrokenExecutor:
                    self._processes.shutdown(wait=False, kill_workers=True)
            self._processes = loky.ProcessPoolExecutor(
                max_workers=self.size,
                initializer=_initialise_worker,
                initargs=(os.getpid(), self.niceness),
                env={"OMP_NUM_THREADS": "1"},
            )
            future = self._processes.submit(task, *arguments, **named)
            return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers."""
        with self._lock:
            if self._processes is not None:
                self._processes.shutdown(wait=wait, kill_workers=cancel_futures)
                self._processes = None


def start_workers(pool: Executor) -> None:
    """Start the workers, so that nobody's first click waits for them."""
    pool.submit(os.getpid)


def _initialise_worker(parent: int, niceness: int) -> None:
    """Make a new worker of this machine ready, with an eye on its parent, whose business Ctrl-C is."""
    os.nice(niceness)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, args=(parent,), daemon=True).start()
    prepare_worker()


def prepare_worker() -> None:
    """Make this process a worker: one thread for torch, and everything loaded."""
    torch.set_num_threads(1)  # two on busy cores are several times slower
    # whatever is wrong with the data is reported by the run that asks for it
    with contextlib.suppress(Exception):
        spec = RunSpec()
        frames.make_frame(training.advance(training.start(spec), steps=2), 500)
        frames.references(spec, 2000)
    # loky, for one, collects garbage once a second; what is loaded by now stays and need not be looked at each time
    gc.collect()
    gc.freeze()


def _exit_with_parent(parent: int) -> None:
    """End this process when its parent is gone, however it went."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)
