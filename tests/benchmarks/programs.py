"""Time of a training step in the engine of `cl_core/programs`, beside that of PyTorch: all in one run, in turns.

`python -m tests.benchmarks.programs` prints Markdown; `--write` also saves it in `results`. The least time of many
short turns counts: other work on the machine only adds to it.
"""

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cl_core import training
from cl_core.programs.engine.build import WASM
from cl_core.programs.host import Running
from cl_core.programs.program import Program
from cl_core.programs.steps import step_program
from tests import ROOT
from tests.benchmarks import machine, report
from tests.benchmarks.commits import least_seconds
from tests.unit.components.test_javascript import node
from tests.unit.programs.test_steps import inputs_of_step

RUNS = {"supcon": {}, "triplet": {"mining": "semihard"}, "circle": {}, "arcface": {}}
BATCHES = (128, 256)
STEPS = 10  # of a turn
TURNS = 40
WARM_UP = 100  # steps, after which V8 has optimised the engine
WANTED = 2.5


@contextmanager
def stepper_in_node(program: Program, inputs: dict[str, Any]) -> Iterator[Callable[[int], None]]:
    """Start Node with a program; give a function that runs it some times."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "program")
        path.write_bytes(program.to_bytes())
        for slot in program.inputs:
            Path(folder, slot.name).write_bytes(np.ascontiguousarray(inputs[slot.name], slot.type.numpy).tobytes())
        command = [node(), "tests/javascript/time_program.js", str(WASM), str(path), folder]
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            lines_in, lines_out = process.stdin, process.stdout

            def step(times: int) -> None:
                print(times, file=lines_in, flush=True)
                if not lines_out.readline():
                    raise RuntimeError("Node has ended")

            yield step


def measure(loss: str, batch: int, turns: int = TURNS) -> tuple[float, float, float]:
    """Return the seconds of a step in PyTorch, in Node and in wasmtime."""
    state = training.advance(training.start(training.RunSpec(loss=loss, theta=RUNS[loss], batch=batch)), steps=3)
    program = step_program(state.spec)
    inputs: dict[str, Any] = inputs_of_step(state)
    running = Running(program)
    running.write(inputs)

    def step_in_wasmtime() -> None:
        for _ in range(STEPS):
            running.compute()

    with stepper_in_node(program, inputs) as step_in_node:
        step_in_node(WARM_UP)
        functions = (partial(training.advance, state, steps=STEPS), partial(step_in_node, STEPS), step_in_wasmtime)
        torch_time, node_time, wasmtime_time = (seconds / STEPS for seconds in least_seconds(functions, turns))
    return torch_time, node_time, wasmtime_time


def run(turns: int = TURNS) -> str:
    """Measure all losses; return Markdown."""
    torch.set_num_threads(1)
    rows = []
    for batch in BATCHES:
        for loss, theta in RUNS.items():
            in_torch, in_node, in_wasmtime = measure(loss, batch, turns)
            title = ", ".join([loss, *theta.values()])
            ratios = (f"{1e3 * each:.1f} (**{each / in_torch:.1f}×**)" for each in (in_node, in_wasmtime))
            rows.append([title, str(batch), f"{1e3 * in_torch:.1f}", *ratios])
    return "\n\n".join([
        f"{machine.describe()}.",
        "Milliseconds of a training step (one thread, least of many turns), and how many times PyTorch's they are "
        f"(wanted: {WANTED}). The batch and the weights are in the engine's memory already; PyTorch's step is that of "
        "the server, which also gathers its batch.",
        report.table(["loss", "B", "PyTorch", "Node", "wasmtime"], rows),
    ]) + "\n"  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = report.parser("programs", __doc__)
    parser.add_argument("--turns", type=int, default=TURNS, help="of each loss and batch size")
    options = parser.parse_args(arguments)
    report.print_and_save(run(options.turns), options.write)


if __name__ == "__main__":
    main()
