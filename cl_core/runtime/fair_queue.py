"""Fair turns at the workers: whoever has had the least of their time is next.

Each run, race or census has a seat. What it hands in waits at its seat until its turn has come, and is put down to it
by the processor time that it took, so that nobody gets more by asking for more. Whoever comes, or comes back, begins
level with those who are at work: time not used is not saved up (start-time fair queueing: Goyal, Vin and Cheng 1996).

When a worker dies, all that the workers were at is lost, and nobody knows which piece of work it was. So whoever lost
one is tried alone next time: then it either goes well, or its death costs nobody else anything.
"""

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any

import numpy as np

from cl_core.runtime import errors

ROUND = 2.0  # seconds within which everybody is to have had a turn, where pieces of work can be made as short
SHORTEST = 0.05  # seconds of a piece, below which handing it over takes longer than it does


class Client(Executor):
    """The place of one visitor's work; an executor, whose work takes turns with that of the others.

    Attributes:
        served: seconds of the workers' time that it has had, or was held level with.
        suspect: whether its last piece ended with its worker, or for want of memory.
    """

    def __init__(self, turns: "FairQueue") -> None:
        self._turns = turns
        self.served = 0.0
        self.suspect = False
        self.waiting: deque[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any], Future[Any]]] = deque()
        self.under_way = 0
        self.last = 0.0  # seconds that its last piece took: what one under way is expected to

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> "Future[Any]":
        """Hand in a piece of work, which is done when its turn has come. Whatever is wrong is the future's to say."""
        return self._turns.enqueue(self, task, arguments, named)


class FairQueue(Executor):
    """The workers of an executor, shared out fairly; what is handed in without a seat has one of its own.

    Attributes:
        size: how many workers there are; infinite where the executor does not say.
        remote: whether some of them may be on another machine.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self.remote: bool = getattr(executor, "remote", False)
        self._lock = threading.Lock()
        self._seats: dict[Client, int] = {}  # those with work, and which came when
        self._arrivals = itertools.count()
        self._under_way = 0
        self._alone = False  # what is under way is of a suspect
        self._level = 0.0  # served, of whoever had the last turn

    @property
    def size(self) -> float:
        """How many workers there are."""
        return float(getattr(self._executor, "size", np.inf))

    @property
    def counts(self) -> tuple[int, int]:
        """How many pieces of work are under way, and how many wait for their turn."""
        with self._lock:
            return self._under_way, sum(len(seat.waiting) for seat in self._seats)

    def client(self) -> Client:
        """A place for one visitor's work."""
        return Client(self)

    def time_slice(self, longest: float) -> float:
        """How many seconds a piece of work should take, `longest` at most, for everybody to have a turn soon."""
        with self._lock:
            asking = len(self._seats)
        return min(longest, max(ROUND * self.size / max(asking, 1), SHORTEST))

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> "Future[Any]":
        """Hand in one piece of work of somebody who has no seat."""
        return self.client().submit(task, *arguments, **named)

    def enqueue(
        self, seat: Client, task: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> "Future[Any]":
        """Put a piece of work at a seat, and hand out what can be."""
        future: Future[Any] = Future()
        with self._lock:
            if seat not in self._seats:
                self._seats[seat] = next(self._arrivals)
                seat.served = max(seat.served, self._level)
            seat.waiting.append((task, arguments, named, future))
        self._hand_out()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the workers."""
        with self._lock:
            left = [future for seat in self._seats for *_, future in seat.waiting] if cancel_futures else []
            for seat in self._seats if cancel_futures else ():
                seat.waiting.clear()
        for future in left:
            future.cancel()
        self._executor.shutdown(wait=wait, cancel_futures=cancel_futures)

    def _hand_out(self) -> None:
        """Give the workers as much as they can take: one piece each, and one to go on with.

        No lock is held while work is handed over, as it may be done, and heard of, before that returns.
        """
        while (chosen := self._next()) is not None:
            seat, task, arguments, named, future = chosen
            try:
                handed = self._executor.submit(timed_task, task, *arguments, **named)
            except Exception as error:
                self._end(seat, 0.0)
                future.set_exception(error)
                continue
            handed.add_done_callback(partial(self._pass_on, seat, future))

    def _next(self) -> tuple[Client, Callable[..., Any], tuple[Any, ...], dict[str, Any], "Future[Any]"] | None:
        """The piece of work whose turn it is; None while the workers have enough, or nobody wants anything."""
        with self._lock:
            while self._under_way < 2 * self.size and not self._alone:
                asking = [seat for seat in self._seats if seat.waiting]
                if not asking:
                    return None
                seat = min(asking, key=lambda each: (each.served + each.under_way * each.last, self._seats[each]))
                if seat.suspect and self._under_way:
                    return None  # until the others are done
                task, arguments, named, future = seat.waiting.popleft()
                if not future.set_running_or_notify_cancel():
                    self._leave(seat)
                    continue
                self._level = max(self._level, seat.served)
                seat.under_way += 1
                self._under_way += 1
                self._alone = seat.suspect
                return seat, task, arguments, named, future
            return None

    def _pass_on(self, seat: Client, future: "Future[Any]", done: "Future[Any]") -> None:
        """What became of a piece of work, to whoever waits for it."""
        try:
            seconds, answer = done.result()
        except BaseException as error:  # a CancelledError too, when the workers were ended
            self._end(seat, 0.0, suspect=isinstance(error, errors.WORKER_DEATHS) or errors.is_out_of_memory(error))
            future.set_exception(error)
        else:
            self._end(seat, seconds)
            future.set_result(answer)
        self._hand_out()

    def _end(self, seat: Client, seconds: float, *, suspect: bool = False) -> None:
        with self._lock:
            self._alone = False
            seat.suspect = suspect
            self._under_way -= 1
            seat.under_way -= 1
            seat.served += seconds
            seat.last = seconds
            self._leave(seat)

    def _leave(self, seat: Client) -> None:
        """Whoever wants nothing any more is not among those who share; with the lock held."""
        if not seat.waiting and not seat.under_way:
            self._seats.pop(seat, None)


def timed_task(task: Callable[..., Any], /, *arguments: Any, **named: Any) -> tuple[float, Any]:
    """In a worker: the processor time that a piece of work took, in seconds, and its answer."""
    began = time.thread_time()
    answer = task(*arguments, **named)
    return time.thread_time() - began, answer
