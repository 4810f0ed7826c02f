"""Many cells, side by side: what is finished is kept at once, and a sweep goes on where it was left."""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from dataclasses import dataclass, field
from pathlib import Path

from cl_core.experiments import pipeline, results
from cl_core.experiments.grid import METHODS, Cell
from cl_core.experiments.pipeline import Outcome
from cl_core.runtime import errors

Answer = tuple[Outcome, dict[str, str]]  # of a worker: what came of a cell, and what it was made with

DEATHS = 3  # of workers at one cell, of which it was alone with the last; then it is left out
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
    folder: Path = results.SHIPPED,
    *,
    at_once: int = 2,
    told: Callable[[Cell, str | None], None] = lambda _cell, _failure: None,
) -> Report:
    """Run the cells that have no result in `folder` yet, `at_once` of them at a time; `told` hears of each that ends.

    When a worker dies, those that were at work then are run again, each by itself, so that one which kills its workers
    is found and left out (after `DEATHS`) and the others are not. Raises OSError, in words, where a result can't be
    written or a cluster can't be worked with; what was finished before is kept. However it ends early, no more cells
    are handed in, and those at work are the executor's to end.
    """
    results.delete_partial_files(folder)
    there = results.finished_cells(cells, folder)
    waiting = deque(cell for cell in cells if cell not in there)
    suspects: deque[Cell] = deque()  # the first of them is at work, or will be when nothing else is
    deaths, report = Counter[Cell](), Report()
    under_way: dict[Future[Answer], Cell] = {}
    while waiting or suspects or under_way:
        if suspects:
            begun = [] if under_way else [suspects[0]]
        else:
            begun = [waiting.popleft() for _ in range(min(at_once - len(under_way), len(waiting)))]
        under_way |= {_handed_in(executor, cell): cell for cell in begun}
        ended, _ = wait(under_way, return_when=FIRST_COMPLETED)
        trouble: OSError | None = None  # raised when all that has ended is kept
        for future in ended:
            cell = under_way.pop(future)
            failure = _failure(future)
            if isinstance(failure, (BrokenExecutor, CancelledError)) and deaths[cell] + 1 < DEATHS:
                deaths[cell] += 1
                if cell not in suspects:
                    suspects.append(cell)
                continue
            if cell in suspects:
                suspects.remove(cell)
            try:
                if isinstance(failure, ConnectionError):
                    raise failure
                if failure is None:
                    results.save(cell, *future.result(), folder)
                    report.finished.append(cell)
                else:
                    report.failed[cell] = f"{cell.name}: {_in_words(failure)}"
            except OSError as error:
                trouble = error
            else:
                told(cell, report.failed.get(cell))
        if trouble is not None:
            raise trouble
    return report


def cell_task(cell: Cell) -> Answer:
    """In a worker: a cell's outcome, and what it was made with."""
    return pipeline.run_cell(cell), dict(pipeline.versions())


def _handed_in(executor: Executor, cell: Cell) -> Future[Answer]:
    try:
        return executor.submit(cell_task, cell)
    except BrokenExecutor as error:  # workers may die before there is anything for them to do
        broken: Future[Answer] = Future()
        broken.set_exception(error)
        return broken


def _failure(future: Future[Answer]) -> BaseException | None:
    try:
        return future.exception()
    except CancelledError as error:
        return error


def _in_words(failure: BaseException) -> str:
    if isinstance(failure, (BrokenExecutor, CancelledError)):
        return f"its worker died {DEATHS} times; the machine may be out of memory"
    return errors.describe_error(failure)
