"""A description of the machine, for the head of each table of measurements."""

import os
import platform
import time
from pathlib import Path
from statistics import median

import torch

SIDE = 1024  # rows and columns of the matrices whose product is timed


def describe(seconds: float = 0.5) -> str:
    """Return processor, versions, and the speed of matrix products of one thread, measured for `seconds`."""
    cores = len(os.sched_getaffinity(0))
    return (
        f"{_processor()}, {cores} {'core' if cores == 1 else 'cores'}; Python {platform.python_version()}, "
        f"torch {torch.__version__}; one thread multiplies float32 matrices at {gflops(seconds):.0f} GFLOP/s"
    )


def gflops(seconds: float = 0.5) -> float:
    """Return the speed of float32 matrix products of one thread in GFLOP/s, the median over repeats."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        a, b = torch.rand(2, SIDE, SIDE)
        out = a @ b
        seconds_per_product: list[float] = []
        deadline = time.perf_counter() + seconds
        while not seconds_per_product or time.perf_counter() < deadline:
            start = time.perf_counter()
            torch.mm(a, b, out=out)
            seconds_per_product.append(time.perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
    return 2 * SIDE**3 / median(seconds_per_product) / 1e9


def _processor() -> str:
    """Return the name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()
