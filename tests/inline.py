"""Workers that are no processes, for tests that look at what a run or a page does rather than at where."""

import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import Any


class Inline(Executor):
    """Does each piece of work at once, in the thread that hands it in."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.done.append(task.__name__)
        try:
            future.set_result(task(*arguments, **named))
        except Exception as error:
            future.set_exception(error)
        return future


class Mortal(Inline):
    """Dies, instead of doing it, of every piece of work of which `dies` says so."""

    def __init__(self, dies: Callable[[str, int], bool]) -> None:
        super().__init__()
        self.dies = dies

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        if self.dies(task.__name__, self.done.count(task.__name__)):
            self.done.append(task.__name__)
            future: Future[Any] = Future()
            # a death is never heard of at once
            threading.Timer(0.01, future.set_exception, [BrokenExecutor("the process ended abruptly")]).start()
            return future
        return super().submit(task, *arguments, **named)
