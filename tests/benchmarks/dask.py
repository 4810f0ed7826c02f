"""Time of a sweep of the experiment on a Dask cluster of this machine, against plain worker processes.

`python -m tests.benchmarks.dask` measures both in turns and prints Markdown; `--write` also keeps it in `results`.
"""

import os
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Executor, wait
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from statistics import median

import distributed

from cl_core.experiments import STUDIES, Cell
from cl_core.experiments.sweep import sweep
from cl_core.runtime import dask_cluster, process_pool
from tests import ROOT
from tests.benchmarks import machine, report

WORKERS = 4
METHODS = ("max_margin", "triplet_semihard", "npair", "sup_nt_xent")


def cells(n: int, steps: int) -> list[Cell]:
    """So many cells of the experiment, short ones: batch 256, one epoch of the second stage."""
    one = next(cell for cell in STUDIES["published"].cells if cell.dataset == "mnist" and cell.batch == 256)
    return [
        replace(one, method=METHODS[seed % len(METHODS)], odd=False, steps=steps, epochs=1, seed=seed)
        for seed in range(n)
    ]


def warm(executor: Executor) -> None:
    """Have every worker ready, before the clock runs."""
    wait([executor.submit(time.sleep, 2.0) for _ in range(WORKERS)])


def seconds(executor: Executor, todo: list[Cell]) -> float:
    """Seconds by the clock that a sweep takes."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        done = sweep(todo, executor, Path(folder), at_once=WORKERS)
        took = time.monotonic() - began
    if done.failed:
        raise RuntimeError(next(iter(done.failed.values())))
    return took


def compare(n: int, steps: int, turns: int) -> list[tuple[float, float]]:
    """Seconds of the same sweep by plain processes and by Dask's workers, in so many turns of both."""
    todo = cells(n, steps)
    os.environ["PYTHONPATH"] = str(ROOT)
    local = distributed.LocalCluster(
        n_workers=WORKERS, threads_per_worker=1, processes=True, dashboard_address=":0", protocol="tcp://"
    )
    with local:
        executors = process_pool.ProcessPool(WORKERS), dask_cluster.DaskCluster(local.scheduler_address)
        try:
            for executor in executors:
                warm(executor)
            pairs = []
            for turn in range(turns):
                took = {executor: seconds(executor, todo) for executor in executors[:: 1 if turn % 2 else -1]}
                pairs.append((took[executors[0]], took[executors[1]]))
            return pairs
        finally:
            for executor in executors:
                with suppress(OSError):
                    executor.shutdown(cancel_futures=True)


def markdown(n: int, steps: int, turns: int) -> str:
    """The comparison, measured now."""
    pairs = compare(n, steps, turns)
    rows = [
        [str(turn), f"{plain:.1f} s", f"{dask:.1f} s", f"{dask / plain - 1:+.1%}"]
        for turn, (plain, dask) in enumerate(pairs, 1)
    ]
    more = median(dask / plain for plain, dask in pairs) - 1
    return (
        f"{machine.describe()}. A sweep of {n} cells ({', '.join(METHODS)}; batch 256, {steps} steps and one epoch of "
        f"the second stage) by {WORKERS} workers, all warm, in turns; seconds by the clock.\n\n"
        f"{report.table(['turn', 'plain processes', 'Dask', 'more'], rows)}\n\n"
        f"Median: {more:+.1%}; wanted: less than +10 %.\n"
    )


def main(words: Sequence[str] | None = None) -> None:
    """The command."""
    parser = report.parser("dask", __doc__)
    parser.add_argument("--cells", type=int, default=16)
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--turns", type=int, default=3)
    asked = parser.parse_args(words)
    report.say(markdown(asked.cells, asked.steps, asked.turns), asked.write)


if __name__ == "__main__":
    main()
