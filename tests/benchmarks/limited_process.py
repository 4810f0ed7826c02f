"""Run a function in a process of its own, with limits on memory and processor time."""

import multiprocessing
import re
import resource
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import torch
from threadpoolctl import threadpool_limits

GIB = 1 << 30
MEMORY_LIMIT = 16 * GIB  # bytes of address space that a task may use: the memory of a laptop

_CONTEXT = multiprocessing.get_context("forkserver")  # its server imports the modules once and runs no step
_CONTEXT.set_forkserver_preload(["tests.benchmarks.cells"])


class OutOfMemory(Exception):
    """A task needed more memory than its limit.

    Attributes:
        requested: bytes of the allocation that failed; 0 if unknown.
    """

    def __init__(self, requested: int = 0) -> None:
        super().__init__(requested)
        self.requested = requested


class TooSlow(Exception):
    """A task used up its processor time."""


def run_limited(
    task: Callable[..., Any], *arguments: Any, memory: int = MEMORY_LIMIT, seconds: int | None = None
) -> Any:
    """Call `task(*arguments)` in a new process with one torch thread.

    Args:
        task: a function that can be pickled.
        *arguments: its arguments.
        memory: bytes of address space.
        seconds: processor time; no limit by default.

    Raises:
        OutOfMemory: when the task needs more memory, or its process is killed from outside.
        TooSlow: when the processor time is used up.
        RuntimeError: when the task fails for another reason.
    """
    receiver, sender = _CONTEXT.Pipe(duplex=False)
    process = _CONTEXT.Process(target=_run_task, args=(sender, task, arguments, memory, seconds), daemon=True)
    process.start()
    sender.close()
    try:
        result, error = receiver.recv()
    except EOFError:
        process.join()
        if process.exitcode == -signal.SIGXCPU:
            raise TooSlow from None
        raise OutOfMemory from None  # killed from outside, as the kernel does when memory is short
    finally:
        process.kill()
        process.join()
        receiver.close()
    if error is not None:
        raise error
    return result


def _run_task(
    results: Connection, task: Callable[..., Any], arguments: tuple[Any, ...], memory: int, seconds: int | None
) -> None:
    """Call the task under its limits and send back result and error."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    if seconds is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))
    torch.set_num_threads(1)
    result, error = None, None
    try:
        with threadpool_limits(1):  # matrix products of NumPy
            result = task(*arguments)
    except (MemoryError, RuntimeError) as failure:
        error = _as_out_of_memory(failure)
    results.send((result, error))


def _as_out_of_memory(error: Exception) -> Exception:
    """Return OutOfMemory for a failed allocation, and a RuntimeError with the message for any other error."""
    message = str(error)
    if isinstance(error, MemoryError) or "allocate" in message or "bad_alloc" in message:
        match = re.search(r"allocate (\d+) bytes", message)
        return OutOfMemory(int(match[1]) if match else 0)
    return RuntimeError(f"{type(error).__name__}: {message}")
