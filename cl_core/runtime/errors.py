"""Errors of tasks: which of them mean that a worker died, and how to describe them to a visitor."""

import logging
from concurrent.futures import BrokenExecutor, CancelledError

import loky

from cl_core.data.errors import ExplainedError

# what the futures of lost tasks raise when a worker dies or the workers are shut down
WORKER_DEATHS = (BrokenExecutor, CancelledError, loky.process_executor.ShutdownExecutorError)

logger = logging.getLogger(__name__)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether a task failed for lack of memory; torch raises a plain RuntimeError then."""
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "allocate memory" in str(error))


def describe_error(error: BaseException, advice: str = "Try it again, or with other settings.") -> str:
    """Return what to tell a visitor about an error; the text of an error that is not explained goes to the log.

    Args:
        error: the error.
        advice: what the visitor can do about an error that nothing is known of, as a sentence.

    Returns:
        Sentences of this project: the error's own if it is an ExplainedError, else by its kind.
    """
    if isinstance(error, ExplainedError):
        return str(error)
    logger.error("an error that visitors are not told the text of", exc_info=error)
    if isinstance(error, WORKER_DEATHS):
        return "A worker process of the server died. It may be out of memory. Try again."
    if is_out_of_memory(error):
        return "The server does not have enough memory for this. Try a smaller batch or fewer images."
    if isinstance(error, TimeoutError):
        return "The server is busy and did not answer in time. Try again in a minute."
    return f"An error occurred; the server's log has the details. {advice}"
