"""Executors without processes, for tests of what runs and pages do, not of where their tasks run."""

import gc
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cl_core.runtime import process_pool
from cl_core.runtime.engine import Engine
from cl_core.runtime.fair_queue import timed_task

ENGINES: list[tuple[Engine, Executor]] = []


def engine_with(executor: Executor | None = None) -> Engine:
    """Return an engine that is closed after the test, and so is its executor if that is a thread."""
    executor = executor or ThreadExecutor()
    ENGINES.append((Engine(executor), executor))
    return ENGINES[-1][0]


def close_engines() -> None:
    """Close what `engine_with` made."""
    while ENGINES:
        engine, executor = ENGINES.pop()
        engine.close()
        if isinstance(executor, ThreadExecutor):
            executor.shutdown()


def wait_until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Poll a condition that becomes true without progress being read; fail after a timeout."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def are_deleted(*files: Path) -> bool:
    """Whether files have been deleted, after a garbage collection of the objects that own them."""
    gc.collect()
    return not any(file.exists() for file in files)


def initialise_quickly(parent: int, niceness: int) -> None:
    """Initialise a worker process without the training steps that make its first task fast.

    It takes the place of `process_pool._initialise_worker` in the process that starts the workers.
    """
    process_pool.prepare_worker = lambda: None
    process_pool._initialise_worker(parent, niceness)


@contextmanager
def pages_with(executor: Executor, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give the engine of the pages this executor."""
    from cl_core.ui.server import lifespan  # imported here, as most tests need no Streamlit

    monkeypatch.setattr(process_pool, "ProcessPool", lambda *_, **__: executor)
    lifespan.engine.clear()
    yield
    lifespan.engine().close()
    lifespan.engine.clear()


def task_name(task: Callable[..., Any], arguments: tuple[Any, ...]) -> str:
    """Return a task's name; the fair queue wraps tasks in `timed_task`."""
    name: str = (arguments[0] if task is timed_task else task).__name__
    return name


class ThreadExecutor(ThreadPoolExecutor):
    """Runs one task after the other in a thread of this process.

    Attributes:
        submitted: names of the tasks, in order.
    """

    remote = False

    def __init__(self) -> None:
        super().__init__(max_workers=1)
        self.submitted: list[str] = []

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        self.submitted.append(task_name(task, arguments))
        return super().submit(task, *arguments, **named)


class DyingExecutor(ThreadExecutor):
    """Fails tasks as a worker does that dies.

    Args:
        dies: whether a task fails, given its name and how many tasks of that name were submitted before.
    """

    def __init__(self, dies: Callable[[str, int], bool]) -> None:
        super().__init__()
        self.dies = dies

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        name = task_name(task, arguments)
        if not self.dies(name, self.submitted.count(name)):
            return super().submit(task, *arguments, **named)
        self.submitted.append(name)
        future: Future[Any] = Future()
        # the death of a worker is never noticed at once
        threading.Timer(0.01, future.set_exception, [BrokenExecutor("the process ended abruptly")]).start()
        return future


class ImmediateExecutor(ThreadExecutor):
    """Runs each task before `submit` returns, so the future is done when the caller first sees it."""

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        future = super().submit(task, *arguments, **named)
        future.exception()
        return future


class IdleExecutor(Executor):
    """Runs nothing.

    Attributes:
        submitted: names of the tasks, in order.
    """

    remote = False

    def __init__(self) -> None:
        self.submitted: list[str] = []
        self._pending: list[Future[Any]] = []

    def submit(self, task: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        self.submitted.append(task_name(task, arguments))
        self._pending.append(Future())
        return self._pending[-1]

    def fail_pending(self) -> None:
        """Fail all pending tasks, since their futures keep what waits for them in memory."""
        while self._pending:
            self._pending.pop().set_exception(ValueError("the idle executor runs no tasks"))
