"""Many cells, side by side: what is finished is kept at once, and a sweep goes on where it was left."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from dataclasses import dataclass, field
from pathlib import Path

from cl_core.experiments import stages, store
from cl_core.experiments.cells import METHODS, Cell
from cl_core.experiments.stages import Outcome

DEATHS = 3  # of workers at one cell, then it is left out
# seconds of one processor that a step takes, by batch size; of mined triplets at 2,048 twice that. For an estimate.
STEP = {32: 0.0035, 256: 0.014, 2048: 0.17}
CLASSIFIERS = 0.8  # seconds for an epoch of the second stage


@dataclass
class Report:
    """What became of a sweep: cells that were finished, and those that were not, with the reason in words."""

    finished: list[Cell] = field(default_factory=list)
    failed: dict[Cell, str] = field(default_factory=dict)


def estimate(cell: Cell) -> float:
    """About how many seconds of one processor a cell takes."""
    method = METHODS[cell.method]
    slow = 2 if method.loss == "triplet" and cell.batch > 1000 else 1
    second = cell.epochs * CLASSIFIERS if method.stages == 2 else 1.0
    return cell.steps * STEP[min(STEP, key=lambda batch: abs(batch - cell.batch))] * slow + second


def sweep(
    cells: Sequence[Cell],
    executor: Executor,
    folder: Path = store.SHIPPED,
    *,
    at_once: int = 2,
    told: Callable[[Cell, str | None], None] = lambda cell, failure: None,
) -> Report:
    """Run the cells that have no result in `folder` yet, `at_once` of them at a time; `told` hears of each that ends.

    A cell whose worker dies is run again, `DEATHS` times at most. Raises OSError, in words, where a result can't be
    written; those before it are kept. However it ends, no more cells are begun.
    """
    there = store.done(cells, folder)
    waiting = iter([cell for cell in cells if cell not in there])
    report, deaths = Report(), dict.fromkeys(cells, 0)
    under_way: dict[Future[tuple[Outcome, dict[str, str]]], Cell] = {}
    try:
        _begin(waiting, executor, under_way, at_once)
        while under_way:
            ended, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in ended:
                cell = under_way.pop(future)
                failure = _take(future, cell, folder)
                if failure is not None and (isinstance(failure, ValueError) or deaths[cell] + 1 >= DEATHS):
                    report.failed[cell] = f"{cell.name}: {failure or type(failure).__name__}"
                elif failure is not None:
                    deaths[cell] += 1
                    under_way[executor.submit(work, cell)] = cell
                    continue
                else:
                    report.finished.append(cell)
                told(cell, report.failed.get(cell))
            _begin(waiting, executor, under_way, at_once)
    finally:
        for future in under_way:
            future.cancel()
    return report


def work(cell: Cell) -> tuple[Outcome, dict[str, str]]:
    """In a worker: a cell's outcome, and what it was made with."""
    return stages.run(cell), dict(stages.versions())


def _begin(
    waiting: Iterator[Cell], executor: Executor, under_way: dict[Future[tuple[Outcome, dict[str, str]]], Cell], n: int
) -> None:
    while len(under_way) < n and (cell := next(waiting, None)) is not None:
        under_way[executor.submit(work, cell)] = cell


def _take(future: "Future[tuple[Outcome, dict[str, str]]]", cell: Cell, folder: Path) -> BaseException | None:
    """Keep what a worker answered; what went wrong, if it did."""
    try:
        outcome, made = future.result()
    except (Exception, CancelledError) as error:
        return error
    store.save(cell, outcome, made, folder)
    return None
