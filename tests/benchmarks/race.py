"""How fast four losses race: what a frame of all of them costs, and how many come in a second.

`python -m tests.benchmarks.race` measures the default four contenders on this machine and prints it in Markdown. The
cost is in processor time, which other work on the machine does not change much; the frames are by the clock.
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

STEADY = 200  # steps after which frames lie as far apart as they ever will
FRAMES = 5  # whose cost is measured
WANTED = 2.0  # frames a second


@dataclass(frozen=True)
class Raced:
    """What was measured of a race.

    Attributes:
        contenders: how many.
        training: processor seconds of the steps from one frame to the next, of all contenders.
        drawing: processor seconds of their frames.
        frames: of all contenders a second of the wall clock.
        steps: that all did a second of the wall clock.
    """

    contenders: int
    training: float
    drawing: float
    frames: float
    steps: float


def specs(**changed: object) -> list[RunSpec]:
    """The default four contenders."""
    return [replace(RunSpec(loss=loss), **changed) for loss in DEFAULTS.values()]  # type: ignore[arg-type]


def measure(contenders: Sequence[RunSpec], points: int = 500, seconds: float = 20.0, steady: int = STEADY) -> Raced:
    """Race them in this machine's worker processes for so many seconds."""
    pool = ProcessPool()
    engine = Engine(pool)
    try:
        race = engine.open_race(contenders, points)
        race.set_pace(PACES["fast"])
        race.play()
        _until(race, steady)
        first, began = race.progress(), time.perf_counter()
        end = began + seconds
        while time.perf_counter() < end:
            race.renew_lease()
            time.sleep(0.1)
        last, took = race.progress(), time.perf_counter() - began
        race.close()
        frames = len(last.runs[0][0].frames) - len(first.runs[0][0].frames)
        gap = last.runs[0][0].frames[-1].step - last.runs[0][0].frames[-2].step
        return Raced(len(contenders), *_cost(contenders, points, gap), frames / took, (last.step - first.step) / took)
    finally:
        engine.close()
        pool.shutdown(cancel_futures=True)


def _until(race: Race, step: int) -> None:
    while race.progress().step < step:
        race.renew_lease()
        time.sleep(0.1)


def _cost(contenders: Sequence[RunSpec], points: int, gap: int) -> tuple[float, float]:
    """Processor seconds of the steps to one frame, and of that frame, of all contenders one after the other."""
    torch.set_num_threads(1)
    trained = drawn = 0.0
    for spec in contenders:
        state = training.advance(training.start(spec), steps=gap)
        frame = tasks.draw_frame(StateHandle(state, None), points, None, True)
        for _ in range(FRAMES):
            began = time.process_time()
            state = training.advance(state, steps=gap)
            trained += time.process_time() - began
            began = time.process_time()
            frame = tasks.draw_frame(StateHandle(state, None), points, frame.views, True)
            drawn += time.process_time() - began
    return trained / FRAMES, drawn / FRAMES


def markdown(raced: Raced) -> str:
    """What was measured, as a table."""
    cost = raced.training + raced.drawing
    return "\n\n".join([
        f"A race of {raced.contenders} losses, 500 images in a picture, one seed.",
        report.table(
            ["", "measured", "wanted"],
            [
                ["processor seconds a frame of all, training", report.number(raced.training), ""],
                ["processor seconds a frame of all, drawing and measuring", report.number(raced.drawing), ""],
                ["frames a second that two free cores could make", f"{2 / cost:.1f}", f"{WANTED:.0f}"],
                ["frames a second by the clock", f"{raced.frames:.1f}", f"{WANTED:.0f}"],
                ["steps a second of each, by the clock", report.number(raced.steps), ""],
            ],
        ),
    ])  # fmt: skip


def main(words: Sequence[str] | None = None) -> None:
    """The command."""
    parser = report.parser("race", __doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="of the race that is timed")
    asked = parser.parse_args(words)
    report.say(f"{machine.describe()}.\n\n{markdown(measure(specs(), seconds=asked.seconds))}", asked.write)


if __name__ == "__main__":
    main()
