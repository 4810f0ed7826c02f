"""Retries of tasks that failed through no fault of their own: a worker died, or memory ran out."""

import time

from cl_core.runtime import errors

RETRY_DELAY = 0.2  # seconds before the first retry; before the k-th, k times as long
ADVICE = "Reset repeats the run. If it fails again, try another data set or other settings."
MAX_FAILURES = 5  # consecutive failures after which a run is given up


class RetryPolicy:
    """When one run retries, and when it fails.

    Attributes:
        note: what happened last and was recovered from, for the visitor; None if nothing did.
        not_before: moment of `time.monotonic()` before which nothing is retried.
    """

    def __init__(self) -> None:
        self.note: str | None = None
        self.not_before = 0.0
        self._failures = 0

    def record_success(self) -> None:
        """Reset the count of consecutive failures."""
        self._failures = 0

    def record_failure(self, error: Exception, step: int) -> str | None:
        """Count a failed task.

        Args:
            error: what the task failed with.
            step: the run's newest step.

        Returns:
            Why the run cannot go on, for the visitor; None if the task is to be retried.
        """
        if isinstance(error, errors.WORKER_DEATHS):
            once, repeatedly, hint = (
                "A worker process died",
                "The worker processes died",
                "The machine may be out of memory. ",
            )
        elif errors.is_out_of_memory(error):
            once, repeatedly, hint = "The server ran out of memory", "The server ran out of memory", ""
        else:
            return errors.describe_error(error, ADVICE)
        self._failures += 1
        self.not_before = time.monotonic() + RETRY_DELAY * self._failures
        if self._failures >= MAX_FAILURES:
            return f"{repeatedly} repeatedly at step {step}. {hint}All frames so far are kept. Try a smaller batch."
        self.note = f"{once}. The run resumed at step {step}; all frames so far are kept."
        return None
