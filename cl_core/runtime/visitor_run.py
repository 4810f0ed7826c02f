"""A run that trains in a visitor's browser, as far as the server knows it: what the browser has handed over last."""

import uuid
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import numpy as np

from cl_core.runtime.fair_queue import Client
from cl_core.training import MAX_STEPS, RunSpec, State
from cl_core.training.frames import Phase, RunProgress
from cl_core.training.saved_run import SavedRun


class VisitorRun:
    """A run in a visitor's browser; a `ReadableRun`.

    Args:
        spec: what is trained, as the page has it now.
        n: number of probe images in each frame.
        client: the queue's client that tasks about the run are accounted to.

    Attributes:
        saved: the run as the browser handed it over last; None before that.
        busy: False: the server shows nothing that moves.
    """

    busy = False

    def __init__(self, spec: RunSpec, n: int, client: Client) -> None:
        self._spec, self._n = spec, n
        self._client = client
        self._name = _new_name()
        self.saved: SavedRun | None = None

    @property
    def spec(self) -> RunSpec:
        """What was trained, once the run was handed over; else what is to be trained."""
        return self.saved.state.spec if self.saved else self._spec

    @property
    def n(self) -> int:
        """Number of probe images in each frame."""
        return self.saved.n if self.saved else self._n

    @property
    def name(self) -> str:
        """Unique name, another one after each handover: what is shown of the run then begins anew."""
        return self._name

    @property
    def state(self) -> State | None:
        """The state that was handed over last; None before that."""
        return self.saved.state if self.saved else None

    def expect(self, spec: RunSpec, n: int) -> None:
        """Note the settings of the page, which count until a run is handed over."""
        self._spec, self._n = spec, n

    def hand_over(self, saved: SavedRun) -> None:
        """Take the run as the browser has it."""
        self.saved, self._name = saved, _new_name()

    def progress(self) -> RunProgress:
        """Return the progress at the last handover."""
        saved = self.saved
        return RunProgress(
            spec=self.spec,
            phase=self._phase(),
            step=saved.state.step if saved else 0,
            seconds=saved.state.seconds if saved else 0.0,
            rate=0.0,
            frames=saved.frames if saved else (),
            losses=saved.losses if saved else np.empty(0, np.float32),
            empty=saved.empty if saved else 0,
            references=saved.references if saved else None,
            note=None,
            failure=saved.state.failure if saved else None,
            changes=saved.changes if saved else (),
        )

    def progress_and_state(self) -> tuple[RunProgress, State | None]:
        """Return progress and state at the last handover."""
        return self.progress(), self.state

    def renew_lease(self, times: float = 1.0) -> None:
        """Do nothing: the run lives in the browser."""

    def submit(self, task: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Submit a task about the run to the server's workers."""
        return self._client.submit(task, *arguments)

    def _phase(self) -> Phase:
        if self.saved is None:
            return "opening"
        if self.saved.state.failure:
            return "failed"
        return "finished" if self.saved.state.step >= MAX_STEPS else "paused"


def _new_name() -> str:
    return f"visitor-{uuid.uuid4().hex[:12]}"
