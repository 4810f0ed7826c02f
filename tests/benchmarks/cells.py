"""One cell of the table of losses: our steps, the usual loop's and bare matrix products, in turns.

Each has one thread, so its processor time is what it would take alone; other work on the machine disturbs that little.
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
from tests.benchmarks.apart import GIB, LIMIT, OutOfMemory, TooSlow, apart
from tests.benchmarks.usual import ROWS, Loop

BATCHES = (32, 256, 2048)


@dataclass(frozen=True)
class Plan:
    """How long to measure.

    Attributes:
        turns, seconds, warm_up: of the loops, which take turns of so many seconds.
        patience: processor seconds after which a loop's first step is given up.
        longest: seconds of a step that is worth repeating.
        windows, window: of the page, which takes turns with a run that nobody looks at; its steps come in chunks, so
            these are longer.
        starts: how often Start is pressed.
    """

    turns: int = 3
    seconds: float = 0.8
    warm_up: float = 0.5
    patience: int = 60
    longest: float = 4.0
    windows: int = 3
    window: float = 10.0
    starts: int = 5


FULL = Plan()
QUICK = Plan(turns=1, seconds=0.4, warm_up=0.2, patience=8, windows=1, starts=2)


@dataclass(frozen=True)
class Trial:
    """How the first step of a loop went: what memory grew by and the seconds it took, or what came in the way."""

    memory: int = 0
    seconds: float = 0.0
    trouble: str = ""


@dataclass(frozen=True)
class Cell:
    """One loss at one batch size; all but `trouble` in steps a second of processor time.

    Attributes:
        ours: our trainer.
        theirs: the usual loop; None where `trouble` says in words why not.
        products: bare matrix products of the net.
        with_pairs: the same with the products of the batch against itself, which most losses begin with.
    """

    ours: float
    theirs: float | None
    products: float
    with_pairs: float
    trouble: str = ""

    @property
    def ratio(self) -> float | None:
        """How many of our steps go into one of theirs."""
        return self.ours / self.theirs if self.theirs else None


@lru_cache
def first_step(key: str, batch: int, patience: int, *, ours: bool) -> Trial:
    """One step of a loop in a process of its own."""
    try:
        memory, seconds = apart(_first_step, key, batch, ours, seconds=patience)
        return Trial(memory, seconds)
    except OutOfMemory as error:
        last = f" (asked for {error.asked / GIB:,.0f} GiB)" if error.asked > LIMIT else ""
        return Trial(trouble=f"out of memory{last}")
    except TooSlow:
        return Trial(trouble=f"over {patience} s a step")


def _first_step(key: str, batch: int, ours: bool) -> tuple[int, float]:
    row = ROWS[key]
    step = partial(training.advance, training.start(row.spec(batch)), steps=1) if ours else Loop(row, batch).step
    began = time.process_time()
    return peak_growth(step), time.process_time() - began


def cell(key: str, batch: int, plan: Plan) -> Cell:
    """Measure a row at one batch size."""
    trial = first_step(key, batch, plan.patience, ours=False)
    repeated = not trial.trouble and trial.seconds < plan.longest
    rates = apart(measure, key, batch, plan, repeated)
    if not trial.trouble and not repeated:
        rates["theirs"] = 1 / trial.seconds
    return Cell(**rates, trouble=trial.trouble)


def measure(key: str, batch: int, plan: Plan, with_theirs: bool = True) -> dict[str, float | None]:
    """Steps a second of everything in a `Cell`, medians over turns in this process."""
    spec = ROWS[key].spec(batch)
    parts: dict[str, Callable[[float], float]] = {"ours": Ours(spec).turn}
    if with_theirs:
        parts["theirs"] = partial(repeat, Loop(ROWS[key], batch).step)
    parts["products"] = _a_third(partial(repeat, partial(multiply, products(spec))))
    parts["with_pairs"] = _a_third(partial(repeat, partial(multiply, products(spec, pairs=True))))
    for turn in parts.values():
        turn(plan.warm_up)
    return {"theirs": None} | in_turns(parts, plan.turns, plan.seconds)


def in_turns(parts: dict[str, Callable[[float], float]], turns: int, seconds: float) -> dict[str, float]:
    """Call each of `parts` with `seconds`, one after the other, as often as there are turns: its median answer."""
    answers: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(turns):
        for name, part in parts.items():
            answers[name].append(part(seconds))
    return {name: median(values) for name, values in answers.items()}


class Ours:
    """A run of our trainer, taken further in turns."""

    def __init__(self, spec: RunSpec) -> None:
        self.state = training.start(spec)

    def turn(self, seconds: float) -> float:
        """Train for so long; steps a second of processor time, with all that is around a step."""
        before, began = self.state.step, time.process_time()
        self.state = training.advance(self.state, seconds=seconds)
        if self.state.failure:
            raise RuntimeError(self.state.failure)
        return (self.state.step - before) / (time.process_time() - began)


def repeat(step: Callable[[], object], seconds: float) -> float:
    """Call `step` for so long, once at least; calls a second of processor time."""
    done, began, clock = 0, time.process_time(), time.perf_counter()
    while not done or time.perf_counter() - clock < seconds:
        step()
        done += 1
    return done / (time.process_time() - began)


def _a_third(turn: Callable[[float], float]) -> Callable[[float], float]:
    return lambda seconds: turn(seconds / 3)


Product = tuple[Tensor, Tensor, Tensor]  # a, b, and where a @ b goes


def products(spec: RunSpec, *, pairs: bool = False) -> list[Product]:
    """The matrix products of one step: of each linear layer its values and both its gradients.

    The first layer's input needs no gradient. With `pairs` also the batch against itself, and the gradient of that.
    """
    net = encoders.build(spec.encoder, datasets.load(spec.dataset).shape, spec.dim, unit_norm=spec.unit_norm)
    linear = [layer for layer in net.modules() if isinstance(layer, nn.Linear)]
    found: list[Product] = []
    for layer in linear:
        w = layer.weight.detach()
        x, g = torch.rand(spec.batch, w.shape[1]), torch.rand(spec.batch, w.shape[0])
        found += [(x, w.T, torch.empty_like(g)), (g.T, x, torch.empty_like(w))]
        if layer is not linear[0]:
            found.append((g, w, torch.empty_like(x)))
    if pairs:
        z, s = torch.rand(spec.batch, spec.dim), torch.rand(spec.batch, spec.batch)
        found += [(z, z.T, torch.empty_like(s)), (s, z, torch.empty_like(z)), (s.T, z, torch.empty_like(z))]
    return found


def multiply(of: Iterable[Product]) -> None:
    """Do the products, into memory that is there already."""
    for a, b, into in of:
        torch.mm(a, b, out=into)
