"""Time and memory of the census, compared with the miner of pytorch-metric-learning and with the distances alone.

`python -m tests.benchmarks.census` prints Markdown; `--write` also saves it in `results`. The embeddings are those of
the test images of MNIST after training.
"""

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from pytorch_metric_learning import distances, miners

from cl_core import losses, training
from cl_core.analysis import triplet_counts
from cl_core.analysis.census import census, number_of_triplets
from cl_core.losses.contrast import Contrast
from cl_core.pretrained import checkpoints
from cl_core.runtime.process_memory import peak_growth
from tests.benchmarks import machine, report
from tests.benchmarks.limited_process import OutOfMemory, run_limited

SIZES = (32, 256, 1024, 2048, 10_000)
MARGIN = 0.2
MAX_MINER_SIZE = 1024  # at 2,048 images it would need tens of gigabytes
BATCH = 2048
REPEAT_SECONDS = 1.0  # how long a task is repeated
MIB = 1 << 20


@dataclass(frozen=True)
class Cost:
    """Cost of a task.

    Attributes:
        seconds: processor time of one thread, the minimum over repeats.
        memory: bytes by which peak memory grew.
    """

    seconds: float
    memory: int


def embedded_images(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the first n probe images, embedded by the trained encoder of `supcon`, and their labels."""
    snapshot = training.snapshot(checkpoints.load("supcon", "trained"), n)
    return torch.from_numpy(snapshot.z), torch.from_numpy(snapshot.y)


def measure_cost(task: Callable[[], Any]) -> Cost:
    """Measure a task in this process."""
    memory = peak_growth(task)
    seconds: list[float] = []
    deadline = time.monotonic() + REPEAT_SECONDS
    while not seconds or time.monotonic() < deadline:
        start = time.process_time()
        task()
        seconds.append(time.process_time() - start)
    return Cost(min(seconds), memory)


def measure_census(n: int) -> Cost:
    """Measure the census, which counts per anchor and per pair of classes, too."""
    z, y = embedded_images(n)
    census(z[:8], y[:8])
    return measure_cost(lambda: census(z, y, MARGIN))


def measure_miner(n: int) -> Cost:
    """Measure the miner of pytorch-metric-learning, which lists every triplet of each kind."""
    z, y = embedded_images(n)
    squared = distances.LpDistance(normalize_embeddings=False, power=2)
    kind_miners = [miners.TripletMarginMiner(MARGIN, kind, distance=squared) for kind in ("easy", "semihard", "hard")]
    for miner in kind_miners:
        miner(z[:8], y[:8])
    return measure_cost(lambda: [len(miner(z, y)[0]) for miner in kind_miners])


def measure_distances(n: int) -> Cost:
    """Measure all distances in double precision, block by block, without counting."""
    z, y = embedded_images(n)
    sample = triplet_counts.prepare_sample(z, y, (MARGIN,), "sqeuclidean")

    def task() -> None:
        for start in range(0, n, 64):
            triplet_counts.sample_distances(sample, slice(start, min(start + 64, n)))

    return measure_cost(task)


def measure_gradient(n: int) -> Cost:
    """Measure loss and gradient of the triplet loss with all semi-hard triplets."""
    z, y = embedded_images(n)

    def task(rows: slice = slice(None)) -> None:
        z_rows = z[rows].clone().requires_grad_()
        contrast = Contrast.of_batch(z_rows, y[rows], "sqeuclidean")
        losses.LOSSES["triplet"](contrast, margin=MARGIN, distance="sqeuclidean", mining="semihard").mean().backward()

    task(slice(8))
    return measure_cost(task)


def wall_seconds(n: int) -> float:
    """Return the wall-clock seconds of a census."""
    z, y = embedded_images(n)
    start = time.monotonic()
    counts = census(z, y, MARGIN)
    if counts.total != number_of_triplets(y.numpy()):
        raise RuntimeError(f"counted {counts.total}, not {number_of_triplets(y.numpy())}")
    return time.monotonic() - start


def _spin() -> None:
    a = np.ones((200, 200))
    while True:
        a @ a


@contextmanager
def busy_cores(processes: int = 2) -> Iterator[None]:
    """Keep processes busy with matrix products until the block ends."""
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_spin, daemon=True) for _ in range(processes)]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        for worker in workers:
            worker.kill()
            worker.join()


def markdown() -> str:
    """Measure everything; return Markdown."""
    rows = []
    for n in SIZES:
        census_cost, distance_cost = run_limited(measure_census, n), run_limited(measure_distances, n)
        cells = [f"{n:,}", f"{number_of_triplets(embedded_images(n)[1].numpy()):,}", _format_cost(census_cost)]
        try:
            miner_cost = run_limited(measure_miner, n) if n <= MAX_MINER_SIZE else None
        except OutOfMemory:
            miner_cost = None
        if miner_cost is None:
            cells += ["", "", ""]
        else:
            census_memory = max(census_cost.memory, 1)
            cells += [
                _format_cost(miner_cost),
                report.number(miner_cost.seconds / census_cost.seconds),
                f"{census_memory / max(miner_cost.memory, 1):.1%}",
            ]
        rows.append([*cells, report.number(census_cost.seconds / distance_cost.seconds)])
    with busy_cores():
        busy_seconds = run_limited(wall_seconds, SIZES[-1])
    gradient_cost = run_limited(measure_gradient, BATCH)
    head = ["N", "triplets", "census", "PML miner", "speed-up", "share of its memory", "census / distances"]
    return (
        f"{machine.describe()}. Processor time of one thread (minimum over repeats) and growth of peak memory. Both "
        f"count three kinds, the census also per anchor and pair of classes; m = {MARGIN:g}, d squared, D = 128.\n\n"
        f"{report.table(head, rows)}\n\n"
        f"{SIZES[-1]:,} images while two other processes keep both cores busy: {busy_seconds:.1f} s of wall time. Loss "
        f"and gradient of all semi-hard triplets at B = {BATCH:,}: {_format_cost(gradient_cost)}.\n"
    )


def _format_cost(cost: Cost) -> str:
    seconds = f"{report.number(1e3 * cost.seconds)} ms" if cost.seconds < 1 else f"{report.number(cost.seconds)} s"
    return f"{seconds}, {report.number(cost.memory / MIB)} MiB"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    options = report.parser("census", __doc__).parse_args(arguments)
    report.print_and_save(markdown(), options.write)


if __name__ == "__main__":
    main()
