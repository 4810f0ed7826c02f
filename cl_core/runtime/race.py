"""A fair race: several runs from the same start on the same batches, none ever ahead of another.

Runs of one seed draw their weights, the order of the images and the noise from the same dice. They go in lockstep: all
get the same next stretch, the steps up to the next frame or the next few, and nobody begins another one before all have
come as far. A run that fails is left behind, and holds up nobody.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cl_core import training
from cl_core.runtime.context import RuntimeContext
from cl_core.runtime.fair_queue import Client
from cl_core.runtime.playback import Playback
from cl_core.runtime.run import AHEAD, Run
from cl_core.training import BATCH_RANGE, MAX_STEPS, RunSpec
from cl_core.training.frames import MAX_FRAMES, PACES, PROBE_SIZES, Phase, RunProgress, next_frame_steps

CONTENDER_RANGE = (2, 4)
SEED_COUNT_RANGE = (1, 5)
LETTERS = "ABCD"


class RaceRun(Run):
    """A run that goes no farther than the `stretch` that it shares with the others: steps of frames, ascending."""

    linear_probe = True

    def __init__(
        self, context: RuntimeContext, spec: RunSpec, n: int, name: str, seat: Client, stretch: Sequence[int]
    ) -> None:
        super().__init__(context, spec, n, name, seat)
        self._stretch = stretch
        self._pace = PACES["flat-out"]  # it is the race that has a pace
        self._playing = True

    def _next_goals(self) -> list[int]:
        return [goal for goal in self._stretch if goal > self.steps_done]

    @property
    def destination(self) -> int:
        """The step that it comes to without a further word."""
        return self._goals[-1] if self._working and self._goals else self.steps_done


@dataclass(frozen=True, eq=False)
class RaceProgress:
    """What there is to see of a race right now, the same steps of every run.

    Attributes:
        phase: of the race; "failed" once no run can go on.
        step: that all have come to and have a frame of; -1 until all have their first.
        rate: steps a second of the wall clock lately, 0 while nothing moves.
        looks: of every contender, of each seed in turn; a run that failed ends where it did.
    """

    phase: Phase
    step: int
    rate: float
    runs: tuple[tuple[RunProgress, ...], ...]


class Race(Playback):
    """Two to four contenders, each with one to five seeds. Every method returns at once; `look` says what became of it.

    Raises ValueError, in words, where these would be no race.
    """

    def __init__(self, context: RuntimeContext, specs: Sequence[RunSpec], n: int, seeds: int = 1) -> None:
        _check(specs, n, seeds)
        super().__init__(context)
        self.specs = tuple(specs)
        self.n = n
        self.seeds = seeds
        self._stretch: list[int] = [0]
        # frames lie as those of one run whose batch is as large as all of theirs together: the more there is to do from
        # one to the next, the nearer, so that the pictures keep moving
        rows = sum(spec.batch for spec in specs) * seeds
        self._like = RunSpec(batch=min(rows, BATCH_RANGE[1]))
        name, seat = f"race-{uuid.uuid4().hex[:12]}", context.queue.client()
        self.runs = tuple(
            tuple(
                RaceRun(context, replace(spec, seed=_seed(spec, k)), n, f"{name}-{letter}{k}", seat, self._stretch)
                for k in range(seeds)
            )
            for letter, spec in zip(LETTERS, specs, strict=False)
        )
        self._all = [run for runs in self.runs for run in runs]
        self._until: int | None = None

    def renew_lease(self, times: float = 1.0) -> None:
        """Say that somebody is still looking, and will again before so many times a lease is over."""
        with self._context.changed:
            super().renew_lease(times)
            for run in self._all:
                run.renew_lease(times)

    def play(self, until: int | None = None) -> None:
        """Race on, at the race's pace; where a step is given that is still to come, to rest exactly there."""
        self._clock.clear()
        self._change(_playing=True, _next_start=0.0, _until=until)

    def pause(self) -> None:
        """Go no farther than the next frame that all can rest at."""
        with self._context.changed:
            self._change(_playing=False, _single=0)
            ahead = max((run.destination for run in self._racing), default=0)
            rest = next((goal for goal in self._stretch if goal >= ahead), self._goal)
            self._stretch[:] = [goal for goal in self._stretch if goal <= rest]

    def step(self) -> None:
        """Pause, and let everyone do one step."""
        with self._context.changed:
            self.pause()
            self._change(_single=1)

    def close(self) -> None:
        """End the race; what was seen of it stays."""
        with self._context.changed:
            self._change(_closed=True, _playing=False, _single=0)
            for run in self._all:
                run.close()

    @property
    def ended(self) -> bool:
        """Whether it can't go on: every run failed, or did all its steps."""
        return not self._racing or self._goal >= MAX_STEPS

    @property
    def started(self) -> bool:
        """Whether it was ever asked to race."""
        return bool(self._goal or self._playing or self._single)

    @property
    def busy(self) -> bool:
        """Whether there will be more to see without a further word."""
        with self._context.changed:
            drawing = any(run.frames_due for run in self._all)
            return drawing or not self._arrived or self.playing or (self._single > 0 and not self.ended)

    def progress(self) -> RaceProgress:
        """What there is to see right now: of every run what it was like at the step that all have come to."""
        with self._context.changed:
            phase, step = self._phase(), self._common()
            looks = tuple(tuple(_cut(run.progress(), step, phase) for run in runs) for runs in self.runs)
            return RaceProgress(phase, step, self.rate, looks)

    @property
    def _racing(self) -> list[RaceRun]:
        """Those that have not failed."""
        return [run for run in self._all if not run.failed]

    @property
    def _goal(self) -> int:
        """Where the stretch ends that all are on."""
        return self._stretch[-1]

    @property
    def _arrived(self) -> bool:
        """Whether all have come to the end of the stretch."""
        return all(run.steps_done >= self._goal and not run.training for run in self._racing)

    def _common(self) -> int:
        """The step of the last frame that all have; where none is left to wait for, the last there is."""
        drawn = [run.history.last_step for run in self._racing]
        if drawn:
            return min(drawn)
        return max((run.history.last_step for run in self._all), default=-1)

    def _phase(self) -> Phase:
        if not self._racing:
            return "failed"
        if self._common() < 0:
            return "opening"
        if self._common() >= MAX_STEPS:
            return "finished"
        return "running" if self._playing or self._single or not self._arrived else "paused"

    # What follows runs in the engine's thread, with the engine's lock held.

    def schedule(self, now: float) -> float:
        """Submit the work of all runs; return seconds until it should be called again (infinite: when notified)."""
        wait = np.inf if self._closed or now >= self._lease else self._set_off(now)
        return min(wait, *(run.schedule(now) for run in self._all))

    def _set_off(self, now: float) -> float:
        """Begin the next stretch, if all have come to the end of this one and it is time."""
        behind = any(run.frames_due > len(self._stretch) for run in self._racing)
        if self.ended or behind or not self._arrived or not (self._playing or self._single):
            return np.inf
        wait = self._held_back(now)
        if wait:
            return wait
        self._clock.append((now, self._goal))
        self._stretch[:] = self._next_stretch()
        if self._until == self._goal:
            self._playing = False
        self._single = max(self._single - 1, 0)
        return np.inf

    def _next_stretch(self) -> list[int]:
        crowded = any(len(run.history.frames) >= MAX_FRAMES for run in self._all)
        if self._single or (self._pace.every_step and not crowded):
            return [self._goal + 1]
        last = self._until if self._until is not None and self._until > self._goal else MAX_STEPS
        # with many runs each handing over counts for less, and states that wait for their frames need memory
        ahead = AHEAD if self._pace.frames_per_second is None and self.seeds == 1 else 1
        return sorted({min(goal, last) for goal in next_frame_steps(self._like, self._goal, ahead)})


def _check(specs: Sequence[RunSpec], n: int, seeds: int) -> None:
    for what, value, (low, high) in (("contenders", len(specs), CONTENDER_RANGE), ("seeds", seeds, SEED_COUNT_RANGE)):
        if not low <= value <= high:
            raise ValueError(f"a race has {low} to {high} {what}, not {value}")
    if n not in PROBE_SIZES:
        raise ValueError(f"a picture shows one of {PROBE_SIZES} points, not {n}")
    if len({(spec.dataset, spec.seed) for spec in specs}) > 1:
        raise ValueError("the contenders of a race have one data set and one seed")


def _seed(spec: RunSpec, k: int) -> int:
    """The seed of a contender's run number `k`."""
    return (spec.seed + k) % training.SEED_RANGE[1]


def _cut(look: RunProgress, step: int, phase: Phase) -> RunProgress:
    """A look at a run as it was at a step."""
    seen = tuple(frame for frame in look.frames if frame.step <= step)
    return replace(
        look, phase="failed" if look.failure else phase, step=max(min(look.step, step), 0), frames=seen,
        losses=look.losses[: max(step, 0)], seconds=seen[-1].seconds if seen else 0.0,
    )  # fmt: skip
