"""Errors of tasks: which mean that a worker died, and what to tell a visitor."""

from concurrent.futures import BrokenExecutor, CancelledError

import loky

WORKER_DEATHS = (
    BrokenExecutor,
    CancelledError,
    loky.process_executor.ShutdownExecutorError,
)  # of a worker, as heard of


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a piece of work failed for want of memory; torch says so in an error of no kind of its own."""
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "allocate memory" in str(error))


def describe_error(error: BaseException) -> str:
    """What to tell a visitor of an error in a piece of work."""
    return str(error) if isinstance(error, (ValueError, ConnectionError)) else f"{type(error).__name__}: {error}"
