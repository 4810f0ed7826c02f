"""Time and memory of the census, against pytorch-metric-learning's miner and against the distances alone.

`python -m tests.benchmarks.census` prints Markdown; `--write` also keeps it in `results`. The embeddings are those of
MNIST's test images after training.
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
from cl_core.runtime.process_memory import peak_growth
from cl_core.training.pretrained import checkpoints
from tests.benchmarks import machine, report
from tests.benchmarks.apart import OutOfMemory, apart

SIZES = (32, 256, 1024, 2048, 10_000)
MARGIN = 0.2
LAST_OF_MINER = 1024  # at 2,048 it asks for tens of gigabytes
BATCH = 2048
ENOUGH = 1.0  # seconds of repeats
MIB = 1 << 20


@dataclass(frozen=True)
class Cost:
    """Seconds of one thread's processor time, the least of repeats, and bytes by which memory grew at the peak."""

    seconds: float
    memory: int


def points(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The first n probe images as the trained net of `supcon` embeds them, and their labels."""
    shot = training.snapshot(checkpoints.load("supcon", "trained"), n)
    return torch.from_numpy(shot.z), torch.from_numpy(shot.y)


def measured(task: Callable[[], Any]) -> Cost:
    """What a task costs in this process."""
    memory = peak_growth(task)
    took: list[float] = []
    until = time.monotonic() + ENOUGH
    while not took or time.monotonic() < until:
        began = time.process_time()
        task()
        took.append(time.process_time() - began)
    return Cost(min(took), memory)


def ours(n: int) -> Cost:
    """All counts, per anchor and per pair of classes too."""
    z, y = points(n)
    census(z[:8], y[:8])
    return measured(lambda: census(z, y, MARGIN))


def theirs(n: int) -> Cost:
    """The three totals, by listing every triplet of each kind."""
    z, y = points(n)
    squared = distances.LpDistance(normalize_embeddings=False, power=2)
    three = [miners.TripletMarginMiner(MARGIN, kind, distance=squared) for kind in ("easy", "semihard", "hard")]
    for miner in three:
        miner(z[:8], y[:8])
    return measured(lambda: [len(miner(z, y)[0]) for miner in three])


def matrix(n: int) -> Cost:
    """Distances of all to all in double precision, block by block, and nothing done with them."""
    z, y = points(n)
    given = triplet_counts.prepare_sample(z, y, (MARGIN,), "sqeuclidean")

    def task() -> None:
        for start in range(0, n, 64):
            triplet_counts.sample_distances(given, slice(start, min(start + 64, n)))

    return measured(task)


def gradient(n: int) -> Cost:
    """Batch-all semi-hard: the loss and its gradient by the embeddings."""
    z, y = points(n)

    def task(rows: slice = slice(None)) -> None:
        leaf = z[rows].clone().requires_grad_()
        contrast = Contrast.of_batch(leaf, y[rows], "sqeuclidean")
        losses.LOSSES["triplet"](contrast, margin=MARGIN, distance="sqeuclidean", mining="semihard").mean().backward()

    task(slice(8))
    return measured(task)


def wall(n: int) -> float:
    """Seconds by the clock that a census takes."""
    z, y = points(n)
    began = time.monotonic()
    found = census(z, y, MARGIN)
    if found.total != number_of_triplets(y.numpy()):
        raise RuntimeError(f"counted {found.total}, not {number_of_triplets(y.numpy())}")
    return time.monotonic() - began


def _spin() -> None:
    a = np.ones((200, 200))
    while True:
        a @ a


@contextmanager
def busy(processes: int = 2) -> Iterator[None]:
    """So many processes that multiply matrices all the while."""
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=_spin, daemon=True) for _ in range(processes)]
    for other in others:
        other.start()
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.join()


def markdown() -> str:
    """Everything, measured now."""
    rows = []
    for n in SIZES:
        own, product = apart(ours, n), apart(matrix, n)
        cells = [f"{n:,}", f"{number_of_triplets(points(n)[1].numpy()):,}", _cost(own)]
        try:
            other = apart(theirs, n) if n <= LAST_OF_MINER else None
        except OutOfMemory:
            other = None
        if other is None:
            cells += ["", "", ""]
        else:
            least = max(own.memory, 1)
            cells += [_cost(other), report.number(other.seconds / own.seconds), f"{least / max(other.memory, 1):.1%}"]
        rows.append([*cells, report.number(own.seconds / product.seconds)])
    with busy():
        loaded = apart(wall, SIZES[-1])
    step = apart(gradient, BATCH)
    head = ["N", "triplets", "census", "PML miner", "times faster", "of its memory", "times the distances"]
    return (
        f"{machine.describe()}. Processor time of one thread, least of repeats, and growth of peak memory; three "
        f"counts of each, ours with those per anchor and pair of classes; m = {MARGIN:g}, d squared, D = 128.\n\n"
        f"{report.table(head, rows)}\n\n"
        f"{SIZES[-1]:,} images while two other processes keep both cores busy: {loaded:.1f} s by the clock. Loss and "
        f"gradient of all semi-hard triplets at B = {BATCH:,}: {_cost(step)}.\n"
    )


def _cost(cost: Cost) -> str:
    seconds = f"{report.number(1e3 * cost.seconds)} ms" if cost.seconds < 1 else f"{report.number(cost.seconds)} s"
    return f"{seconds}, {report.number(cost.memory / MIB)} MiB"


def main(words: Sequence[str] | None = None) -> None:
    """The command."""
    asked = report.parser("census", __doc__).parse_args(words)
    report.say(markdown(), asked.write)


if __name__ == "__main__":
    main()
