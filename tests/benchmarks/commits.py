"""Speed of training steps beside an earlier commit's: both in one process, in turns.

`python -m tests.benchmarks.commits 79429d8` compares the working tree with that commit and prints Markdown. The least
time of many short turns counts: other work on the machine only adds to it.
"""

import gc
import importlib
import io
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

import torch

from tests.benchmarks import report

LOSSES = ("supcon", "triplet", "circle", "am_softmax")
TURNS = {32: (20, 30), 256: (5, 25), 2048: (1, 10)}  # batch size -> steps of a turn, turns
EARLIER = "cl_core_earlier"
ROOT = Path(__file__).parents[2]


def unpack(commit: str, folder: Path) -> None:
    """Write the library of a commit to a folder, as a package of another name with the same assets."""
    archive = subprocess.run(["git", "archive", commit, "cl_core", "assets"], cwd=ROOT, check=True, capture_output=True)
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(folder, filter="data")
    (folder / "cl_core").rename(folder / EARLIER)
    for path in (folder / EARLIER).rglob("*.py"):
        path.write_text(path.read_text(encoding="utf-8").replace("cl_core", EARLIER), encoding="utf-8")


def least_seconds(functions: Sequence[Callable[[], object]], turns: int) -> list[float]:
    """Call functions in turns, in alternating order; return the least seconds of each."""
    least = [float("inf")] * len(functions)
    for turn in range(turns):
        for index in range(len(functions)) if turn % 2 else reversed(range(len(functions))):
            start = time.perf_counter()
            functions[index]()
            least[index] = min(least[index], time.perf_counter() - start)
    return least


def stepper(training: ModuleType, loss: str, batch: int, steps: int) -> Callable[[], object]:
    """Return a function that trains a run for some steps from the same state, past the first ones."""
    state = training.advance(training.start(training.RunSpec(loss=loss, batch=batch, seed=1)), steps=3)
    return lambda: training.advance(state, steps=steps)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print the ratios."""
    parser = report.parser("commits", __doc__)
    parser.add_argument("commit", help="the earlier one, in any spelling that git knows")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        unpack(options.commit, Path(folder))
        sys.path.insert(0, folder)
        before, now = (importlib.import_module(f"{package}.training") for package in (EARLIER, "cl_core"))
        rows = []
        gc.disable()
        for loss in LOSSES:
            row = [loss]
            for batch, (steps, turns) in TURNS.items():
                pair = [stepper(training, loss, batch, steps) for training in (before, now)]
                earlier, later = (seconds / steps * 1e3 for seconds in least_seconds(pair, turns))
                row.append(f"{later:.2f} / {earlier:.2f} = **{later / earlier:.2f}**")
            rows.append(row)
    head = ("loss", *(f"B = {batch}" for batch in TURNS))
    text = f"Milliseconds a step, now / at {options.commit} (one thread, least of many turns).\n\n"
    report.print_and_save(text + report.table(head, rows), options.write)


if __name__ == "__main__":
    main()
