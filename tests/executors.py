"""Workers that are no processes, for tests that look at what a run or a page does rather than at where."""

import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from typing import Any


class Thread(ThreadPoolExecutor):
    """Does one piece of work after the other, in a thread of this process; `done` names them."""

    def __init__(self) -> None:
        super().__init__(max_workers=1)
        self.done: list[str] = []

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        self.done.append(task.__name__)
        return super().submit(task, *arguments, **named)


class Mortal(Thread):
    """Dies, instead of doing it, of every piece of work of which `dies` says so, told its name and how many such
    there were before."""

    def __init__(self, dies: Callable[[str, int], bool]) -> None:
        super().__init__()
        self.dies = dies

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        if not self.dies(task.__name__, self.done.count(task.__name__)):
            return super().submit(task, *arguments, **named)
        self.done.append(task.__name__)
        future: Future[Any] = Future()
        # a death is never heard of at once
        threading.Timer(0.01, future.set_exception, [BrokenExecutor("the process ended abruptly")]).start()
        return future


class AtOnce(Thread):
    """Does each piece of work before `submit` returns: its future is done when the caller first sees it."""

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        future = super().submit(task, *arguments, **named)
        future.exception()
        return future
