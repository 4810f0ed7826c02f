"""Work in a process of its own, with a limit to its memory and its time."""

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
LIMIT = 16 * GIB  # of a laptop, and of the address space that any loop may use here

_PROCESSES = multiprocessing.get_context("forkserver")  # imports everything once, and has never run a step itself
_PROCESSES.set_forkserver_preload(["tests.benchmarks.cells"])


class OutOfMemory(Exception):
    """The work asked for more than the limit; `asked` are the bytes of the piece it could not have, 0 if unknown."""

    def __init__(self, asked: int = 0) -> None:
        super().__init__(asked)
        self.asked = asked


class TooSlow(Exception):
    """The work was not done in time."""


def apart(task: Callable[..., Any], *arguments: Any, memory: int = LIMIT, seconds: int | None = None) -> Any:
    """Do `task(*arguments)` in a new process with one torch thread and so many bytes of address space.

    Raises OutOfMemory, TooSlow after so many seconds of processor time, and RuntimeError for whatever else went wrong.
    """
    ours, theirs = _PROCESSES.Pipe(duplex=False)
    process = _PROCESSES.Process(target=_do, args=(theirs, task, arguments, memory, seconds), daemon=True)
    process.start()
    theirs.close()
    try:
        answer, error = ours.recv()
    except EOFError:
        process.join()
        if process.exitcode == -signal.SIGXCPU:
            raise TooSlow from None
        raise OutOfMemory from None  # ended from outside, as the kernel does where memory is short
    finally:
        process.kill()
        process.join()
        ours.close()
    if error is not None:
        raise error
    return answer


def _do(
    answers: Connection, task: Callable[..., Any], arguments: tuple[Any, ...], memory: int, seconds: int | None
) -> None:
    """What the new process does."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    if seconds is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))
    torch.set_num_threads(1)
    answer, error = None, None
    try:
        with threadpool_limits(1):  # NumPy's products
            answer = task(*arguments)
    except (MemoryError, RuntimeError) as trouble:
        error = _understood(trouble)
    answers.send((answer, error))


def _understood(trouble: Exception) -> Exception:
    """The same trouble as an OutOfMemory, if that is what it is."""
    words = str(trouble)
    if isinstance(trouble, MemoryError) or "allocate" in words or "bad_alloc" in words:
        asked = re.search(r"allocate (\d+) bytes", words)
        return OutOfMemory(int(asked[1]) if asked else 0)
    return RuntimeError(f"{type(trouble).__name__}: {words}")
