"""Run many cells in parallel; each result is saved as soon as it is there, and an interrupted sweep can be resumed."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from dataclasses import dataclass, field
from pathlib import Path

from cl_core.experiments import pipeline, results
from cl_core.experiments.grid import METHODS, Cell
from cl_core.experiments.pipeline import Outcome

TaskResult = tuple[Outcome, dict[str, str]]  # the outcome of a cell, and the environment it was computed in

MAX_WORKER_DEATHS = 3  # deaths of a cell's worker, the last while it ran alone, after which the cell is given up
# processor seconds of one step by batch size; twice that for mined triplets at 2,048. For estimates.
SECONDS_PER_STEP = {32: 0.0035, 256: 0.014, 2048: 0.17}
SECONDS_PER_EPOCH = 0.8  # processor seconds of one epoch of the second stage


@dataclass
class Report:
    """The outcome of a sweep.

    Attributes:
        finished: cells whose result was saved, in the order in which they ended.
        failed: cells without a result, with the reason as text.
    """

    finished: list[Cell] = field(default_factory=list)
    failed: dict[Cell, str] = field(default_factory=dict)


class _Queue:
    """Cells that wait or run. While there are suspects, cells whose worker has died, each of them runs alone."""

    def __init__(self, cells: Iterable[Cell], executor: Executor, at_once: int) -> None:
        self._executor = executor
        self._at_once = at_once
        self._waiting = deque(cells)
        self._suspects: deque[Cell] = deque()  # the first one runs, or is the next to run once nothing else does
        self._running: dict[Future[TaskResult], Cell] = {}
        self._deaths = Counter[Cell]()

    def __bool__(self) -> bool:
        return bool(self._waiting or self._suspects or self._running)

    def submit_next(self) -> None:
        """Submit as many cells as may run beside those that are running."""
        if self._suspects:
            cells = [] if self._running else [self._suspects[0]]
        else:
            cells = [
                self._waiting.popleft() for _ in range(min(self._at_once - len(self._running), len(self._waiting)))
            ]
        self._running |= {_submit(self._executor, cell): cell for cell in cells}

    def wait_for_ended(self) -> Iterator[tuple[Cell, Future[TaskResult]]]:
        """Wait until a cell ends and yield all that have ended, but those to be repeated because their worker died."""
        ended, _ = wait(self._running, return_when=FIRST_COMPLETED)
        for future in ended:
            cell = self._running.pop(future)
            if not self._repeat(cell, future):
                yield cell, future

    def _repeat(self, cell: Cell, future: Future[TaskResult]) -> bool:
        """Whether a cell is to run again; if so it is a suspect from now on, else it no longer is."""
        if (
            isinstance(_failure(future), (BrokenExecutor, CancelledError))
            and self._deaths[cell] + 1 < MAX_WORKER_DEATHS
        ):
            self._deaths[cell] += 1
            if cell not in self._suspects:
                self._suspects.append(cell)
            return True
        if cell in self._suspects:
            self._suspects.remove(cell)
        return False


def estimate(cell: Cell) -> float:
    """Return about how many processor seconds a cell takes."""
    method = METHODS[cell.method]
    slowdown = 2 if method.loss == "triplet" and cell.batch > 1000 else 1
    second_stage = cell.epochs * SECONDS_PER_EPOCH if method.stages == 2 else 1.0
    nearest = min(SECONDS_PER_STEP, key=lambda batch: abs(batch - cell.batch))
    return cell.steps * SECONDS_PER_STEP[nearest] * slowdown + second_stage


def sweep(
    cells: Sequence[Cell],
    executor: Executor,
    folder: Path = results.SHIPPED,
    *,
    at_once: int = 2,
    callback: Callable[[Cell, str | None], None] = lambda _cell, _failure: None,
) -> Report:
    """Run the cells that have no result in `folder` yet.

    When a worker dies, the cells that were running are run again, each one alone. A cell that kills its workers is
    thus identified and given up after `MAX_WORKER_DEATHS`; the others are not. If the sweep ends early, no more cells
    are submitted, and those that are running are left to the executor.

    Args:
        cells: the cells.
        executor: runs the cells, one task each.
        folder: folder of results; partial files of killed sweeps are deleted from it.
        at_once: number of cells that run at the same time.
        callback: called with each cell that ends, and its failure or None.

    Returns:
        Which cells were finished and which failed.

    Raises:
        OSError: when a result cannot be written or the cluster cannot be used; earlier results are kept.
    """
    results.delete_partial_files(folder)
    finished = results.finished_cells(cells, folder)
    queue = _Queue((cell for cell in cells if cell not in finished), executor, at_once)
    report = Report()
    while queue:
        queue.submit_next()
        fatal: OSError | None = None  # raised once everything that has ended is saved
        for cell, future in queue.wait_for_ended():
            try:
                _record(cell, future, folder, report)
            except OSError as error:
                fatal = error
            else:
                callback(cell, report.failed.get(cell))
        if fatal is not None:
            raise fatal
    return report


def cell_task(cell: Cell) -> TaskResult:
    """Run a cell in a worker.

    Args:
        cell: the cell.

    Returns:
        Its outcome, and the environment it was computed in.
    """
    return pipeline.run_cell(cell), dict(pipeline.versions())


def _record(cell: Cell, future: Future[TaskResult], folder: Path, report: Report) -> None:
    """Save the result of a cell, or note why there is none; a lost cluster and a full disk are raised as OSError."""
    failure = _failure(future)
    if isinstance(failure, ConnectionError):
        raise failure
    if failure is None:
        results.save(cell, *future.result(), folder)
        report.finished.append(cell)
    else:
        report.failed[cell] = f"{cell.name}: {_describe(failure)}"


def _submit(executor: Executor, cell: Cell) -> Future[TaskResult]:
    try:
        return executor.submit(cell_task, cell)
    except BrokenExecutor as error:  # workers may die before they have a task
        broken: Future[TaskResult] = Future()
        broken.set_exception(error)
        return broken


def _failure(future: Future[TaskResult]) -> BaseException | None:
    try:
        return future.exception()
    except CancelledError as error:
        return error


def _describe(failure: BaseException) -> str:
    if isinstance(failure, (BrokenExecutor, CancelledError)):
        return f"its worker died {MAX_WORKER_DEATHS} times; the machine may be out of memory"
    explained = isinstance(failure, (ValueError, ConnectionError))
    return str(failure) if explained else f"{type(failure).__name__}: {failure}"
