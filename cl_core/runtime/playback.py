"""Base class of runs and races: play, pause and pace work that goes on while a page renews a lease."""

import time
from abc import ABC, abstractmethod
from collections import deque
from typing import Any

from cl_core.runtime.context import RuntimeContext
from cl_core.training.frames import PACES, Pace

LEASE = 5.0  # seconds that work goes on without a renewal


class Playback(ABC):
    """Work that an engine takes further in small tasks for as long as its lease is renewed.

    Every public method returns at once. Methods and attributes with an underscore need the engine's lock.

    Args:
        context: what the engine shares with its runs and races.
    """

    def __init__(self, context: RuntimeContext) -> None:
        self._context = context
        self._playing = self._closed = False
        self._steps_requested = 0  # single steps that were asked for and not done yet
        self._pace = PACES["slow"]
        self._lease_end = 0.0
        self._next_start = 0.0  # when the pace allows the next task
        self._step_log: deque[tuple[float, int]] = deque(maxlen=8)  # (time, step) of the last tasks

    @property
    @abstractmethod
    def ended(self) -> bool:
        """Whether it cannot go on."""

    @property
    @abstractmethod
    def busy(self) -> bool:
        """Whether there will be more to show without a further request."""

    @property
    def playing(self) -> bool:
        """Whether it was last asked to play, and still can."""
        return self._playing and not self.ended

    @property
    def is_open(self) -> bool:
        """Whether it was not closed."""
        return not self._closed

    @property
    def has_lease(self) -> bool:
        """Whether its lease was renewed lately, so that it may submit work."""
        return not self._closed and time.monotonic() < self._lease_end

    @property
    def rate(self) -> float:
        """Steps per second of wall-clock time lately; 0 while nothing moves."""
        if len(self._step_log) < 2 or not self.playing:
            return 0.0
        (start, first), (_, last) = self._step_log[0], self._step_log[-1]
        return (last - first) / max(time.monotonic() - start, 1e-6)

    def renew_lease(self, times: float = 1.0) -> None:
        """Renew the lease.

        Args:
            times: after how many times `LEASE` the caller renews it again, at the latest.
        """
        self._update(_lease_end=time.monotonic() + times * LEASE)

    def set_pace(self, pace: Pace) -> None:
        """Set how fast it may go."""
        if pace is not self._pace:
            self._update(_pace=pace, _next_start=0.0)

    def _update(self, **attributes: Any) -> None:
        """Set attributes under the lock and wake the engine's thread."""
        with self._context.changed:
            for name, value in attributes.items():
                setattr(self, name, value)
            self._context.notify()

    # The rest runs in the engine's thread or in a future's callback, with the engine's lock held.

    @abstractmethod
    def schedule(self, now: float) -> float:
        """Submit the tasks that are due; return the seconds until the next call (infinite: wait for a notification)."""

    def _pacing_delay(self, now: float) -> float:
        """Return the seconds that the pace still holds the next task back; at 0 the next interval starts."""
        if not self._steps_requested and now < self._next_start:
            return self._next_start - now
        interval = 1 / self._pace.frames_per_second if self._pace.frames_per_second else 0.0
        self._next_start = now + interval
        return 0.0
