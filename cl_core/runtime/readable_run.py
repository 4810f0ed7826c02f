"""What pages read of a run, wherever it trains."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol

from cl_core.training import RunSpec, State
from cl_core.training.frames import RunProgress


class ReadableRun(Protocol):
    """A run that pages show, measure and export."""

    @property
    def spec(self) -> RunSpec:
        """What is trained."""

    @property
    def n(self) -> int:
        """Number of probe images in each frame."""

    @property
    def name(self) -> str:
        """Unique name, of the run's pictures."""

    @property
    def state(self) -> State | None:
        """Its newest state; None before there is one."""

    @property
    def busy(self) -> bool:
        """Whether there will be more to show without a further request."""

    def progress(self) -> RunProgress:
        """Return the current progress, with every frame so far."""

    def progress_and_state(self) -> tuple[RunProgress, State | None]:
        """Return progress and newest state of the same moment."""

    def renew_lease(self, times: float = 1.0) -> None:
        """Keep the run alive; see `Playback.renew_lease`."""

    def submit(self, task: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Submit a task about the run to the server's workers."""
