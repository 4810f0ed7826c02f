"""Workers that are no processes, for tests that look at what a run or a page does rather than at where."""

import gc
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cl_core.runtime.engine import Engine
from cl_core.runtime.fair_queue import timed_task

ENGINES: list[tuple[Engine, Executor]] = []


def engine_with(executor: Executor | None = None) -> Engine:
    """An engine that is ended with the test, and so is its executor if that is a thread."""
    executor = executor or ThreadExecutor()
    ENGINES.append((Engine(executor), executor))
    return ENGINES[-1][0]


def end_engines() -> None:
    """End what `engine_with` made."""
    while ENGINES:
        engine, executor = ENGINES.pop()
        engine.close()
        if isinstance(executor, ThreadExecutor):
            executor.shutdown()


def wait_until(seen: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait for something that comes without anybody looking at a run."""
    end = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < end
        time.sleep(0.02)


def are_deleted(*files: Path) -> bool:
    """Whether files have gone with whatever nobody holds any more."""
    gc.collect()
    return not any(file.exists() for file in files)


@contextmanager
def pages_with(executor: Executor, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the engine of the pages work with an executor of the test's own."""
    from cl_core.runtime import process_pool  # here, as most tests need no Streamlit
    from cl_core.ui.server import lifespan

    monkeypatch.setattr(process_pool, "ProcessPool", lambda *_, **__: executor)
    lifespan.engine.clear()
    yield
    lifespan.engine().close()
    lifespan.engine.clear()


def task_name(task: Callable[..., Any], arguments: tuple[Any, ...]) -> str:
    """What a piece of work is called, which the engine's turns have `timed`."""
    name: str = (arguments[0] if task is timed_task else task).__name__
    return name


class ThreadExecutor(ThreadPoolExecutor):
    """Does one piece of work after the other, in a thread of this process; `done` names them."""

    remote = False

    def __init__(self) -> None:
        super().__init__(max_workers=1)
        self.submitted: list[str] = []

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        self.submitted.append(task_name(task, arguments))
        return super().submit(task, *arguments, **named)


class DyingExecutor(ThreadExecutor):
    """Dies, instead of doing it, of every piece of work of which `dies` says so, told its name and how many such
    there were before."""

    def __init__(self, dies: Callable[[str, int], bool]) -> None:
        super().__init__()
        self.dies = dies

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        name = task_name(task, arguments)
        if not self.dies(name, self.submitted.count(name)):
            return super().submit(task, *arguments, **named)
        self.submitted.append(name)
        future: Future[Any] = Future()
        # a death is never heard of at once
        threading.Timer(0.01, future.set_exception, [BrokenExecutor("the process ended abruptly")]).start()
        return future


class ImmediateExecutor(ThreadExecutor):
    """Does each piece of work before `submit` returns: its future is done when the caller first sees it."""

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        future = super().submit(task, *arguments, **named)
        future.exception()
        return future


class IdleExecutor(Executor):
    """Counts what it is asked to do, and does none of it."""

    remote = False

    def __init__(self) -> None:
        self.submitted: list[str] = []
        self._pending: list[Future[Any]] = []

    def submit(self, task: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        self.submitted.append(task_name(task, arguments))
        self._pending.append(Future())
        return self._pending[-1]

    def fail_pending(self) -> None:
        """Have nobody wait any longer for what was asked: else all of it is kept for them."""
        while self._pending:
            self._pending.pop().set_exception(ValueError("nobody is at work"))
