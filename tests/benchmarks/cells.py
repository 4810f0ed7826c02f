"""One cell of the table of losses: rates of our steps, of the baseline loop and of bare matrix products, in turns.

Each has one thread and is measured in processor time, which other work on the machine changes little.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from statistics import median

import torch
from torch import Tensor, nn

from cl_core import training
from cl_core.data import datasets
from cl_core.runtime.process_memory import peak_growth
from cl_core.training import RunSpec, encoders
from tests.benchmarks.baseline import ROWS, BaselineLoop
from tests.benchmarks.limited_process import GIB, MEMORY_LIMIT, OutOfMemory, TooSlow, run_limited

BATCHES = (32, 256, 2048)


@dataclass(frozen=True)
class Plan:
    """How long to measure.

    Attributes:
        turns: number of turns of each loop.
        seconds: length of a turn.
        warm_up: seconds that each loop runs before the first turn.
        timeout: processor seconds after which the first step of a loop is stopped.
        max_step_seconds: a loop with longer steps is not repeated.
        windows: number of turns of the page and of a run without a page.
        window: seconds of such a turn; longer than a loop's, as steps come in chunks.
        starts: how often Start is pressed.
    """

    turns: int = 3
    seconds: float = 0.8
    warm_up: float = 0.5
    timeout: int = 60
    max_step_seconds: float = 4.0
    windows: int = 3
    window: float = 10.0
    starts: int = 5


FULL = Plan()
QUICK = Plan(turns=1, seconds=0.4, warm_up=0.2, timeout=8, windows=1, starts=2)


@dataclass(frozen=True)
class Trial:
    """The first step of a loop.

    Attributes:
        memory: bytes by which peak memory grew.
        seconds: processor time.
        problem: why there are no numbers; "" if there are.
    """

    memory: int = 0
    seconds: float = 0.0
    problem: str = ""


@dataclass(frozen=True)
class Cell:
    """Rates of one loss at one batch size, in steps per second of processor time.

    Attributes:
        ours: our trainer.
        theirs: the baseline loop; None if it could not be measured.
        products: bare matrix products of the encoder.
        with_pairs: the same with the products of the batch with itself, with which most losses begin.
        problem: why `theirs` could not be measured.
    """

    ours: float
    theirs: float | None
    products: float
    with_pairs: float
    problem: str = ""

    @property
    def ratio(self) -> float | None:
        """Return our rate divided by that of the baseline loop."""
        return self.ours / self.theirs if self.theirs else None


@lru_cache
def first_step(key: str, batch: int, timeout: int, *, ours: bool) -> Trial:
    """Run the first step of a loop in a process of its own."""
    try:
        memory, seconds = run_limited(_first_step, key, batch, ours, seconds=timeout)
        return Trial(memory, seconds)
    except OutOfMemory as error:
        request = f" (asked for {error.requested / GIB:,.0f} GiB)" if error.requested > MEMORY_LIMIT else ""
        return Trial(problem=f"out of memory{request}")
    except TooSlow:
        return Trial(problem=f"over {timeout} s a step")


def _first_step(key: str, batch: int, ours: bool) -> tuple[int, float]:
    row = ROWS[key]
    step = (
        partial(training.advance, training.start(row.spec(batch)), steps=1) if ours else BaselineLoop(row, batch).step
    )
    start = time.process_time()
    return peak_growth(step), time.process_time() - start


def measure_cell(key: str, batch: int, plan: Plan) -> Cell:
    """Measure a row of the table at one batch size."""
    trial = first_step(key, batch, plan.timeout, ours=False)
    repeatable = not trial.problem and trial.seconds < plan.max_step_seconds
    rates = run_limited(measure_rates, key, batch, plan, repeatable)
    if not trial.problem and not repeatable:
        rates["theirs"] = 1 / trial.seconds
    return Cell(**rates, problem=trial.problem)


def measure_rates(key: str, batch: int, plan: Plan, with_theirs: bool = True) -> dict[str, float | None]:
    """Return all rates of a `Cell`: medians over turns in this process."""
    spec = ROWS[key].spec(batch)
    parts: dict[str, Callable[[float], float]] = {"ours": OurLoop(spec).turn}
    if with_theirs:
        parts["theirs"] = partial(calls_per_second, BaselineLoop(ROWS[key], batch).step)
    parts["products"] = _for_a_third(partial(calls_per_second, partial(multiply, matrix_products(spec))))
    parts["with_pairs"] = _for_a_third(partial(calls_per_second, partial(multiply, matrix_products(spec, pairs=True))))
    for turn in parts.values():
        turn(plan.warm_up)
    return {"theirs": None} | alternate(parts, plan.turns, plan.seconds)


def alternate(parts: dict[str, Callable[[float], float]], turns: int, seconds: float) -> dict[str, float]:
    """Call all `parts` with `seconds`, one after the other, in each turn; return the median result of each."""
    rates: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(turns):
        for name, part in parts.items():
            rates[name].append(part(seconds))
    return {name: median(values) for name, values in rates.items()}


class OurLoop:
    """A run of our trainer that continues in turns."""

    def __init__(self, spec: RunSpec) -> None:
        self.state = training.start(spec)

    def turn(self, seconds: float) -> float:
        """Train for some seconds; return steps per second of processor time, including all work around a step."""
        start_step, start = self.state.step, time.process_time()
        self.state = training.advance(self.state, seconds=seconds)
        if self.state.failure:
            raise RuntimeError(self.state.failure)
        return (self.state.step - start_step) / (time.process_time() - start)


def calls_per_second(step: Callable[[], object], seconds: float) -> float:
    """Call `step` for some seconds, at least once; return calls per second of processor time."""
    calls, cpu_start, wall_start = 0, time.process_time(), time.perf_counter()
    while not calls or time.perf_counter() - wall_start < seconds:
        step()
        calls += 1
    return calls / (time.process_time() - cpu_start)


def _for_a_third(turn: Callable[[float], float]) -> Callable[[float], float]:
    return lambda seconds: turn(seconds / 3)


Product = tuple[Tensor, Tensor, Tensor]  # a, b, and the output for a @ b


def matrix_products(spec: RunSpec, *, pairs: bool = False) -> list[Product]:
    """Return the matrix products of one step: outputs and both gradients of each linear layer.

    The input of the first layer needs no gradient. With `pairs` also the products of the batch with itself, and of
    their gradient.
    """
    net = encoders.build(spec.encoder, datasets.load(spec.dataset).shape, spec.dim, unit_norm=spec.unit_norm)
    linear = [layer for layer in net.modules() if isinstance(layer, nn.Linear)]
    result: list[Product] = []
    for layer in linear:
        w = layer.weight.detach()
        x, g = torch.rand(spec.batch, w.shape[1]), torch.rand(spec.batch, w.shape[0])
        result += [(x, w.T, torch.empty_like(g)), (g.T, x, torch.empty_like(w))]
        if layer is not linear[0]:
            result.append((g, w, torch.empty_like(x)))
    if pairs:
        z, s = torch.rand(spec.batch, spec.dim), torch.rand(spec.batch, spec.batch)
        result += [(z, z.T, torch.empty_like(s)), (s, z, torch.empty_like(z)), (s.T, z, torch.empty_like(z))]
    return result


def multiply(products: Iterable[Product]) -> None:
    """Compute the products into memory that is already allocated."""
    for a, b, out in products:
        torch.mm(a, b, out=out)
