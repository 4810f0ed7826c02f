"""Time of a training step in Chromium: the engine of `cl_core/programs` and onnxruntime-web, in turns on one page.

`python -m tests.benchmarks.browser_steps` prints Markdown; `--write` also saves it in `results`. It needs two things
that nothing else does: `pip install -r tests/benchmarks/onnxruntime_web/requirements.txt` and
`.venv/bin/npm ci --prefix tests/benchmarks/onnxruntime_web`. The least time of many short turns counts: other work on
the machine only adds to it.
"""

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from playwright.sync_api import Page, Route

from cl_core import training
from cl_core.programs.engine.build import WASM
from cl_core.programs.steps import step_program
from tests import ROOT
from tests.benchmarks import machine, onnx_steps, report
from tests.benchmarks.commits import least_seconds
from tests.benchmarks.programs import BATCHES, RUNS, STEPS, TURNS, WANTED, WARM_UP
from tests.benchmarks.serving import open_browser
from tests.unit.programs.test_steps import inputs_of_step

ONNXRUNTIME = ROOT / "tests" / "benchmarks" / "onnxruntime_web" / "node_modules" / "onnxruntime-web"
ADDRESS = "http://benchmark.test"
SCRIPT = "/tests/javascript/time_steps_in_browser.js"
TIMES_AS_FAST = 1.3  # as onnxruntime-web, wanted
LOSS_DIFFERENCE, TERMS_DIFFERENCE, WEIGHTS_DIFFERENCE = 1e-4, 1e-4, 0.05  # of two engines, relative; see `check`


@contextmanager
def stepper_in_browser(state: training.State) -> Iterator[Callable[[str, int], None]]:
    """Open a page with the next step of a run; give a function that does it some times in "ours" or in "theirs"."""
    inputs: dict[str, Any] = inputs_of_step(state)
    with tempfile.TemporaryDirectory() as folder, open_browser() as page:
        data = Path(folder)
        slots = []
        for name, tensor in onnx_steps.write(state.spec, data / "model").items():
            kind = str(tensor.dtype).removeprefix("torch.")
            np.ascontiguousarray(inputs[name], kind).tofile(data / name)
            slots.append({"name": name, "type": kind, "shape": list(tensor.shape)})
        (data / "program").write_bytes(step_program(state.spec).to_bytes())
        page.route(f"{ADDRESS}/**", partial(_answer, data))
        page.goto(f"{ADDRESS}/")
        page.evaluate(
            f"""async (slots) => {{
                const {{ load }} = await import("{SCRIPT}");
                window.steps = await load(slots, "/onnxruntime-web/dist");
            }}""",
            slots,
        )
        check(page)

        def step(engine: str, times: int) -> None:
            page.evaluate(f"(times) => window.steps.{engine}(times)", times)

        yield step


def _answer(data: Path, route: Route) -> None:
    """Answer a request of the page with a file."""
    path = route.request.url.removeprefix(ADDRESS)
    if path == "/":
        route.fulfill(body="<!doctype html>", content_type="text/html")
    elif path == "/engine.wasm":
        route.fulfill(path=WASM)
    elif path.startswith("/data/"):
        route.fulfill(path=data / Path(path).name)
    elif path.startswith("/onnxruntime-web/"):
        route.fulfill(path=ONNXRUNTIME / path.removeprefix("/onnxruntime-web/"))
    else:
        route.fulfill(path=ROOT / path.removeprefix("/"))


def check(page: Page) -> None:
    """Raise ValueError unless a step has the same results in both.

    Adam divides a gradient that is next to nothing by its own size, so weights may differ by more than the gradients
    do; semi-hard triplets whose distances are equal within rounding may be counted differently.
    """
    results = page.evaluate("() => window.steps.compare()")
    (our_loss, their_loss), (our_terms, their_terms) = results["losses"], results["terms"]
    if not (
        abs(our_loss - their_loss) <= LOSS_DIFFERENCE * abs(our_loss)
        and abs(our_terms - their_terms) <= TERMS_DIFFERENCE * our_terms
        and results["difference"] <= WEIGHTS_DIFFERENCE
    ):
        raise ValueError(f"the two engines do not do the same: {json.dumps(results)}")


def measure(loss: str, batch: int, turns: int = TURNS) -> list[float]:
    """Return the seconds of a step in PyTorch, in the project's engine, and in onnxruntime-web."""
    spec = training.RunSpec(loss=loss, theta=RUNS[loss], batch=batch)
    state = training.advance(training.start(spec), steps=3)
    with stepper_in_browser(state) as step_in_browser:
        for engine in ("ours", "theirs"):
            step_in_browser(engine, WARM_UP)
        functions = (
            partial(training.advance, state, steps=STEPS),
            partial(step_in_browser, "ours", STEPS),
            partial(step_in_browser, "theirs", STEPS),
        )
        return [seconds / STEPS for seconds in least_seconds(functions, turns)]


def run(turns: int = TURNS) -> str:
    """Measure all losses; return Markdown."""
    torch.set_num_threads(1)
    rows = []
    for batch in BATCHES:
        for loss, theta in RUNS.items():
            in_torch, ours, theirs = measure(loss, batch, turns)
            times = (f"{1e3 * seconds:.1f}" for seconds in (in_torch, ours, theirs))
            ratios = (f"**{theirs / ours:.1f}×**", f"**{ours / in_torch:.1f}×**")
            rows.append([", ".join([loss, *theta.values()]), str(batch), *times, *ratios])
    version = json.loads((ONNXRUNTIME / "package.json").read_text(encoding="utf-8"))["version"]
    return "\n\n".join([
        f"{machine.describe()}; onnxruntime-web {version}.",
        "Milliseconds of a training step in Chromium (one thread, least of many turns). Both engines get batch "
        "and vector anew for each step; onnxruntime-web gets the same traced graph, which it optimises itself. Wanted: "
        f"at least {TIMES_AS_FAST} times as fast as onnxruntime-web, and at most {WANTED} times PyTorch's time.",
        report.table(
            ["loss", "B", "PyTorch", "this engine", "onnxruntime-web", "times as fast", "of PyTorch's time"], rows
        ),
    ]) + "\n"  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = report.parser("browser_steps", __doc__)
    parser.add_argument("--turns", type=int, default=TURNS, help="of each loss and batch size")
    options = parser.parse_args(arguments)
    report.print_and_save(run(options.turns), options.write)


if __name__ == "__main__":
    main()
