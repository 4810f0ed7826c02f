"""Workers of a Dask cluster, used instead of this machine's processes if its address is given.

A cluster is a scheduler and workers with one thread each, with this project's requirements and code:

    dask scheduler
    PYTHONPATH=. dask worker tcp://SCHEDULER:8786 --nworkers 4 --nthreads 1
    DASK_SCHEDULER_ADDRESS=tcp://SCHEDULER:8786 python -m cl_core.experiments run

When a worker is lost, the scheduler gives its tasks to another.
"""

import asyncio
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable
from concurrent import futures
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import Any

import cloudpickle  # type: ignore[import-untyped]

from cl_core.data.errors import ExplainedError
from cl_core.data.npz import plain_name, plain_reason
from cl_core.runtime import process_memory, process_pool

ADDRESS = "DASK_SCHEDULER_ADDRESS"  # the environment variable, Dask's own name for it
TIMEOUT = 5.0  # seconds for a scheduler to answer, and for a first worker to be there
NO_WORKERS_TIMEOUT = 60.0  # seconds that tasks wait if no worker is left
POLL_INTERVAL = 5.0  # seconds between two checks whether there are workers
START = "PYTHONPATH=. dask worker {} --nworkers auto --nthreads 1"


class ClusterError(ExplainedError, ConnectionError):
    """A cluster cannot be used; the message says why, and what to do."""


def make_executor(size: int | None = None, niceness: int = 0) -> "process_pool.ProcessPool | DaskCluster":
    """Return the cluster that `DASK_SCHEDULER_ADDRESS` names, or a pool of processes of this machine.

    Args:
        size: number of processes; one a core by default.
        niceness: as in `ProcessPool`.

    Raises:
        ClusterError: the cluster cannot be used.
    """
    address = os.environ.get(ADDRESS)
    if address:
        return DaskCluster(address)
    return process_pool.ProcessPool(size, niceness)


