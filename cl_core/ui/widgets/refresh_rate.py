"""Refresh intervals of a page's moving parts, which grow with the load of the server."""

from dataclasses import dataclass

from cl_core.runtime.playback import Playback
from cl_core.runtime.readable_run import ReadableRun
from cl_core.ui.server.lifespan import engine

PICTURE_INTERVAL = 0.4  # seconds between two updates of a moving picture; the browser plays the frames in between
NUMBERS_INTERVAL = 2.0  # seconds between two updates of numbers, which are read rather than watched
RUNS_PER_CORE = 3  # runs that a core can supply with frames at these intervals; with more of them, intervals grow
MAX_SLOWDOWN = 10.0  # largest factor by which intervals grow
RERUN_FACTOR = 2.0  # change of the factor, up or down, after which a page runs anew with other intervals


@dataclass(frozen=True)
class RefreshRate:
    """Refresh intervals of a page's moving parts, set when the page runs as a whole.

    Attributes:
        moves: whether anything moves.
        slowdown: factor by which the intervals are lengthened.
    """

    moves: bool
    slowdown: float

    @property
    def picture_interval(self) -> float | None:
        """Seconds between two updates of a picture; None if nothing moves."""
        return PICTURE_INTERVAL * self.slowdown if self.moves else None

    @property
    def numbers_interval(self) -> float | None:
        """Seconds between two updates of numbers; None if nothing moves."""
        return NUMBERS_INTERVAL * self.slowdown if self.moves else None

    def still_fits(self, moves: bool) -> bool:
        """Return whether the intervals still fit; else the whole page must run, as a fragment cannot change its own.

        Args:
            moves: whether anything moves now.
        """
        return moves == self.moves and 1 / RERUN_FACTOR < crowding() / self.slowdown < RERUN_FACTOR


def crowding() -> float:
    """Return the factor by which intervals must be lengthened for the server to keep up with all playing runs."""
    load = engine().load()
    return min(max(load.playing / (RUNS_PER_CORE * load.size), 1.0), MAX_SLOWDOWN)


def refresh_rate_of(playback: Playback | ReadableRun) -> RefreshRate:
    """Return the refresh intervals of a page that shows a run or a race."""
    return RefreshRate(playback.busy, crowding())
