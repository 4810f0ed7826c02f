"""Time of a sweep of the experiment on a local Dask cluster, compared with plain worker processes.

`python -m tests.benchmarks.dask` measures both in turns and prints Markdown; `--write` also saves it in `results`.
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


def short_cells(n: int, steps: int) -> list[Cell]:
    """Return n short cells of the experiment: batch 256, one epoch of the second stage."""
    template = next(cell for cell in STUDIES["published"].cells if cell.dataset == "mnist" and cell.batch == 256)
    return [
        replace(template, method=METHODS[seed % len(METHODS)], odd=False, steps=steps, epochs=1, seed=seed)
        for seed in range(n)
    ]


def start_workers(executor: Executor) -> None:
    """Start every worker before the measurement."""
    wait([executor.submit(time.sleep, 2.0) for _ in range(WORKERS)])


def sweep_seconds(executor: Executor, cells: list[Cell]) -> float:
    """Return the wall-clock seconds of a sweep."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.monotonic()
        outcome = sweep(cells, executor, Path(folder), at_once=WORKERS)
        elapsed = time.monotonic() - start
    if outcome.failed:
        raise RuntimeError(next(iter(outcome.failed.values())))
    return elapsed


def compare(n: int, steps: int, turns: int) -> list[tuple[float, float]]:
    """Return the seconds of the same sweep by plain processes and by Dask, for each turn."""
    cells = short_cells(n, steps)
    os.environ["PYTHONPATH"] = str(ROOT)
    cluster = distributed.LocalCluster(
        n_workers=WORKERS, threads_per_worker=1, processes=True, dashboard_address=":0", protocol="tcp://"
    )
    with cluster:
        executors = process_pool.ProcessPool(WORKERS), dask_cluster.DaskCluster(cluster.scheduler_address)
        try:
            for executor in executors:
                start_workers(executor)
            pairs = []
            for turn in range(turns):
                elapsed = {executor: sweep_seconds(executor, cells) for executor in executors[:: 1 if turn % 2 else -1]}
                pairs.append((elapsed[executors[0]], elapsed[executors[1]]))
            return pairs
        finally:
            for executor in executors:
                with suppress(OSError):
                    executor.shutdown(cancel_futures=True)


def markdown(n: int, steps: int, turns: int) -> str:
    """Measure the comparison; return Markdown."""
    pairs = compare(n, steps, turns)
    rows = [
        [str(turn), f"{plain:.1f} s", f"{dask:.1f} s", f"{dask / plain - 1:+.1%}"]
        for turn, (plain, dask) in enumerate(pairs, 1)
    ]
    difference = median(dask / plain for plain, dask in pairs) - 1
    return (
        f"{machine.describe()}. A sweep of {n} cells ({', '.join(METHODS)}; batch 256, {steps} steps and one epoch of "
        f"the second stage) by {WORKERS} workers that were started before, in turns; wall-clock time.\n\n"
        f"{report.table(['turn', 'plain processes', 'Dask', 'difference'], rows)}\n\n"
        f"Median: {difference:+.1%}; wanted: less than +10 %.\n"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = report.parser("dask", __doc__)
    parser.add_argument("--cells", type=int, default=16)
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args(arguments)
    report.print_and_save(markdown(options.cells, options.steps, options.turns), options.write)


if __name__ == "__main__":
    main()
