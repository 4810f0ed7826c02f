"""Speed of a race of four losses: cost of a frame of all contenders, and frames per second.

`python -m tests.benchmarks.race` measures the default four contenders and prints Markdown. The cost is in processor
time, which other work on the machine changes little; the rates are in wall-clock time.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from cl_core import training
from cl_core.runtime import tasks
from cl_core.runtime.engine import Engine
from cl_core.runtime.process_pool import ProcessPool
from cl_core.runtime.race import Race
from cl_core.runtime.tasks import StateHandle
from cl_core.training import RunSpec
from cl_core.training.frames import PACES
from cl_core.ui.pages.race_controls import DEFAULTS
from tests.benchmarks import machine, report

STEADY_STEP = 200  # after this step frames are as far apart as they get
MEASURED_FRAMES = 5  # for the cost of a frame
WANTED_RATE = 2.0  # frames per second


@dataclass(frozen=True)
class RaceResult:
    """Results of a race.

    Attributes:
        contenders: their number.
        training: processor seconds from one frame to the next, sum of all contenders.
        drawing: processor seconds of one frame, sum of all contenders.
        frames: frames of all contenders per second of wall-clock time.
        steps: steps of each contender per second of wall-clock time.
    """

    contenders: int
    training: float
    drawing: float
    frames: float
    steps: float


def default_contenders(**changes: object) -> list[RunSpec]:
    """Return the default four contenders."""
    return [replace(RunSpec(loss=loss), **changes) for loss in DEFAULTS.values()]  # type: ignore[arg-type]


def measure(
    contenders: Sequence[RunSpec], points: int = 500, seconds: float = 20.0, steady_step: int = STEADY_STEP
) -> RaceResult:
    """Race the contenders in the worker processes of this machine for some seconds."""
    pool = ProcessPool()
    engine = Engine(pool)
    try:
        race = engine.open_race(contenders, points)
        race.set_pace(PACES["fast"])
        race.play()
        _race_until(race, steady_step)
        first, start = race.progress(), time.perf_counter()
        end = start + seconds
        while time.perf_counter() < end:
            race.renew_lease()
            time.sleep(0.1)
        last, elapsed = race.progress(), time.perf_counter() - start
        race.close()
        frames = len(last.runs[0][0].frames) - len(first.runs[0][0].frames)
        gap = last.runs[0][0].frames[-1].step - last.runs[0][0].frames[-2].step
        return RaceResult(
            len(contenders),
            *_cost_per_frame(contenders, points, gap),
            frames / elapsed,
            (last.step - first.step) / elapsed,
        )
    finally:
        engine.close()
        pool.shutdown(cancel_futures=True)


def _race_until(race: Race, step: int) -> None:
    while race.progress().step < step:
        race.renew_lease()
        time.sleep(0.1)


def _cost_per_frame(contenders: Sequence[RunSpec], points: int, gap: int) -> tuple[float, float]:
    """Return processor seconds of the steps to one frame, and of that frame, sums of all contenders."""
    torch.set_num_threads(1)
    training_seconds = drawing_seconds = 0.0
    for spec in contenders:
        state = training.advance(training.start(spec), steps=gap)
        frame = tasks.draw_frame(StateHandle(state, None), points, None, True)
        for _ in range(MEASURED_FRAMES):
            start = time.process_time()
            state = training.advance(state, steps=gap)
            training_seconds += time.process_time() - start
            start = time.process_time()
            frame = tasks.draw_frame(StateHandle(state, None), points, frame.views, True)
            drawing_seconds += time.process_time() - start
    return training_seconds / MEASURED_FRAMES, drawing_seconds / MEASURED_FRAMES


def markdown(result: RaceResult) -> str:
    """Return the results as a table."""
    cost = result.training + result.drawing
    return "\n\n".join([
        f"A race of {result.contenders} losses, 500 images in a picture, one seed.",
        report.table(
            ["", "measured", "wanted"],
            [
                ["processor seconds per frame of all, training", report.number(result.training), ""],
                ["processor seconds per frame of all, drawing and metrics", report.number(result.drawing), ""],
                ["frames per second possible on two idle cores", f"{2 / cost:.1f}", f"{WANTED_RATE:.0f}"],
                ["frames per second, wall clock", f"{result.frames:.1f}", f"{WANTED_RATE:.0f}"],
                ["steps per second of each, wall clock", report.number(result.steps), ""],
            ],
        ),
    ])  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = report.parser("race", __doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the measured race")
    options = parser.parse_args(arguments)
    report.print_and_save(
        f"{machine.describe()}.\n\n{markdown(measure(default_contenders(), seconds=options.seconds))}", options.write
    )


if __name__ == "__main__":
    main()
