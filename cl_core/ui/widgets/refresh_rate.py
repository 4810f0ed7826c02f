"""How often a page looks at what moves: as often as the server can bear, and not at all where nothing does."""

from dataclasses import dataclass

from cl_core.runtime.playback import Playback
from cl_core.ui.server.lifespan import engine

TICK = 0.4  # seconds between two looks at a picture that moves; the browser plays what came in between
READ = 2.0  # seconds between two looks at what is read rather than watched
EACH = 3  # runs that a core can feed with frames at that pulse; more get theirs more seldom
SLOWEST = 10.0  # times as long between two looks, however many there are
CHANGED = 2.0  # times as many or as few, for a page to begin anew with another pulse


@dataclass(frozen=True)
class RefreshRate:
    """The pulse of a page's moving parts, set when the page runs as a whole.

    Attributes:
        moves: whether anything does.
        crowd: how many times as long as alone there is between two looks.
    """

    moves: bool
    crowd: float

    @property
    def tick(self) -> float | None:
        """Seconds between two looks at a picture; None where nothing moves."""
        return TICK * self.crowd if self.moves else None

    @property
    def read(self) -> float | None:
        """Seconds between two looks at numbers; None where nothing moves."""
        return READ * self.crowd if self.moves else None

    def suits(self, moves: bool) -> bool:
        """Whether it is still the right one: the pulse of a fragment is set by whoever calls it."""
        return moves == self.moves and 1 / CHANGED < crowding() / self.crowd < CHANGED


def crowding() -> float:
    """How many times as long as alone there is to be between two looks, for the server to have time for everybody."""
    load = engine().load()
    return min(max(load.playing / (EACH * load.size), 1.0), SLOWEST)


def refresh_rate_of(what: Playback) -> RefreshRate:
    """The pulse of a page that shows a run or a race."""
    return RefreshRate(what.busy, crowding())
