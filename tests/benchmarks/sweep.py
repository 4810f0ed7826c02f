"""Time of a sweep on this machine's workers, and what it leaves to the training of another visitor meanwhile.

`python -m tests.benchmarks.sweep` prints Markdown; `--write` also saves it in `results`.
"""

import time
from collections.abc import Callable, Sequence

from cl_core.experiments.sweeps.job import SweepJob
from cl_core.experiments.sweeps.plan import Plan, grid, range_of
from cl_core.runtime.engine import Engine
from cl_core.runtime.process_pool import ProcessPool
from cl_core.runtime.run import Run
from cl_core.training import RunSpec
from cl_core.training.frames import PACES
from tests.benchmarks import machine, report

WANTED = 180  # seconds of the sweep
VALUES, SEEDS, STEPS = 7, 3, 400
WORKERS = 2
SPEED_SECONDS = 15.0  # for which the other visitor's speed is measured


def run(steps: int = STEPS, seconds: float = SPEED_SECONDS) -> str:
    """Measure; return Markdown."""
    base = RunSpec()
    values = grid(base.loss, "temperature", *range_of(base.loss, "temperature"), VALUES)
    plan = Plan(base, "temperature", values, (steps,), SEEDS)
    long = Plan(base, "temperature", values, (10 * steps,), SEEDS)
    pool = ProcessPool(WORKERS)
    engine = Engine(pool)
    try:
        began = time.monotonic()
        job = _job(engine, plan)
        job.wait()
        elapsed = time.monotonic() - began
        alone = _speed(engine, 1, seconds)
        beside_run = _speed(engine, 2, seconds)
        job = _job(engine, long)
        beside_sweep = _speed(engine, 1, seconds)
        job.stop()
        job.wait()
    finally:
        engine.close()
        pool.shutdown(wait=False, cancel_futures=True)
    rows = [
        ["alone", report.number(alone), "1.00"],
        ["beside another visitor's run", report.number(beside_run), f"{beside_run / alone:.2f}"],
        ["beside another visitor's sweep", report.number(beside_sweep), f"{beside_sweep / alone:.2f}"],
    ]
    return (
        f"{machine.describe()}.\n\n"
        f"{VALUES} values of the temperature x {SEEDS} seeds x {steps} steps on MNIST, {WORKERS} workers: "
        f"{elapsed:.0f} s (wanted: less than {WANTED} s).\n\n"
        f"{report.table(['training of a visitor on the server', 'steps per second', 'to alone'], rows)}\n"
    )


def _job(engine: Engine, plan: Plan) -> SweepJob:
    """Start a sweep as the page does."""
    queue = engine.queue
    return SweepJob(queue.client(), plan, at_once=WORKERS, lease=float("inf"), is_shared=lambda: queue.is_shared)


def _speed(engine: Engine, visitors: int, seconds: float) -> float:
    """Return the steps per second of each of some visitors who train at full speed."""
    runs: list[Run] = []
    for seed in range(visitors):
        visitor = engine.open_run(RunSpec(seed=100 + seed), 500)
        visitor.set_pace(PACES["flat-out"])
        visitor.play()
        runs.append(visitor)
    _keep(runs, lambda: all(visitor.steps_done > 0 for visitor in runs), 60.0)
    before = sum(visitor.steps_done for visitor in runs)
    _keep(runs, lambda: False, seconds)
    done = sum(visitor.steps_done for visitor in runs) - before
    for visitor in runs:
        visitor.close()
    return done / seconds / visitors


def _keep(runs: Sequence[Run], until: Callable[[], bool], seconds: float) -> None:
    """Renew the leases of runs until a condition holds or the time is up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not until():
        for visitor in runs:
            visitor.renew_lease()
        time.sleep(0.1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    options = report.parser("sweep", __doc__).parse_args(arguments)
    report.print_and_save(run(), options.write)


if __name__ == "__main__":
    main()
