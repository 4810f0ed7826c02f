"""A fair race: several runs from the same start on the same batches, in lockstep.

Runs of one seed draw their weights, the order of the images and the noise from the same random numbers. All runs get
the same next stretch, the steps up to the next frame or the next few, and none begins another stretch before all have
finished this one. A run that fails drops out, and the others go on.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from cl_core import training
from cl_core.runtime.context import RuntimeContext
from cl_core.runtime.fair_queue import Client
from cl_core.runtime.playback import Playback
from cl_core.runtime.race_limits import check_race
from cl_core.runtime.run import FRAMES_PER_CHUNK, Run
from cl_core.training import BATCH_RANGE, MAX_STEPS, RunSpec
from cl_core.training.frames import (
    MAX_FRAMES,
    PACES,
    Phase,
    RunProgress,
    next_frame_steps,
    steps_to_the_end,
)

LETTERS = "ABCDE"


class RaceRun(Run):
    """A run that goes no farther than the stretch that it shares with the others.

    Args:
        context: what the engine shares with its runs.
        spec: what to train.
        n: number of probe images in each frame.
        name: unique; names the run's files.
        client: the race's client of the queue.
        stretch: steps of the next frames, ascending; changed in place by the race.
    """

    linear_probe = True

    def __init__(
        self, context: RuntimeContext, spec: RunSpec, n: int, name: str, client: Client, stretch: Sequence[int]
    ) -> None:
        super().__init__(context, spec, n, name, client)
        self._stretch = stretch
        self._pace = PACES["flat-out"]  # the race sets the pace
        self._playing = True

    def _next_frame_steps(self) -> list[int]:
        return [step for step in self._stretch if step > self.steps_done]

    @property
    def destination(self) -> int:
        """The step that it reaches without a further request."""
        return self._frame_steps[-1] if self._training and self._frame_steps else self.steps_done


class ReadableRace(Protocol):
    """What pages read of a race, wherever it goes on."""

    @property
    def specs(self) -> tuple[RunSpec, ...]:
        """One for each contender."""

    @property
    def n(self) -> int:
        """Number of probe images in each frame."""

    @property
    def seeds(self) -> int:
        """Runs of each contender."""

    def progress(self) -> "RaceProgress":
        """Return the current progress."""


@dataclass(frozen=True, eq=False)
class RaceProgress:
    """Progress of a race, the same steps of every run.

    Attributes:
        phase: of the race; "failed" once no run can go on.
        step: the last step that all runs have a frame of; -1 until all have their first.
        rate: steps per second of wall-clock time lately; 0 while nothing moves.
        runs: progress by contender and seed; a run that failed ends where it did.
    """

    phase: Phase
    step: int
    rate: float
    runs: tuple[tuple[RunProgress, ...], ...]


class Race(Playback):
    """Two to four contenders, each with one to five seeds.

    Every public method returns at once; `progress` tells what has been done.

    Args:
        context: what the engine shares with its runs.
        specs: one for each contender; of one data set and one seed.
        n: number of probe images in each frame.
        seeds: how many seeds each contender runs with, counted from that of its spec.

    Attributes:
        name: unique; begins the names of its runs.
        runs: the runs by contender and seed.

    Raises:
        ValueError: too few or too many contenders or seeds, specs of several data sets or seeds, or another `n` than
            one of `PROBE_SIZES`.
    """

    def __init__(self, context: RuntimeContext, specs: Sequence[RunSpec], n: int, seeds: int = 1) -> None:
        check_race(specs, n, seeds)
        super().__init__(context)
        self.specs = tuple(specs)
        self.n = n
        self.seeds = seeds
        self._stretch: list[int] = [0]
        self._spacing_spec = _spacing_spec(specs, seeds)
        self.name, client = f"race-{uuid.uuid4().hex[:12]}", context.queue.client()
        self.runs = tuple(
            tuple(
                RaceRun(context, replace(spec, seed=seed), n, f"{self.name}-{letter}{k}", client, self._stretch)
                for k, seed in enumerate(seeds_of(spec, seeds))
            )
            for letter, spec in zip(LETTERS, specs, strict=False)
        )
        self._all_runs = [run for runs in self.runs for run in runs]
        self._until: int | None = None

    def renew_lease(self, times: float = 1.0) -> None:
        """Renew the lease of the race and of its runs; see `Playback.renew_lease`."""
        with self._context.changed:
            super().renew_lease(times)
            for run in self._all_runs:
                run.renew_lease(times)

    def play(self, until: int | None = None) -> None:
        """Race on, at the race's pace.

        Args:
            until: a step that is still to come, to rest exactly there.
        """
        self._step_log.clear()
        self._update(_playing=True, _next_start=0.0, _until=until)

    def pause(self) -> None:
        """Go no farther than the next frame that all runs can rest at."""
        with self._context.changed:
            self._update(_playing=False, _steps_requested=0)
            farthest = max((run.destination for run in self._racing), default=0)
            rest = next((step for step in self._stretch if step >= farthest), self._stretch_end)
            self._stretch[:] = [step for step in self._stretch if step <= rest]

    def step(self) -> None:
        """Pause, and let every run do one step."""
        with self._context.changed:
            self.pause()
            self._update(_steps_requested=1)

    def close(self) -> None:
        """End the race; its frames stay."""
        with self._context.changed:
            self._update(_closed=True, _playing=False, _steps_requested=0)
            for run in self._all_runs:
                run.close()

    @property
    def ended(self) -> bool:
        """Whether it cannot go on: every run failed, or did all its steps."""
        return not self._racing or self._stretch_end >= MAX_STEPS

    @property
    def started(self) -> bool:
        """Whether it was ever asked to race."""
        return bool(self._stretch_end or self._playing or self._steps_requested)

    @property
    def busy(self) -> bool:
        """Whether there will be more to show without a further request."""
        with self._context.changed:
            drawing = any(run.frames_due for run in self._all_runs)
            return drawing or not self._arrived or self.playing or (self._steps_requested > 0 and not self.ended)

    def progress(self) -> RaceProgress:
        """Return the progress of every run up to the step that all have reached."""
        with self._context.changed:
            phase, step = self._phase(), self._common_step()
            runs = tuple(tuple(_cut(run.progress(), step, phase) for run in runs) for runs in self.runs)
            return RaceProgress(phase, step, self.rate, runs)

    @property
    def _racing(self) -> list[RaceRun]:
        """Runs that have not failed."""
        return [run for run in self._all_runs if not run.failed]

    @property
    def _stretch_end(self) -> int:
        return self._stretch[-1]

    @property
    def _arrived(self) -> bool:
        """Whether all runs have reached the end of the stretch."""
        return all(run.steps_done >= self._stretch_end and not run.training for run in self._racing)

    def _common_step(self) -> int:
        """Return the step of the last frame that all racing runs have; if all failed, of the last frame of any."""
        drawn = [run.history.last_step for run in self._racing]
        if drawn:
            return min(drawn)
        return max((run.history.last_step for run in self._all_runs), default=-1)

    def _phase(self) -> Phase:
        if not self._racing:
            return "failed"
        if self._common_step() < 0:
            return "opening"
        if self._common_step() >= MAX_STEPS:
            return "finished"
        return "running" if self._playing or self._steps_requested or not self._arrived else "paused"

    # The rest runs in the engine's thread, with the engine's lock held.

    def schedule(self, now: float) -> float:
        """Submit the tasks of all runs that are due; see `Playback.schedule`."""
        delay = np.inf if self._closed or now >= self._lease_end else self._start_stretch(now)
        return min(delay, *(run.schedule(now) for run in self._all_runs))

    def _start_stretch(self, now: float) -> float:
        """Start the next stretch if all runs have finished this one and the pace allows it."""
        behind = any(run.frames_due > len(self._stretch) for run in self._racing)
        if self.ended or behind or not self._arrived or not (self._playing or self._steps_requested):
            return np.inf
        if delay := self._pacing_delay(now):
            return delay
        self._step_log.append((now, self._stretch_end))
        self._stretch[:] = self._next_stretch()
        if self._until == self._stretch_end:
            self._playing = False
        self._steps_requested = max(self._steps_requested - 1, 0)
        return np.inf

    def _next_stretch(self) -> list[int]:
        crowded = any(len(run.history.frames) >= MAX_FRAMES for run in self._all_runs)
        if self._steps_requested or (self._pace.every_step and not crowded):
            return [self._stretch_end + 1]
        last = self._until if self._until is not None and self._until > self._stretch_end else MAX_STEPS
        # with several seeds a hand-over costs relatively less, and states that wait for their frames need memory
        frames = FRAMES_PER_CHUNK if self._pace.frames_per_second is None and self.seeds == 1 else 1
        return sorted({min(step, last) for step in next_frame_steps(self._spacing_spec, self._stretch_end, frames)})


def seeds_of(spec: RunSpec, seeds: int) -> list[int]:
    """Return the seeds of a contender's runs, from that of its spec on."""
    return [(spec.seed + k) % training.SEED_RANGE[1] for k in range(seeds)]


def _spacing_spec(specs: Sequence[RunSpec], seeds: int) -> RunSpec:
    """Return a run whose frames lie where those of a race do.

    Its batch is as large as all batches together: the more work lies between two frames, the closer they are, so that
    the pictures keep moving.
    """
    rows = sum(spec.batch for spec in specs) * seeds
    return RunSpec(batch=min(rows, BATCH_RANGE[1]))


def frame_steps(specs: Sequence[RunSpec], seeds: int) -> list[int]:
    """Return the steps after 0 at which all runs of a race have frames; the last one ends it.

    Args:
        specs: one for each contender.
        seeds: runs of each contender.
    """
    return steps_to_the_end(_spacing_spec(specs, seeds))


def _cut(progress: RunProgress, step: int, phase: Phase) -> RunProgress:
    """Return the progress of a run as it was at a step."""
    frames = tuple(frame for frame in progress.frames if frame.step <= step)
    return replace(
        progress,
        phase="failed" if progress.failure else phase,
        step=max(min(progress.step, step), 0),
        frames=frames,
        losses=progress.losses[: max(step, 0)],
        seconds=frames[-1].seconds if frames else 0.0,
    )
