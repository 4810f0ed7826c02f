"""A run as its page holds it: asked to play, pause or step, looked at, and let go.

Whenever a chunk of steps, or a frame, is done, the engine's thread submits the next. A run is a value between two
chunks, so a worker that dies costs one chunk. A run whose lease has not been renewed for a while is spilled to disk.
"""

import time
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np

from cl_core.runtime import process_memory, spill, tasks
from cl_core.runtime.context import RuntimeContext
from cl_core.runtime.fair_queue import Client
from cl_core.runtime.history import History
from cl_core.runtime.playback import Playback
from cl_core.runtime.retry import RetryPolicy
from cl_core.runtime.tasks import StateHandle
from cl_core.training import MAX_STEPS, RunSpec, State
from cl_core.training.frames import MAX_FRAMES, Frame, Phase, RunProgress, next_frame_steps
from cl_core.training.saved_run import SavedRun

CHUNK = 0.6  # seconds after which a chunk ends wherever it is, so that a pause is soon felt
AHEAD = 4  # frames that one chunk of a run flat out may come to: each time of handing over is time lost


class Run(Playback):
    """One run as its page holds it. Every method returns at once; `look` says what became of it."""

    linear_probe = False  # whether its frames have the accuracy of a linear probe

    def __init__(
        self, context: RuntimeContext, spec: RunSpec, n: int, name: str, seat: Client, kept: SavedRun | None = None
    ) -> None:
        super().__init__(context)
        self.spec = spec
        self.n, self.name = n, name
        self._seat = seat
        self._parcel: StateHandle | None = None
        self._shelf = spill.RunStorage(name, context.queue)
        self._working = False  # on a chunk, or on the first state
        self._drawing = False  # the frame of the first state that is due
        self._due: deque[StateHandle] = deque()  # states that wait for theirs
        self._stepping = False  # the chunk under way is a step that was asked for
        self._goals: list[int] = []  # steps of the frames that the chunk under way is to come to
        self.history = History()
        self._recovery = RetryPolicy()
        self._failure: str | None = None
        if kept is not None:
            self.history, self._failure = History.of(kept), kept.state.failure
            self._parcel = StateHandle.store(kept.state, self._slots(1)[0])
            self._settle()

    def renew_lease(self, times: float = 1.0) -> None:
        """Say that somebody is still looking, and will again before so many times a lease is over."""
        with self._context.changed:
            super().renew_lease(times)
            self._take_back()

    def play(self) -> None:
        """Train on, at the run's pace."""
        self._change(_playing=True, _next_start=0.0)

    def pause(self) -> None:
        """Hand out no further chunk; one that is under way is finished, and the run rests at a frame."""
        with self._context.changed:
            self._change(_playing=False, _single=0)
            self._settle()

    def step(self) -> None:
        """Pause, and do one step."""
        with self._context.changed:
            self._change(_playing=False, _single=self._single + 1)

    def close(self) -> None:
        """End the run; what was seen of it stays, and its weights go when nobody holds it."""
        self._change(_closed=True, _playing=False, _single=0)

    @property
    def ended(self) -> bool:
        """Whether it can't go on: it failed, or did all its steps."""
        return self._failure is not None or self.steps_done >= MAX_STEPS

    @property
    def started(self) -> bool:
        """Whether it was ever asked to train."""
        return bool(self.steps_done or self._playing or self._single)

    @property
    def busy(self) -> bool:
        """Whether there will be more to see without a further word."""
        with self._context.changed:
            opening = self._parcel is None and self._failure is None
            return opening or bool(self._due) or self._working or self.playing or self._single > 0

    def progress(self) -> RunProgress:
        """What there is to see right now."""
        with self._context.changed:
            self._take_back()
            state, seen = (self._parcel.state if self._parcel else None), self.history
            return RunProgress(
                spec=self.spec,
                phase=self._phase(),
                step=self.steps_done,
                seconds=state.seconds if state else 0.0,
                rate=self.rate,
                frames=tuple(seen.frames),
                losses=seen.losses,
                empty=seen.empty,
                references=seen.references,
                note=self._recovery.note,
                failure=self._failure,
            )

    def progress_and_state(self) -> tuple[RunProgress, State | None]:
        """What there is to see and its newest state, of one moment."""
        with self._context.changed:
            return self.progress(), self.state

    @property
    def state(self) -> State | None:
        """Its newest state; None before there is one."""
        with self._context.changed:  # the state's slot may be another's by the time a worker comes to it
            self._take_back()
            return self._parcel.load() if self._parcel else None

    @property
    def failed(self) -> bool:
        """Whether an error ended it."""
        return self._failure is not None

    @property
    def steps_done(self) -> int:
        """Of its newest state; 0 before there is one."""
        return self._parcel.state.step if self._parcel else 0

    @property
    def training(self) -> bool:
        """Whether a chunk, or its first state, is under way or still to come."""
        return self._working or self._parcel is None

    @property
    def frames_due(self) -> int:
        """States that wait for their frame, the one being drawn included."""
        return len(self._due)

    def submit(self, task: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Submit work about the run, which takes its turn as the run's own does."""
        return self._seat.submit(task, *arguments)

    def _phase(self) -> Phase:
        if self._failure:
            return "failed"
        if not self.history.frames or self._parcel is None:
            return "opening"
        if self.steps_done >= MAX_STEPS:
            return "finished"
        return "running" if self._playing or self._single else "paused"

    # What follows runs in the engine's thread, or in a future's callback, with the engine's lock held.

    def schedule(self, now: float) -> float:
        """Submit what can be submitted; return seconds until it should be called again (infinite: when notified)."""
        return min(self._go_on(now), self._shelf.seconds_until_spill(now) or np.inf)

    def _go_on(self, now: float) -> float:
        if self._closed:
            return np.inf
        if now < self._recovery.not_before:
            return self._recovery.not_before - now
        if not self._drawing and self._due:
            self._submit(tasks.draw_frame, self._due[0], self.n, self.history.frames[-1].views, self.linear_probe)
        if now >= self._lease:
            return self._left_alone(now)
        if self._parcel is None:
            if not self._working and not self._failure:
                self._submit(tasks.start_run, self.spec, self.n, *self._slots(1), self.linear_probe)
            return np.inf
        if self._failure or self._working or len(self._due) > AHEAD or not (self._playing or self._single):
            return np.inf
        if self.steps_done >= MAX_STEPS:
            self._playing, self._single = False, 0
            return np.inf
        if self._framed:
            wait = self._held_back(now)
            if wait:
                return wait
        self._stepping = self._single > 0
        self._goals = self._next_goals()
        if self._goals:
            seconds = self._context.queue.time_slice(CHUNK)
            self._submit(tasks.train_chunk, self._parcel, self._goals, seconds, self._slots(len(self._goals)))
        return np.inf

    def _left_alone(self, now: float) -> float:
        """Have the run laid by once nobody has come back for long enough; when to ask again, in seconds from now."""
        if self._working or self._due or not self.history.frames or self._parcel is None:
            return np.inf
        wait = self._shelf.seconds_until_spill(now)
        if not wait:
            self._shelf.spilling = True
            self._context.background.submit(self._lay_by, tuple(self.history.frames), self._parcel)
        return wait or np.inf

    def _lay_by(self, frames: tuple[Frame, ...], newest: StateHandle) -> None:
        """In a thread beside the engine's, so that nobody waits for the disk; whoever comes back meanwhile is first."""
        copied = self._shelf.write_copy(frames, newest)
        with self._context.changed:
            self._shelf.spilling = False
            same = self._parcel is newest and tuple(self.history.frames) == frames
            if copied and same and not self._shelf.seconds_until_spill(time.monotonic()):
                self.history.frames, self._parcel = self._shelf.spill(frames, newest)
                self.history.compact()
            else:
                self._shelf.discard_copy()
            self._context.notify()
        process_memory.malloc_trim()

    def _take_back(self) -> None:
        """Have everything of the run at hand, for a while."""
        self._shelf.mark_used(self._lease)
        if self._shelf.spilled and self._parcel is not None:
            try:
                self.history.frames, self._parcel = self._shelf.restore(self.history.frames, self._parcel)
            except spill.SpillLostError as error:
                self._parcel, self.history.frames = None, []
                self._give_up(str(error))

    @property
    def _framed(self) -> bool:
        """Whether the newest state has its frame, or will have it."""
        return self.steps_done == (self._due[-1].state if self._due else self.history.frames[-1]).step

    def _settle(self) -> None:
        """See to it that what is seen of a run that rests is where it rests."""
        resting = not (self._playing or self._single or self._working or self._failure)
        if resting and self._parcel and not self._framed:
            self._due.append(self._parcel)

    def _slots(self, n: int) -> list[Path | None]:
        """So many that hold neither the newest state nor one that waits for its frame."""
        return self._shelf.free_slots(n, (self._parcel, *self._due))

    def _next_goals(self) -> list[int]:
        """The steps of the frames that the next chunk is to come to; none where it has to wait."""
        if self._single or (self._pace.every_step and len(self.history.frames) < MAX_FRAMES):
            return [self.steps_done + 1]
        return next_frame_steps(self.spec, self.steps_done, AHEAD if self._pace.frames_per_second is None else 1)

    def _submit(self, task: Callable[..., Any], *arguments: Any) -> None:
        self._mark(task, True)  # first, as the work may be done before this returns
        future = self._seat.submit(task, *arguments)
        context, me, files = self._context, weakref.ref(self), self._shelf.slots

        def collect(done: "Future[Any]") -> None:
            with context.changed:
                run = me()
                if run is None:
                    spill.delete_files(files)  # what was written since
                else:
                    run.collect(task, done)
                context.notify()

        future.add_done_callback(collect)

    def _mark(self, task: Callable[..., Any], under_way: bool) -> None:
        setattr(self, "_drawing" if task is tasks.draw_frame else "_working", under_way)

    def collect(self, task: Callable[..., Any], done: "Future[Any]") -> None:
        """Take the outcome of one of the run's tasks; with the lock held."""
        self._mark(task, False)
        try:
            answer = done.result()
        except Exception as error:
            why = self._recovery.record_failure(error, self.steps_done)
            if why is not None:
                self._give_up(why)
            return
        self._recovery.record_success()
        if task is tasks.draw_frame:
            self._due.popleft()
            self.history.add_frame(answer)
        elif task is tasks.start_run:
            self._parcel, first, self.history.references = answer
            self.history.add_frame(first)
        else:
            self._trained(answer)

    def _trained(self, parcels: list[StateHandle]) -> None:
        for parcel in parcels:
            state = parcel.state
            self._parcel = parcel
            self.history.add_steps(state)
            if state.step in self._goals and not state.failure:
                self._due.append(parcel)
        self._clock.append((time.monotonic(), state.step))
        if self._stepping and self._single:
            self._single -= 1
        if state.failure:
            self._failure, self._playing = state.failure, False
        self._settle()

    def _give_up(self, why: str) -> None:
        self._failure, self._playing = why, False
        while len(self._due) > self._drawing:  # what is being drawn now is still to come
            self._due.pop()
