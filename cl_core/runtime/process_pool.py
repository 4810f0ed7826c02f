"""Worker processes of this machine."""

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
    """Worker processes that are started at the first task, and again after one has died.

    A death fails every task that the workers had; the next task starts a new set of workers.

    Args:
        size: number of workers; one a core by default.
        niceness: added to the workers' Unix niceness, 0 to 19, so that they stand back behind other processes.

    Attributes:
        size: number of workers.
        remote: whether some of them may be on another machine.
    """

    remote = False

    def __init__(self, size: int | None = None, niceness: int = 0) -> None:
        self.size = size or loky.cpu_count()
        self.niceness = niceness
        self._lock = threading.Lock()
        self._processes: loky.ProcessPoolExecutor | None = None

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Submit a task."""
        future: Future[Any]
        with self._lock:
            if self._processes is not None:
                try:
                    future = self._processes.submit(fn, *args, **kwargs)
                    return future
                except BrokenExecutor:
                    self._processes.shutdown(wait=False, kill_workers=True)
            self._processes = loky.ProcessPoolExecutor(
                max_workers=self.size,
                initializer=_initialise_worker,
                initargs=(os.getpid(), self.niceness),
                env={"OMP_NUM_THREADS": "1"},
            )
            future = self._processes.submit(fn, *args, **kwargs)
            return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers; with `cancel_futures` at once."""
        with self._lock:
            if self._processes is not None:
                self._processes.shutdown(wait=wait, kill_workers=cancel_futures)
                self._processes = None


def start_workers(pool: Executor) -> None:
    """Start the workers now, so that the first visitor's click does not wait for them."""
    pool.submit(os.getpid)


def prepare_worker() -> None:
    """Make this process fit for tasks: one thread for torch, data and code loaded."""
    torch.set_num_threads(1)  # two threads on busy cores are several times slower
    # an error in the data is reported by the run that asks for it
    with contextlib.suppress(Exception):
        spec = RunSpec()
        frames.make_frame(training.advance(training.start(spec), steps=2), 500)
        frames.references(spec, 2000)
    # loky collects garbage once a second; what is loaded by now stays, and need not be scanned each time
    gc.collect()
    gc.freeze()


def _initialise_worker(parent: int, niceness: int) -> None:
    """Prepare a new worker, and have it end when its parent does; Ctrl-C is the parent's to handle."""
    os.nice(niceness)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_with_parent, args=(parent,), daemon=True).start()
    prepare_worker()


def _exit_with_parent(parent: int) -> None:
    """End this process once its parent is gone, however that ended."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)
