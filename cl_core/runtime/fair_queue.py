"""A fair queue in front of the workers: the client that has been served least is next.

Each run, race or census is a client. Its tasks wait in order until they are its turn, and it is charged with the
processor time that they took, so submitting more does not get it more. A client that arrives, or comes back, starts
level with those being served: unused time is not saved up (start-time fair queueing: Goyal, Vin and Cheng 1996).

When a worker dies, all tasks that the workers had are lost, and which of them killed it is unknown. So a client that
lost a task is suspect, and its next task runs alone: either it succeeds, or its death costs no other client anything.
"""

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from math import inf
from typing import Any, NamedTuple

import numpy as np

from cl_core.runtime import errors

ROUND_SECONDS = 2.0  # seconds within which every client should be served once, if tasks can be made that short
SHARED_SECONDS = 2.0  # seconds for which the queue counts as shared after the last time that it was
MIN_TASK_SECONDS = 0.05  # seconds of a task, below which handing it over takes longer than running it


class _Task(NamedTuple):
    """A call that waits, and the future that its outcome belongs to."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    future: "Future[Any]"


class Client(Executor):
    """One client of the queue; an executor whose tasks wait their turn among those of the other clients.

    Attributes:
        served: seconds of the workers' time that it has had, or was set level with.
        suspect: whether its last task ended with its worker, or for lack of memory.
        waiting: its queued tasks.
        under_way: how many of its tasks the workers have.
        last: seconds that its last task took, which is what one under way is expected to take.
    """

    def __init__(self, queue: "FairQueue") -> None:
        self._queue = queue
        self.served = 0.0
        self.suspect = False
        self.waiting: deque[_Task] = deque()
        self.under_way = 0
        self.last = 0.0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Queue a task; errors, those of handing it over too, are the future's exception."""
        return self._queue.enqueue(self, fn, args, kwargs)


class FairQueue(Executor):
    """An executor's workers, shared fairly among clients; a task submitted here directly is a client of its own.

    Args:
        executor: the workers.

    Attributes:
        remote: whether some workers may be on another machine.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self.remote: bool = getattr(executor, "remote", False)
        self._lock = threading.Lock()
        self._clients: dict[Client, int] = {}  # those with queued or running tasks -> order of arrival
        self._arrivals = itertools.count()
        self._under_way = 0
        self._exclusive = False  # the task under way is a suspect's
        self._level = 0.0  # `served` of the client that was served last
        self._last_shared = -inf  # when tasks of more than one client were in the queue

    @property
    def size(self) -> float:
        """Number of workers; infinite if the executor does not tell."""
        return float(getattr(self._executor, "size", np.inf))

    @property
    def counts(self) -> tuple[int, int]:
        """Numbers of tasks under way, and of tasks waiting."""
        with self._lock:
            return self._under_way, sum(len(client.waiting) for client in self._clients)

    @property
    def is_shared(self) -> bool:
        """Whether there were tasks of more than one client in the last `SHARED_SECONDS`."""
        with self._lock:
            return time.monotonic() - self._last_shared < SHARED_SECONDS

    def client(self) -> Client:
        """Return a new client."""
        return Client(self)

    def time_slice(self, longest: float) -> float:
        """Return how many seconds a task should take, `longest` at most, for every client to be served soon."""
        with self._lock:
            clients = len(self._clients)
        return min(longest, max(ROUND_SECONDS * self.size / max(clients, 1), MIN_TASK_SECONDS))

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Queue a task as a client of its own."""
        return self.client().submit(fn, *args, **kwargs)

    def enqueue(
        self, client: Client, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> "Future[Any]":
        """Queue a client's task, and hand over what the workers can take."""
        future: Future[Any] = Future()
        with self._lock:
            if client not in self._clients:
                self._clients[client] = next(self._arrivals)
                client.served = max(client.served, self._level)
            client.waiting.append(_Task(function, args, kwargs, future))
            if len(self._clients) > 1:
                self._last_shared = time.monotonic()
        self._dispatch()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Shut the executor down, with `cancel_futures` after cancelling what waits."""
        with self._lock:
            cancelled = [task.future for client in self._clients for task in client.waiting] if cancel_futures else []
            for client in self._clients if cancel_futures else ():
                client.waiting.clear()
        for future in cancelled:
            future.cancel()
        self._executor.shutdown(wait=wait, cancel_futures=cancel_futures)

    def _dispatch(self) -> None:
        """Give each worker a task, and one more to go on with.

        The lock is not held while a task is handed over, since it may be done, and call back, before that returns.
        """
        while (chosen := self._next()) is not None:
            client, task = chosen
            try:
                running = self._executor.submit(timed_task, task.function, *task.args, **task.kwargs)
            except Exception as error:
                self._finish(client, 0.0)
                task.future.set_exception(error)
                continue
            running.add_done_callback(partial(self._deliver, client, task.future))

    def _next(self) -> tuple[Client, _Task] | None:
        """Take the next task from the queue; None while the workers have enough or nothing waits."""
        with self._lock:
            while self._under_way < 2 * self.size and not self._exclusive:
                candidates = [client for client in self._clients if client.waiting]
                if not candidates:
                    return None
                client = min(candidates, key=lambda c: (c.served + c.under_way * c.last, self._clients[c]))
                if client.suspect and self._under_way:
                    return None  # until the other tasks are done
                task = client.waiting.popleft()
                if not task.future.set_running_or_notify_cancel():
                    self._remove_if_idle(client)
                    continue
                self._level = max(self._level, client.served)
                client.under_way += 1
                self._under_way += 1
                self._exclusive = client.suspect
                return client, task
            return None

    def _deliver(self, client: Client, future: "Future[Any]", done: "Future[Any]") -> None:
        """Set a task's outcome on its future, and hand over the next task."""
        try:
            seconds, result = done.result()
        except BaseException as error:  # also CancelledError, raised when the workers are shut down
            suspect = isinstance(error, errors.WORKER_DEATHS) or errors.is_out_of_memory(error)
            self._finish(client, 0.0, suspect=suspect)
            future.set_exception(error)
        else:
            self._finish(client, seconds)
            future.set_result(result)
        self._dispatch()

    def _finish(self, client: Client, seconds: float, *, suspect: bool = False) -> None:
        with self._lock:
            self._exclusive = False
            client.suspect = suspect
            self._under_way -= 1
            client.under_way -= 1
            client.served += seconds
            client.last = seconds
            self._remove_if_idle(client)

    def _remove_if_idle(self, client: Client) -> None:
        """Remove a client that has no queued or running task; lock held."""
        if not client.waiting and not client.under_way:
            self._clients.pop(client, None)


def timed_task(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> tuple[float, Any]:
    """Run a task in a worker; return the processor time that it took, in seconds, and its result."""
    start = time.thread_time()
    result = function(*args, **kwargs)
    return time.thread_time() - start, result
