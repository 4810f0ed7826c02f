"""Time and memory of the app with fuzzed links and broken files."""

import argparse
import gc
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pytest

from cl_core.data import image_files
from cl_core.data.npz import DataError
from cl_core.runtime import process_memory
from cl_core.training.files import run_file
from tests.archives import small_dataset
from tests.benchmarks import machine, report
from tests.executors import IdleExecutor, pages_with
from tests.pages.apptest import route_pages_through_app
from tests.robustness.test_fuzz_links import PAGES, open_fuzzed_links
from tests.runs import CLASS_WEIGHTS, trained
from tests.unit.training.test_run_file import refused_count

ROUNDS = 10  # memory is measured after each


class Cost(NamedTuple):
    """One kind of abuse: number of inputs, seconds of all, and memory in MiB after the first and the last round."""

    what: str
    times: int
    seconds: float
    first: float
    last: float


def run_rounds(what: str, count: int, rounds: Sequence[Callable[[], object]]) -> Cost:
    """Run all rounds; return their time and memory."""
    memory = []
    start = time.monotonic()
    for number, run_round in enumerate(rounds, start=1):
        run_round()
        gc.collect()
        memory.append(process_memory.resident_bytes() / process_memory.MIB)
        print(
            f"{what}: {number} of {len(rounds)} rounds, {time.monotonic() - start:.0f} s, {memory[-1]:.0f} MiB",
            flush=True,
        )
    return Cost(what, count, time.monotonic() - start, memory[0], memory[-1])


def fuzzed_links(count: int) -> Cost:
    """Open `count` fuzzed links, equally many to each page."""
    links_per_page = -(-count // (ROUNDS * len(PAGES)))
    with pytest.MonkeyPatch.context() as monkeypatch:
        route_pages_through_app(monkeypatch)
        idle_executor = IdleExecutor()
        with pages_with(idle_executor, monkeypatch):

            def run_round(number: int) -> None:
                for page in PAGES:
                    open_fuzzed_links(page, links_per_page, idle_executor, seed=number)

            return run_rounds(
                "fuzzed links", links_per_page * ROUNDS * len(PAGES), [partial(run_round, k) for k in range(ROUNDS)]
            )


def broken_run_files(count: int) -> Cost:
    """Open `count` broken run files."""
    good, files_per_round = run_file.dumps(*trained(CLASS_WEIGHTS), 500), -(-count // ROUNDS)
    rounds = [partial(refused_count, good, files_per_round, k) for k in range(ROUNDS)]
    return run_rounds("broken run files", files_per_round * ROUNDS, rounds)


def broken_data_sets(count: int) -> Cost:
    """Read `count` broken files of data sets."""
    files_per_round = -(-count // ROUNDS)
    with TemporaryDirectory() as folder:
        intact, broken = Path(folder) / "whole.npz", Path(folder) / "hurt.npz"
        np.savez(intact, **small_dataset())
        good = intact.read_bytes()

        def run_round(seed: int) -> None:
            for file in _broken_copies(good, files_per_round, seed):
                broken.write_bytes(file)
                try:
                    image_files.read(broken)
                except DataError:
                    continue

        return run_rounds(
            "broken files of data sets", files_per_round * ROUNDS, [partial(run_round, k) for k in range(ROUNDS)]
        )


def _broken_copies(good: bytes, n: int, seed: int) -> Iterator[bytes]:
    generator = np.random.default_rng(seed)
    for _ in range(n):
        file = bytearray(good[: generator.integers(1, len(good) + 1)] if generator.random() < 0.2 else good)
        for position in generator.integers(0, len(file), generator.integers(1, 4)):
            file[position] = generator.integers(256)
        yield bytes(file)


def markdown(costs: Sequence[Cost]) -> str:
    """Return the results as a table."""
    head = ["", "inputs", "milliseconds each", "MiB after a tenth", "MiB at the end"]
    rows = [
        [
            cost.what,
            f"{cost.times:,}",
            f"{1000 * cost.seconds / cost.times:.1f}",
            f"{cost.first:.0f}",
            f"{cost.last:.0f}",
        ]
        for cost in costs
    ]
    return report.table(head, rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.abuse", description=__doc__)
    parser.add_argument("--links", type=int, default=10_000, help="number of fuzzed links; 0 for none")
    parser.add_argument("--files", type=int, default=1000, help="number of broken files of each kind; 0 for none")
    options = parser.parse_args(arguments)
    process_memory.limit_malloc_arenas()  # as the server does
    costs = [broken_run_files(options.files), broken_data_sets(options.files)] if options.files else []
    costs += [fuzzed_links(options.links)] if options.links else []
    print(f"\n{machine.describe()}.\n\n{markdown(costs)}")


if __name__ == "__main__":
    main()
