"""One training run as a page holds it: play, pause, step, watch and close.

Whenever a chunk of steps or a frame is done, the engine's thread submits the next task. Between two tasks a run is a
value, so a worker that dies costs one chunk. A run whose lease has ended for a while is spilled to disk.
"""

import time
import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import numpy as np

from cl_core.runtime import spill, tasks
from cl_core.runtime.context import RuntimeContext
from cl_core.runtime.fair_queue import Client
from cl_core.runtime.history import History
from cl_core.runtime.retry import RetryPolicy
from cl_core.runtime.stored_run import StoredRun
from cl_core.runtime.tasks import StateHandle
from cl_core.training import MAX_STEPS, RunSpec, State
from cl_core.training.frames import MAX_FRAMES, Change, Phase, RunProgress, next_frame_steps
from cl_core.training.saved_run import SavedRun

CHUNK = 0.6  # seconds after which a chunk ends wherever it is, so that a pause is felt soon
FRAMES_PER_CHUNK = 4  # of a run at full speed: each hand-over of a state costs time
_FLAGS: Mapping[Callable[..., Any], str] = {tasks.draw_frame: "_drawing", tasks.measure_references: "_measuring"}


class Run(StoredRun):
    """A run of one `RunSpec`, paused at its first frame or where it was saved.

    Every public method returns at once; `progress` tells what has been done.

    Args:
        context: what the engine shares with its runs.
        spec: what to train.
        n: number of probe images in each frame.
        name: unique; names the run's files.
        client: the queue's client that the run's tasks are accounted to.
        saved: where to continue, instead of at a first state.

    Attributes:
        linear_probe: whether frames carry the accuracy of a linear probe.
    """

    linear_probe = False

    def __init__(
        self, context: RuntimeContext, spec: RunSpec, n: int, name: str, client: Client, saved: SavedRun | None = None
    ) -> None:
        super().__init__(context, spec, n, name)
        self._client = client
        self._training = False  # a chunk, or the first state, is under way
        self._drawing = False  # the frame of the first undrawn state is under way
        self._stepping = False  # the chunk under way is a single step that was asked for
        self._frame_steps: list[int] = []  # steps of the frames that the chunk under way shall reach
        self._references_due = self._measuring = False  # the lines beside the run, after a change of its settings
        self._retry = RetryPolicy()
        if saved is not None:
            self.history, self._failure = History.of(saved), saved.state.failure
            self._newest = StateHandle.store(saved.state, self._slots(1)[0])
            self._draw_at_rest()

    def play(self) -> None:
        """Train on, at the run's pace."""
        self._update(_playing=True, _next_start=0.0)

    def pause(self) -> None:
        """Submit no further chunk; one that is under way is finished, and the run rests at a frame."""
        with self._context.changed:
            self._update(_playing=False, _steps_requested=0)
            self._draw_at_rest()

    def step(self) -> None:
        """Pause, and do one step."""
        with self._context.changed:
            self._update(_playing=False, _steps_requested=self._steps_requested + 1)

    def change(self, spec: RunSpec) -> None:
        """Train on with other settings, from the step after the chunk under way on.

        Args:
            spec: settings that differ in the learning rate and in numbers of the loss only: these are taken.
        """
        with self._context.changed:
            self._update(spec=replace(self.spec, rate=spec.rate, theta=spec.theta), _references_due=True)
            self._take_settings()

    def close(self) -> None:
        """End the run; its frames stay, and its weights are freed with the last reference to it."""
        self._update(_closed=True, _playing=False, _steps_requested=0)

    @property
    def ended(self) -> bool:
        """Whether it cannot go on: it failed, or did all its steps."""
        return self.failed or self.steps_done >= MAX_STEPS

    @property
    def started(self) -> bool:
        """Whether it was ever asked to train."""
        return bool(self.steps_done or self._playing or self._steps_requested)

    @property
    def busy(self) -> bool:
        """Whether there will be more to show without a further request."""
        with self._context.changed:
            opening = self._newest is None and not self.failed
            working = bool(self._undrawn) or self._training
            return opening or working or self.playing or self._steps_requested > 0

    def progress(self) -> RunProgress:
        """Return the current progress, with every frame so far."""
        with self._context.changed:
            self._restore()
            return RunProgress(
                spec=self.spec,
                phase=self._phase(),
                step=self.steps_done,
                seconds=self._newest.state.seconds if self._newest else 0.0,
                rate=self.rate,
                frames=tuple(self.history.frames),
                losses=self.history.losses,
                empty=self.history.empty,
                references=self.history.references,
                note=self._retry.note,
                failure=self._failure,
                changes=tuple(self.history.changes),
            )

    def progress_and_state(self) -> tuple[RunProgress, State | None]:
        """Return progress and newest state of the same moment."""
        with self._context.changed:
            return self.progress(), self.state

    @property
    def training(self) -> bool:
        """Whether a chunk is under way, or its first state is not there yet."""
        return self._training or self._newest is None

    @property
    def frames_due(self) -> int:
        """Number of states that wait for their frames, the one being drawn included."""
        return len(self._undrawn)

    def submit(self, task: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        """Submit a task about the run; it waits in the queue as the run's own tasks do."""
        return self._client.submit(task, *arguments)

    def _phase(self) -> Phase:
        if self.failed:
            return "failed"
        if not self.history.frames or self._newest is None:
            return "opening"
        if self.steps_done >= MAX_STEPS:
            return "finished"
        return "running" if self._playing or self._steps_requested else "paused"

    # The rest runs in the engine's thread or in a future's callback, with the engine's lock held.

    def schedule(self, now: float) -> float:
        """Submit the tasks that are due; see `Playback.schedule`."""
        return min(self._submit_due(now), self._storage.seconds_until_spill(now) or np.inf)

    def _submit_due(self, now: float) -> float:
        if self._closed:
            return np.inf
        if now < self._retry.not_before:
            return self._retry.not_before - now
        if self._undrawn and not self._drawing:
            views = self.history.frames[-1].views
            self._submit(tasks.draw_frame, self._undrawn[0], self.n, views, self.linear_probe)
        if self._references_due and not self._measuring:
            self._references_due = False
            self._submit(tasks.measure_references, self.spec, self.n)
        if now >= self._lease_end:
            return np.inf if self._training or self._undrawn else self._spill_when_idle(now)
        if self._training or self.failed:
            return np.inf
        if self._newest is None:
            self._submit(tasks.start_run, self.spec, self.n, *self._slots(1), self.linear_probe)
            return np.inf
        return self._submit_chunk(self._newest, now)

    def _submit_chunk(self, newest: StateHandle, now: float) -> float:
        if len(self._undrawn) > FRAMES_PER_CHUNK or not (self._playing or self._steps_requested):
            return np.inf
        if self.steps_done >= MAX_STEPS:
            self._playing, self._steps_requested = False, 0
            return np.inf
        if self._newest_has_frame and (delay := self._pacing_delay(now)):
            return delay
        self._stepping = self._steps_requested > 0
        self._frame_steps = self._next_frame_steps()
        if self._frame_steps:
            seconds = self._context.queue.time_slice(CHUNK)
            self._submit(tasks.train_chunk, newest, self._frame_steps, seconds, self._slots(len(self._frame_steps)))
        return np.inf

    @property
    def _newest_has_frame(self) -> bool:
        return self.steps_done == (self._undrawn[-1].state if self._undrawn else self.history.frames[-1]).step

    def _draw_at_rest(self) -> None:
        """Queue the newest state for drawing if the run rests and has no frame of it."""
        resting = not (self._playing or self._steps_requested or self._training or self.failed)
        if resting and self._newest and not self._newest_has_frame:
            self._undrawn.append(self._newest)

    def _next_frame_steps(self) -> list[int]:
        """Return the steps of the frames that the next chunk shall reach; empty if it has to wait."""
        if self._steps_requested or (self._pace.every_step and len(self.history.frames) < MAX_FRAMES):
            return [self.steps_done + 1]
        full_speed = self._pace.frames_per_second is None
        return next_frame_steps(self.spec, self.steps_done, FRAMES_PER_CHUNK if full_speed else 1)

    def _submit(self, task: Callable[..., Any], *arguments: Any) -> None:
        self._mark(task, True)  # before submitting: the task may be done before `submit` returns
        future = self._client.submit(task, *arguments)
        context, reference, files = self._context, weakref.ref(self), self._storage.slots

        def collect(done: "Future[Any]") -> None:
            with context.changed:
                run = reference()
                if run is None:
                    spill.delete_files(files)  # the task has written to them since
                else:
                    run.collect(task, done)
                context.notify()

        future.add_done_callback(collect)

    def _mark(self, task: Callable[..., Any], under_way: bool) -> None:
        setattr(self, _FLAGS.get(task, "_training"), under_way)

    def collect(self, task: Callable[..., Any], done: "Future[Any]") -> None:
        """Take the outcome of one of the run's tasks; lock held."""
        self._mark(task, False)
        try:
            result = done.result()
        except Exception as error:
            reason = self._retry.record_failure(error, self.steps_done)
            if reason is not None:
                self._fail(reason)
            return
        self._retry.record_success()
        if task is tasks.draw_frame:
            self._undrawn.popleft()
            self.history.add_frame(result)
        elif task is tasks.start_run:
            self._newest, first, self.history.references = result
            self.history.add_frame(first)
        elif task is tasks.measure_references:
            self.history.references = result
        else:
            self._collect_states(result)

    def _collect_states(self, handles: list[StateHandle]) -> None:
        for handle in handles:
            self._newest = handle
            self.history.add_steps(handle.state)
            if handle.state.step in self._frame_steps and not handle.state.failure:
                self._undrawn.append(handle)
        self._take_settings()
        newest = handles[-1].state
        self._step_log.append((time.monotonic(), newest.step))
        if self._stepping and self._steps_requested:
            self._steps_requested -= 1
        if newest.failure:
            self._failure, self._playing = newest.failure, False
        self._draw_at_rest()

    def _take_settings(self) -> None:
        """Let the newest state go on with the run's settings, unless a chunk that began with others is under way."""
        if self._training or self._newest is None or self._newest.state.spec == self.spec:
            return
        state = self._newest.state
        self._newest = replace(self._newest, state=replace(state, spec=self.spec))
        if state.step:
            numbers = {name: float(value) for name, value in self.spec.theta.items() if type(value) in (int, float)}
            self.history.add_change(Change(state.step, self.spec.rate, numbers))

    def _fail(self, reason: str) -> None:
        super()._fail(reason)
        while len(self._undrawn) > self._drawing:  # the one being drawn now still arrives
            self._undrawn.pop()