class DaskCluster(Executor):
    """The workers of a Dask scheduler.

    A task that repeatedly kills workers fails with ValueError. When the scheduler or all workers are lost, tasks under
    way fail with ClusterError, and so does `submit`.

    Args:
        address: of the scheduler, such as tcp://host:8786.

    Attributes:
        remote: whether some workers may be on another machine.

    Raises:
        ClusterError: the cluster cannot be used.
    """

    remote = True

    def __init__(self, address: str) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._running: dict[Future[Any], Any] = {}  # our futures -> Dask's
        self._open = True
        self._client = self._connect()
        threading.Thread(target=self._watch, name="cluster", daemon=True).start()

    @property
    def size(self) -> int:
        """Number of workers right now, at least 1."""
        return max(1, len(self._client.nthreads()))

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Submit a task.

        Raises:
            ClusterError: the scheduler cannot be reached.
        """
        packed = cloudpickle.dumps((_run_task, fn, args, kwargs))
        future: Future[Any] = Future()
        with self._lock:
            if self._client.status == "closed":  # the scheduler was away for longer than its client waits
                self._client = self._connect()
            if self._client.status != "running":
                raise self._unreachable()
            key = f"{fn.__name__}-{uuid.uuid4().hex}"
            dask_future = self._running[future] = self._client.submit(_unpacker(), packed, key=key, pure=False)
        future.add_done_callback(self._forget)
        dask_future.add_done_callback(lambda done: self._deliver(done, future))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Disconnect; the cluster stays, and tasks that its workers have are finished and their results dropped."""
        if wait and not cancel_futures:
            futures.wait(list(self._running))
        self._open = False
        for future in list(self._running):
            future.cancel()
        self._client.close()

    def _connect(self) -> Any:
        """Return a client of the scheduler, and have its workers prepare themselves."""
        import distributed  # imported late, as most servers have no cluster

        for name in ("distributed", "distributed.client"):  # errors are reported by ClusterError
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            with ThreadPoolExecutor(1) as thread:  # the caller's thread may run an event loop already
                thread.submit(asyncio.run, _check_answer(self._address)).result()
        except (OSError, ValueError, MemoryError) as error:
            silent, garbage = isinstance(error, TimeoutError), isinstance(error, MemoryError)
            language = "not in Dask's language" if garbage else plain_reason(error)
            reason = f"no answer for {TIMEOUT:g} s" if silent else language
            raise ClusterError(
                f"No Dask scheduler answers at {self._address}, which {ADDRESS} names ({reason}). "
                f"Start one there, correct the address, or unset {ADDRESS} to work on this machine."
            ) from None
        client = distributed.Client(self._address, timeout=TIMEOUT, set_as_default=False)
        try:
            client.wait_for_workers(1, timeout=TIMEOUT)
            threads = client.nthreads()
            if max(threads.values()) > 1:  # they would share torch's threads, and each other's memory peak
                raise ClusterError(f"Dask workers need one thread each: {START.format(self._address)}")
        except (OSError, ValueError) as error:  # a TimeoutError is an OSError
            client.close()
            if isinstance(error, ClusterError):
                raise
            raise ClusterError(
                f"The Dask scheduler at {self._address} has no workers. Start some in the project's folder: "
                f"{START.format(self._address)}"
            ) from None
        packed = cloudpickle.dumps((_prepare,))
        for worker in threads:
            distributed.fire_and_forget(client.submit(_unpacker(), packed, workers=worker, pure=False))
        return client

    def _forget(self, done: "Future[Any]") -> None:
        dask_future = self._running.pop(done)
        if done.cancelled():
            done.set_running_or_notify_cancel()  # wakes those that wait for it
        if dask_future.status == "pending" and self._client.status == "running":
            dask_future.cancel()

    def _deliver(self, dask_future: Any, future: "Future[Any]") -> None:
        """Set a task's outcome on its future, as any executor would; in Dask's thread."""
        from distributed.scheduler import KilledWorker

        failure: BaseException | None = None
        result = None
        try:
            result = dask_future.result()
        except KilledWorker as error:
            failure = ExplainedError(
                f"{error.allowed_failures + 1} workers of the cluster died over it, one after the other; they may be "
                "out of memory. Try a smaller batch, or fewer images."
            )
        except CancelledError:
            lost = self._client.status != "running"
            failure = self._unreachable() if lost else BrokenExecutor("the cluster's workers were restarted")
        except ModuleNotFoundError as error:
            failure = ClusterError(
                f"A worker of the cluster lacks the module {plain_name(error.name or '?')}. Start workers in the "
                f"project's folder, with its requirements: {START.format(self._address)}"
            )
        except BaseException as error:
            failure = error
        with suppress(futures.InvalidStateError):  # cancelled meanwhile
            if failure is None:
                future.set_result(result)
            else:
                future.set_exception(failure)

    def _watch(self) -> None:
        """Fail the tasks under way when there has been no worker for long; Dask itself would wait for ever."""
        last_seen = time.monotonic()
        while self._open:
            time.sleep(POLL_INTERVAL)
            with suppress(Exception):  # a lost scheduler is noticed elsewhere
                if self._client.nthreads() or not self._running:
                    last_seen = time.monotonic()
            if time.monotonic() - last_seen > NO_WORKERS_TIMEOUT and self._client.status == "running":
                for future in list(self._running):
                    with suppress(futures.InvalidStateError):
                        future.set_exception(
                            ClusterError(
                                f"The Dask scheduler at {self._address} has lost all its workers. Start some again: "
                                f"{START.format(self._address)}"
                            )
                        )

    def _unreachable(self) -> ClusterError:
        return ClusterError(f"The Dask scheduler at {self._address} cannot be reached any more.")


async def _check_answer(address: str) -> None:
    """Shake hands with a scheduler; a client would wait for ever for a peer that accepts and stays silent."""
    from distributed import Security
    from distributed.comm.core import connect

    security = Security().get_connection_args("client")
    async with asyncio.timeout(TIMEOUT):
        (await connect(address, timeout=TIMEOUT, **security)).abort()


def _unpacker() -> Callable[[bytes], Any]:
    """Return a function that travels by value, not by name, so that the scheduler needs none of this project's code."""

    def unpack_and_run(packed: bytes) -> Any:
        import pickle

        task, *arguments = pickle.loads(packed)
        return task(*arguments)

    return unpack_and_run


_one_task = threading.Lock()  # a worker that joined later may have several threads all the same


def _run_task(task: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a task in a worker, and no other at the same time."""
    with _one_task:
        _prepare()
        return task(*args, **kwargs)


@cache
def _prepare() -> None:
    """Make a worker as fast as one of this machine's own; once."""
    if "MALLOC_TRIM_THRESHOLD_" in os.environ:
        # Dask's nanny has malloc return memory at once, which doubles the time of a training step
        process_memory.keep_freed_memory()
    process_pool.prepare_worker()
