"""Worker processes that make artefacts."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

import torch

Job = TypeVar("Job")
Result = TypeVar("Result")


def in_processes(function: Callable[[Job], Result], jobs: Sequence[Job], workers: int) -> Iterator[Result]:
    """Yield the result of every job, in their order.

    Args:
        function: does one job; a function of a module.
        jobs: what it is called with.
        workers: number of processes; 1 for this one alone. Each has one thread, as results may depend on that.

    Yields:
        Results, each as soon as it and those before it are there.
    """
    if workers == 1:
        yield from map(function, jobs)
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        yield from pool.map(function, jobs)
