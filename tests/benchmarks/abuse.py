"""How the app bears fuzzed links and broken files: how long each takes, and what of memory is left behind."""

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

from cl_core.data import npz
from cl_core.data.npz import DataError
from cl_core.runtime import process_memory
from cl_core.training.files import run_file
from tests.archives import small
from tests.benchmarks import machine, report
from tests.executors import IdleExecutor, pages_with
from tests.pages.test_links import through_app
from tests.robustness.test_fuzz_links import PAGES, follow
from tests.runs import CLASS_WEIGHTS, trained
from tests.unit.training.test_run_file import refused_count

ROUNDS = 10  # parts of the work after each of which memory is looked at


class Borne(NamedTuple):
    """What became of one kind of abuse: how many, seconds in all, and MiB after the first round and after the last."""

    what: str
    times: int
    seconds: float
    first: float
    last: float


def borne(what: str, count: int, rounds: Sequence[Callable[[], object]]) -> Borne:
    """Do work in rounds, and see what time and memory it takes."""
    sizes = []
    began = time.monotonic()
    for done, one in enumerate(rounds, start=1):
        one()
        gc.collect()
        sizes.append(process_memory.resident_bytes() / process_memory.MIB)
        print(
            f"{what}: {done} of {len(rounds)} rounds, {time.monotonic() - began:.0f} s, {sizes[-1]:.0f} MiB", flush=True
        )
    return Borne(what, count, time.monotonic() - began, sizes[0], sizes[-1])


def links(count: int) -> Borne:
    """Follow so many fuzzed links, as many to each page of the course."""
    each = -(-count // (ROUNDS * len(PAGES)))
    with pytest.MonkeyPatch.context() as patches:
        through_app(patches)
        idle_executor = IdleExecutor()
        with pages_with(idle_executor, patches):

            def one(number: int) -> None:
                for page in PAGES:
                    follow(page, each, idle_executor, seed=number)

            return borne("fuzzed links", each * ROUNDS * len(PAGES), [partial(one, k) for k in range(ROUNDS)])


def runs(count: int) -> Borne:
    """Open so many broken files of runs."""
    good, each = run_file.dumps(*trained(CLASS_WEIGHTS), 500), -(-count // ROUNDS)
    rounds = [partial(refused_count, good, each, k) for k in range(ROUNDS)]
    return borne("broken files of runs", each * ROUNDS, rounds)


def sets(count: int) -> Borne:
    """Read so many broken files of data sets."""
    each = -(-count // ROUNDS)
    with TemporaryDirectory() as folder:
        whole, hurt = Path(folder) / "whole.npz", Path(folder) / "hurt.npz"
        np.savez(whole, **small())
        good = whole.read_bytes()

        def one(seed: int) -> None:
            for file in _damaged(good, each, seed):
                hurt.write_bytes(file)
                try:
                    npz.read(hurt)
                except DataError:
                    continue

        return borne("broken files of data sets", each * ROUNDS, [partial(one, k) for k in range(ROUNDS)])


def _damaged(good: bytes, n: int, seed: int) -> Iterator[bytes]:
    dice = np.random.default_rng(seed)
    for _ in range(n):
        file = bytearray(good[: dice.integers(1, len(good) + 1)] if dice.random() < 0.2 else good)
        for at in dice.integers(0, len(file), dice.integers(1, 4)):
            file[at] = dice.integers(256)
        yield bytes(file)


def markdown(found: Sequence[Borne]) -> str:
    """What was measured, as a table."""
    heads = ["", "how many", "milliseconds each", "MiB after a tenth", "MiB at the end"]
    rows = [
        [
            each.what,
            f"{each.times:,}",
            f"{1000 * each.seconds / each.times:.1f}",
            f"{each.first:.0f}",
            f"{each.last:.0f}",
        ]
        for each in found
    ]
    return report.table(heads, rows)


def main(words: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.abuse", description=__doc__)
    parser.add_argument("--links", type=int, default=10_000, help="fuzzed links in all; 0 for none")
    parser.add_argument("--files", type=int, default=1000, help="broken files of each kind; 0 for none")
    asked = parser.parse_args(words)
    process_memory.limit_malloc_arenas()  # as a server does
    found = [runs(asked.files), sets(asked.files)] if asked.files else []
    found += [links(asked.links)] if asked.links else []
    print(f"\n{machine.describe()}.\n\n{markdown(found)}")


if __name__ == "__main__":
    main()
