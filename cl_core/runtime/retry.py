"""Work that comes to nothing for no fault of its own: when it is done again, when no more, and what is said of it."""

import time

from cl_core.runtime import errors

RETRY_DELAY = 0.2  # seconds before such work is tried again, and again after twice, three times that
MAX_FAILURES = 5  # pieces of work of one run in a row that may come to nothing before it is given up


class RetryPolicy:
    """What one run has come through.

    Attributes:
        note: what became of its work last, in words; None while all went well.
        until: a moment of time.monotonic() before which nothing is tried again.
    """

    def __init__(self) -> None:
        self.note: str | None = None
        self.not_before = 0.0
        self._in_a_row = 0

    def record_success(self) -> None:
        """A piece of work was done."""
        self._in_a_row = 0

    def record_failure(self, error: Exception, step: int) -> str | None:
        """Why a run at `step` can't go on after this error, in words; None where its work is to be done again."""
        if isinstance(error, errors.WORKER_DEATHS):
            once, always = "A worker process died", "The worker processes died"
        elif errors.is_out_of_memory(error):
            once, always = "There was no memory for a piece of work", "There was no memory"
        else:
            return errors.describe_error(error)
        self._in_a_row += 1
        self.not_before = time.monotonic() + RETRY_DELAY * self._in_a_row
        if self._in_a_row >= MAX_FAILURES:
            return (
                f"{always} again and again at step {step}; the machine may be out of memory. "
                "What the run had shown is kept. Try a smaller batch."
            )
        self.note = f"{once}. The run went on from step {step}; nothing that was shown is lost."
        return None
