"""The machine in words, so that a table of times says what it was measured on."""

import os
import platform
import time
from pathlib import Path
from statistics import median

import torch

SIDE = 1024  # of the square matrices whose product is timed


def describe(seconds: float = 0.5) -> str:
    """Processor, versions, and the matrix products of one thread, measured for so many seconds."""
    cores = len(os.sched_getaffinity(0))
    return (
        f"{_processor()}, {cores} {'core' if cores == 1 else 'cores'}; Python {platform.python_version()}, "
        f"torch {torch.__version__}; one thread multiplies float32 matrices at {gflops(seconds):.0f} GFLOP/s"
    )


def gflops(seconds: float = 0.5) -> float:
    """Float32 matrix products of one thread, in thousand millions of operations a second; median of repeats."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        a, b = torch.rand(2, SIDE, SIDE)
        into = a @ b
        took: list[float] = []
        until = time.perf_counter() + seconds
        while not took or time.perf_counter() < until:
            began = time.perf_counter()
            torch.mm(a, b, out=into)
            took.append(time.perf_counter() - began)
    finally:
        torch.set_num_threads(threads)
    return 2 * SIDE**3 / median(took) / 1e9


def _processor() -> str:
    """The processor's name as its maker has it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()
