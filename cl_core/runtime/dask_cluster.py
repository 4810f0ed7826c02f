"""Where work is done: in this machine's processes, or by the workers of a Dask cluster whose address is given.

A cluster is a scheduler and workers of one thread each, with this project's requirements; workers need its code too:

dask scheduler
PYTHONPATH=. dask worker tcp://SCHEDULER:8786 --nworkers 4 --nthreads 1
DASK_SCHEDULER_ADDRESS=tcp://SCHEDULER:8786 python -m cl_core.experiments run

What a worker was at when it was lost, the scheduler gives to another.
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

from cl_core.runtime import process_memory, process_pool

ADDRESS = "DASK_SCHEDULER_ADDRESS"  # Dask's own name for it
PATIENCE = 5.0  # seconds for a scheduler to answer, and as many for a first worker to be there
LONELY = 60.0  # seconds that work waits for a worker to come, where there is none
LOOK = 5.0  # seconds between two looks at whether there is one
START = "PYTHONPATH=. dask worker {} --nworkers auto --nthreads 1"


class ClusterError(ConnectionError):
    """A cluster can't be worked with; the message says in words why, and what to do."""


def make_executor(size: int | None = None, niceness: int = 0) -> "process_pool.ProcessPool | DaskCluster":
    """Return the cluster that `DASK_SCHEDULER_ADDRESS` names, or a pool of `size` processes of this machine.

    Args:
        size: worker processes; one a core by default.
        niceness: as in `ProcessPool`.

    Raises:
        ClusterError: the cluster cannot be used.
    """
    address = os.environ.get(ADDRESS)
    if address:
        return DaskCluster(address)
    return process_pool.ProcessPool(size, niceness)


class DaskCluster(Executor):
    """The workers of the Dask scheduler at `address`.

    Raises ClusterError where they can't be worked with: when it's made, when work is handed in, and as the outcome of
    work that is under way then. Work that ends one worker after another comes to a ValueError.

    Attributes:
        remote: whether some workers may be on another machine.
    """

    remote = True

    def __init__(self, address: str) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._out: dict[Future[Any], Any] = {}  # what is under way, as we call it and as Dask does
        self._open = True
        self._client = self._connected()
        threading.Thread(target=self._watch, name="cluster", daemon=True).start()

    @property
    def size(self) -> int:
        """How many workers there are right now, but 1 at least."""
        return max(1, len(self._client.nthreads()))

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """Hand in a piece of work."""
        packed = cloudpickle.dumps((_work, task, arguments, named))
        future: Future[Any] = Future()
        with self._lock:
            if self._client.status == "closed":  # a scheduler was away for longer than its client waits
                self._client = self._connected()
            if self._client.status != "running":
                raise self._gone()
            key = f"{task.__name__}-{uuid.uuid4().hex}"
            handed = self._out[future] = self._client.submit(_opener(), packed, key=key, pure=False)
        future.add_done_callback(self._forget)
        handed.add_done_callback(lambda done: self._pass_on(done, future))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the cluster, which stays; what its workers are at then they finish for nobody."""
        if wait and not cancel_futures:
            futures.wait(list(self._out))
        self._open = False
        for future in list(self._out):
            future.cancel()
        self._client.close()

    def _connected(self) -> Any:
        """A client of the scheduler, with workers that are on their way to be ready."""
        import distributed  # here, as most have no cluster to wait for

        for name in ("distributed", "distributed.client"):  # what goes wrong is said in our words
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            with ThreadPoolExecutor(1) as apart:  # this thread may have an event loop of its own
                apart.submit(asyncio.run, _greet(self._address)).result()
        except (OSError, ValueError, MemoryError) as error:
            silent, strange = isinstance(error, TimeoutError), isinstance(error, MemoryError)
            reason = f"silence for {PATIENCE:g} s" if silent else "not in Dask's language" if strange else error
            raise ClusterError(
                f"No Dask scheduler answers at {self._address}, which {ADDRESS} names ({reason}). "
                f"Start one there, correct the address, or unset {ADDRESS} to work on this machine."
            ) from None
        client = distributed.Client(self._address, timeout=PATIENCE, set_as_default=False)
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
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
        packed = cloudpickle.dumps((_ready,))
        for worker in threads:
            distributed.fire_and_forget(client.submit(_opener(), packed, workers=worker, pure=False))
        return client

    def _forget(self, ended: "Future[Any]") -> None:
        handed = self._out.pop(ended)
        if ended.cancelled():
            ended.set_running_or_notify_cancel()  # whoever waits for it hears of it only then
        if handed.status == "pending" and self._client.status == "running":
            handed.cancel()

    def _pass_on(self, handed: Any, future: "Future[Any]") -> None:
        """What became of a piece of work, as any executor would say it; in Dask's thread."""
        from distributed.scheduler import KilledWorker

        failure: BaseException | None = None
        answer = None
        try:
            answer = handed.result()
        except KilledWorker as error:
            failure = ValueError(
                f"{error.allowed_failures + 1} workers of the cluster died over it, one after the other; they may be "
                "out of memory"
            )
        except CancelledError:
            lost = self._client.status != "running"
            failure = self._gone() if lost else BrokenExecutor("the cluster's workers were restarted")
        except ModuleNotFoundError as error:
            failure = ClusterError(
                f"A worker of the cluster can't find what it needs ({error}). Start workers in the project's folder, "
                f"with its requirements: {START.format(self._address)}"
            )
        except BaseException as error:
            failure = error
        with suppress(futures.InvalidStateError):  # cancelled meanwhile
            if failure is None:
                future.set_result(answer)
            else:
                future.set_exception(failure)

    def _watch(self) -> None:
        """End what is under way when no worker has been there for long; Dask itself would wait for ever."""
        seen = time.monotonic()
        while self._open:
            time.sleep(LOOK)
            with suppress(Exception):  # a scheduler that is gone is found out elsewhere
                if self._client.nthreads() or not self._out:
                    seen = time.monotonic()
            if time.monotonic() - seen > LONELY and self._client.status == "running":
                for future in list(self._out):
                    with suppress(futures.InvalidStateError):
                        future.set_exception(
                            ClusterError(
                                f"The Dask scheduler at {self._address} has lost all its workers. Start some again: "
                                f"{START.format(self._address)}"
                            )
                        )

    def _gone(self) -> ClusterError:
        return ClusterError(f"The Dask scheduler at {self._address} is gone, or can't be reached any more.")


async def _greet(address: str) -> None:
    """Shake hands with a scheduler. A client would wait for ever on whoever takes a call and says nothing."""
    from distributed import Security
    from distributed.comm.core import connect

    security = Security().get_connection_args("client")
    async with asyncio.timeout(PATIENCE):
        (await connect(address, timeout=PATIENCE, **security)).abort()


def _opener() -> Callable[[bytes], Any]:
    """What is given to Dask: it travels whole, not as a name, so that the scheduler needs nothing of this project."""

    def open_and_do(packed: bytes) -> Any:
        import pickle

        task, *arguments = pickle.loads(packed)
        return task(*arguments)

    return open_and_do


_one = threading.Lock()  # a worker that came later may have several threads all the same


def _work(task: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """In a worker: one piece of work, and no other at the same time."""
    with _one:
        _ready()
        return task(*arguments, **named)


@cache
def _ready() -> None:
    """In a worker, once: make it as fast as one of this machine's own."""
    if "MALLOC_TRIM_THRESHOLD_" in os.environ:
        # Dask's nanny has malloc give memory back at once, which doubles the time of a training step
        process_memory.keep_freed_memory()
    process_pool.prepare_worker()
