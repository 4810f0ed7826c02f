"""Errors of tasks: which of them mean that a worker died, and how to describe them to a visitor."""

from concurrent.futures import BrokenExecutor, CancelledError

import loky

# what the futures of lost tasks raise when a worker dies or the workers are shut down
WORKER_DEATHS = (BrokenExecutor, CancelledError, loky.process_executor.ShutdownExecutorError)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether a task failed for lack of memory; torch raises a plain RuntimeError then."""
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "allocate memory" in str(error))


def describe_error(error: BaseException) -> str:
    """Return what to tell a visitor about an error in a task."""
    return str(error) if isinstance(error, (ValueError, ConnectionError)) else f"{type(error).__name__}: {error}"
