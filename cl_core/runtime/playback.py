"""What runs and races have in common: to be played, paced and looked at, one piece of work after the other."""

import time
from abc import ABC, abstractmethod
from collections import deque
from typing import Any

from cl_core.runtime.context import RuntimeContext
from cl_core.training.frames import PACES, Pace

LEASE = 5.0  # seconds that work goes on without being looked at


class Playback(ABC):
    """Something an engine takes further, for as long as somebody looks. Every public method returns at once."""

    def __init__(self, context: RuntimeContext) -> None:
        self._context = context
        self._playing = self._closed = False
        self._single = 0  # steps asked for one by one
        self._pace = PACES["slow"]
        self._lease = 0.0
        self._next_start = 0.0
        self._clock: deque[tuple[float, int]] = deque(maxlen=8)  # (when, step) of the last pieces

    @property
    @abstractmethod
    def ended(self) -> bool:
        """Whether it can't go on."""

    @property
    @abstractmethod
    def busy(self) -> bool:
        """Whether there will be more to see without a further word."""

    @property
    def playing(self) -> bool:
        """Whether it was last asked to play, and still can."""
        return self._playing and not self.ended

    @property
    def has_lease(self) -> bool:
        """Whether somebody has looked lately."""
        return not self._closed and time.monotonic() < self._lease

    @property
    def rate(self) -> float:
        """Steps a second of the wall clock lately, 0 while nothing moves."""
        if len(self._clock) < 2 or not self.playing:
            return 0.0
        (then, first), (_, last) = self._clock[0], self._clock[-1]
        return (last - first) / max(time.monotonic() - then, 1e-6)

    def renew_lease(self, times: float = 1.0) -> None:
        """Say that somebody is still looking, and will again before so many times a lease is over."""
        self._change(_lease=time.monotonic() + times * LEASE)

    def set_pace(self, pace: Pace) -> None:
        """Set how fast it may go."""
        if pace is not self._pace:
            self._change(_pace=pace, _next_start=0.0)

    def _change(self, **values: Any) -> None:
        with self._context.changed:
            for name, value in values.items():
                setattr(self, name, value)
            self._context.notify()

    # What follows runs in the engine's thread, or in a future's callback, with the engine's lock held.

    @abstractmethod
    def schedule(self, now: float) -> float:
        """Hand out what can be handed out; when to ask again, in seconds from now."""

    def _held_back(self, now: float) -> float:
        """For how many seconds the pace holds it back; where it does not, the next wait begins."""
        if not self._single and now < self._next_start:
            return self._next_start - now
        self._next_start = now + (1 / self._pace.frames_per_second if self._pace.frames_per_second else 0.0)
        return 0.0
