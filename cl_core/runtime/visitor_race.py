"""A race that goes on in a visitor's browser, as far as the browser has reported it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cl_core.runtime.race import RaceProgress, frame_steps, seeds_of
from cl_core.runtime.race_limits import check_race
from cl_core.training import RunSpec
from cl_core.training.frames import MAX_FRAMES, Frame, Phase, References, RunProgress


@dataclass(frozen=True, eq=False)
class RunReport:
    """What a browser reports of one run, for the steps of a `RaceReport`.

    Attributes:
        frames: the new ones, by ascending steps, without coordinates.
        losses: (steps,) float32; a run that failed has fewer.
        empty: steps so far whose batch had no valid term; None if there is no new frame.
        failure: why it cannot go on; None while it can.
        references: loss at total collapse and of perfect classes, NaN where it is not known; None while it opens.
    """

    frames: tuple[Frame, ...]
    losses: NDArray[np.float32]
    empty: int | None
    failure: str | None
    references: tuple[float, float] | None


@dataclass(frozen=True, eq=False)
class RaceReport:
    """What a browser reports of its race.

    Attributes:
        race: name of the race, another one after each reset.
        key: the key with which the race was offered.
        after: step up to which the browser takes the server to know all; -1 for nothing.
        step: step up to which this report has everything.
        version: changes with phase, failures and references.
        phase: of the race.
        playing: whether it goes on.
        started: whether it ever did.
        rate: steps per second lately.
        runs: by contender, and within it by seed.
    """

    race: str
    key: str
    after: int
    step: int
    version: int
    phase: Phase
    playing: bool
    started: bool
    rate: float
    runs: tuple[RunReport, ...]


class VisitorRace:
    """A race in a visitor's browser; a `ReadableRace`.

    Args:
        key: tells it from other races of the session.
        specs: one for each contender; of one data set and one seed.
        n: number of probe images in each frame.
        seeds: how many seeds each contender runs with, counted from that of its spec.
        knn_raw: kNN accuracy of the probe images' raw pixels, 0 to 1.
        epoch_steps: of each contender, steps in one pass through the training set.

    Raises:
        ValueError: as for `Race`.
    """

    def __init__(
        self, key: str, specs: Sequence[RunSpec], n: int, seeds: int, knn_raw: float, epoch_steps: Sequence[int]
    ) -> None:
        check_race(specs, n, seeds)
        self.key = key
        self.specs, self.n, self.seeds = tuple(specs), n, seeds
        self._knn_raw, self._epoch_steps = knn_raw, tuple(epoch_steps)
        self._max_frames = MAX_FRAMES + len(frame_steps(specs, seeds))
        self._report: RaceReport | None = None
        self._runs = self._no_runs()

    @property
    def known(self) -> tuple[str, int, int] | None:
        """Name, step and version of what was reported last; None before that."""
        report = self._report
        return (report.race, report.step, report.version) if report else None

    @property
    def started(self) -> bool:
        """Whether it was ever asked to race."""
        return self._report is not None and self._report.started

    @property
    def playing(self) -> bool:
        """Whether it goes on."""
        return self._report is not None and self._report.playing

    def take(self, report: RaceReport) -> None:
        """Add what a browser reports.

        Args:
            report: of a race with this key.

        Raises:
            ValueError: when it does not fit to what is known; nothing has changed then.
        """
        known = self._report
        new = known is None or report.race != known.race
        runs = self._no_runs() if new else self._runs
        step = -1 if known is None or new else known.step
        if report.after > step or report.step < step:
            raise ValueError(f"a report from step {report.after} to {report.step} does not fit to step {step}")
        if len(report.runs) != len(runs):
            raise ValueError(f"a report has {len(report.runs)} runs, not {len(runs)}")
        added = [
            self._added(run, epoch_steps, each, max(step - max(report.after, 0), 0))
            for run, epoch_steps, each in zip(runs, np.repeat(self._epoch_steps, self.seeds), report.runs, strict=True)
        ]
        self._report, self._runs = (
            report,
            [replace(run, phase="failed" if run.failure else report.phase) for run in added],
        )

    def progress(self) -> RaceProgress:
        """Return what was reported so far, the same steps of every run."""
        report = self._report
        runs = [self._runs[k : k + self.seeds] for k in range(0, len(self._runs), self.seeds)]
        return RaceProgress(
            phase=report.phase if report else "opening",
            step=report.step if report else -1,
            rate=report.rate if report else 0.0,
            runs=tuple(map(tuple, runs)),
        )

    def _no_runs(self) -> list[RunProgress]:
        nothing = RunProgress(
            RunSpec(), phase="opening", step=0, seconds=0.0, rate=0.0, frames=(), losses=np.empty(0, np.float32),
            empty=0, references=None, note=None, failure=None,
        )  # fmt: skip
        return [
            replace(nothing, spec=replace(spec, seed=seed))
            for spec in self.specs
            for seed in seeds_of(spec, self.seeds)
        ]

    def _added(self, run: RunProgress, epoch_steps: int, report: RunReport, repeated: int) -> RunProgress:
        """Return the progress of a run after a report, of whose losses the first `repeated` are known already."""
        last = run.frames[-1].step if run.frames else -1
        frames = [*run.frames, *(frame for frame in report.frames if frame.step > last)]
        if len(frames) > self._max_frames:
            raise ValueError(f"a run has more than {self._max_frames} frames")
        losses = np.concatenate([run.losses, report.losses[repeated:]])
        values = report.references
        return replace(
            run,
            step=len(losses),
            seconds=frames[-1].seconds if frames else 0.0,
            frames=tuple(frames),
            losses=losses,
            empty=run.empty if report.empty is None else report.empty,
            references=References(*values, self._knn_raw, int(epoch_steps)) if values else run.references,
            failure=report.failure,
        )
