"""A training run as a value: the same `RunSpec` gives the same weights, however often it is paused.

`start(spec)` makes the first `State`, `advance` takes it further, `snapshot` looks at it. Nothing here knows of threads
or pages. Which rows a step sees and which noise it draws depend on the seed and the step's number alone, so that there
is no generator to carry along and no way for a pause to change anything.
"""

import time
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cl_core import losses
from cl_core.data import augmentation, datasets
from cl_core.losses import variants
from cl_core.training import config, encoders, rng
from cl_core.training.config import RunSpec


@dataclass(frozen=True, eq=False)
class State:
    """Everything a run is between two steps.

    Attributes:
        spec: what was asked for.
        step: steps done.
        vector: (P,) float32, the weights and then the optimiser's moments.
        seconds: spent in steps so far.
        losses: (k,) float32, the loss at each step of the last `advance`, whose last step is `step`.
        empty: how many of those steps had a batch without one valid term.
        failure: in words, why the run can't go on; None while it can.
    """

    spec: RunSpec
    step: int
    vector: NDArray[np.float32]
    seconds: float = 0.0
    losses: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    empty: int = 0
    failure: str | None = None


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The embedding of a fixed set of test images at one step: z (n, dim) float32, labels y (n,) int64."""

    step: int
    z: NDArray[np.float32]
    y: NDArray[np.int64]


def start(spec: RunSpec) -> State:
    """The first state of a run: weights drawn from the spec's seed, moments zero."""
    machine = _Trainer(spec, None)
    generator = rng.generator(spec.seed, rng.WEIGHTS)
    with torch.no_grad():
        encoders.initialise(machine.net, generator)
        machine.loss.reset_parameters(generator)
    return State(spec, 0, machine.vector())


def advance(state: State, *, steps: int | None = None, seconds: float | None = None, limit: int | None = None) -> State:
    """Train for so many `steps`, or until so many `seconds` have gone by, whichever comes first.

    A state that failed, or has done `limit` steps (`MAX_STEPS`), is returned as it is. Where the embedding or the loss
    stops being finite the state comes back with a `failure` and the steps done until then.

    Raises ValueError when neither bound is given.
    """
    if steps is None and seconds is None:
        raise ValueError("advance wants a number of steps, or of seconds")
    last = (limit or config.MAX_STEPS) if steps is None else min(state.step + steps, limit or config.MAX_STEPS)
    if state.failure or state.step >= last:
        return replace(state, losses=np.empty(0, np.float32), empty=0)
    machine = _Trainer(state.spec, state)
    values: list[float] = []
    empty, failure = 0, None
    began = time.perf_counter()
    for step in range(state.step, last):
        value, n_terms = machine.step(step)
        if not np.isfinite(value):
            failure = divergence_advice(state.spec, step + 1)
            break
        values.append(value)
        empty += n_terms == 0
        if seconds is not None and time.perf_counter() - began >= seconds:
            break
    vector = machine.vector()
    if not np.isfinite(vector).all():
        failure = failure or divergence_advice(state.spec, state.step + len(values))
    step, spent = state.step + len(values), state.seconds + time.perf_counter() - began
    return State(state.spec, step, vector, spent, np.array(values, np.float32), empty, failure)


def snapshot(state: State, n: int) -> Snapshot:
    """The embedding of the first `n` probe images of the spec's data set (see `datasets.probe`)."""
    data = datasets.load(state.spec.dataset)
    rows = datasets.probe_indices(data, n)
    return Snapshot(state.step, embed(state, data.x_test[rows]).numpy(), data.y_test[rows])


def embed(state: State, x: NDArray[Any], *, features: bool = False) -> Tensor:
    """Embeddings (n, dim) float32 of examples as a data set holds them; or the `features` that the projector is fed."""
    net = _Trainer(state.spec, state).net
    look = net.features if features else net
    with torch.inference_mode():
        return torch.cat([look(_floats(part)) for part in torch.tensor(x).split(500)])  # parts that fit the cache


def class_weights(state: State) -> tuple[NDArray[np.float32] | None, NDArray[np.float32] | None]:
    """What the loss has learnt so far: weight (C, dim) and bias (C,); None for what it does not have."""
    loss = _Trainer(state.spec, state).loss
    weight, bias = (None if part is None else part.detach().numpy().copy() for part in (loss.weight, loss.bias))
    return weight, bias


class _Trainer:
    """The moving parts of a run, built around one flat vector of weights and one of gradients."""

    def __init__(self, spec: RunSpec, state: State | None) -> None:
        data = datasets.load(spec.dataset)
        if spec.images_per_step * data.inputs > config.MAX_STEP_VALUES:
            raise ValueError(
                f"for images of {data.inputs:,} pixels a step has {config.MAX_STEP_VALUES // data.inputs:,} at most"
            )
        catalogued = losses.LOSSES[spec.loss]
        weights = {"num_classes": data.n_classes, "embedding_dim": spec.dim} if catalogued.classes else {}
        self.spec = spec
        with torch.device("meta"):  # where torch throws no dice of its own for weights that are replaced anyway
            self.net = encoders.build(spec.encoder, data.shape, spec.dim, unit_norm=spec.unit_norm)
            self.loss = losses.module(spec.loss, **weights, **spec.theta)
        self.other = variants.get_variant(spec.loss, spec.convention).loss_function(spec.theta)
        self.views = catalogued.views
        self.schedule = catalogued.schedules.get(spec.schedule)
        modules: tuple[nn.Module, ...] = (self.net, self.loss)
        parameters = [p for module in modules for p in module.to_empty(device="cpu").parameters()]
        self.size = sum(p.numel() for p in parameters)
        self.weights = torch.zeros(self.size)
        self.weights.grad = torch.zeros(self.size)
        if state is not None:
            self.weights.copy_(torch.from_numpy(state.vector[: self.size]))
        ends = np.cumsum([0, *(p.numel() for p in parameters)])
        for parameter, (low, high) in zip(parameters, pairwise(ends), strict=True):
            parameter.data = self.weights[low:high].view(parameter.shape)
            parameter.grad = self.weights.grad[low:high].view(parameter.shape)
        self.optimiser = _optimiser(spec, self.weights, state)
        self.rows, self.labels = _training_set(spec.dataset)

    def step(self, step: int) -> tuple[float, int]:
        """Do step number `step` (from 0): the loss before it, NaN where there was none to be had, and its terms."""
        order = _order(self.spec, step, len(self.rows))
        x = _floats(self.rows[order])
        if self.views:
            x = augmentation.two_views(x, rng.generator(self.spec.seed, rng.NOISE, step))
        z = self.net(x)
        if not torch.isfinite(z).all():
            return np.nan, 0
        if self.schedule is not None:
            self.loss.theta["annealing"] = self.schedule.at(step + 1)
        labels = None if self.views else self.labels[order]
        if self.other is None:
            value, n_terms = self.loss(z, labels), self.loss.n_terms
        else:
            value = self.other(z=z, y=labels, weight=self.loss.weight, bias=self.loss.bias)
            n_terms = len(z)
        assert self.weights.grad is not None
        self.weights.grad.zero_()
        value.backward()
        self.optimiser.step()
        return value.item(), n_terms

    def vector(self) -> NDArray[np.float32]:
        """The weights and the optimiser's moments, as `State.vector` holds them."""
        moments = self.optimiser.state.get(self.weights, {})
        parts = [moments.get(name, torch.zeros(self.size)) for name in _MOMENTS[self.spec.optimiser]]
        return torch.cat([self.weights.detach(), *parts]).numpy()


_MOMENTS = {"adam": ("exp_avg", "exp_avg_sq"), "sgd": ("momentum_buffer",)}


def _optimiser(spec: RunSpec, weights: Tensor, state: State | None) -> torch.optim.Optimizer:
    """The spec's optimiser over the flat weights, with the moments of `state`."""
    optimiser: torch.optim.Optimizer
    if spec.optimiser == "adam":
        optimiser = torch.optim.Adam([weights], lr=spec.rate, fused=True)
    else:
        optimiser = torch.optim.SGD([weights], lr=spec.rate, momentum=config.MOMENTUM, fused=True)
    if state is not None and state.step:
        parts = torch.from_numpy(state.vector[len(weights) :].copy()).view(-1, len(weights))
        moments: dict[str, Any] = dict(zip(_MOMENTS[spec.optimiser], parts, strict=True))
        if spec.optimiser == "adam":
            moments["step"] = torch.tensor(float(state.step))
        optimiser.load_state_dict({"state": {0: moments}, "param_groups": optimiser.state_dict()["param_groups"]})
    return optimiser


@lru_cache(maxsize=4)
def _training_set(key: str) -> tuple[Tensor, Tensor]:
    data = datasets.load(key)
    return torch.tensor(data.x_train), torch.tensor(data.y_train)  # copies: the arrays are read-only


def _floats(x: Tensor) -> Tensor:
    """Pixels of 0 to 255 as floats of 0 to 1; the whole set stays in memory as bytes, a quarter of the size."""
    return x / 255 if x.dtype == torch.uint8 else x


def steps_per_epoch(spec: RunSpec) -> int:
    """Steps in one pass through the training set."""
    n = len(_training_set(spec.dataset)[0])
    return n // min(spec.images_per_step, n)


def _order(spec: RunSpec, step: int, n: int) -> Tensor:
    """The rows of step number `step`: every epoch its own permutation, the incomplete last batch left out."""
    size = min(spec.images_per_step, n)
    epoch, place = divmod(step, n // size)
    return rng.permutation(spec.seed, epoch, n)[place * size : (place + 1) * size]


def first_batch_labels(spec: RunSpec) -> NDArray[np.int64]:
    """Labels of the rows of a run's first batch; of a two-view loss, the images' numbers, twice."""
    labels = datasets.load(spec.dataset).y_train[_order(spec, 0, len(_training_set(spec.dataset)[0])).numpy()]
    return np.tile(np.arange(len(labels)), 2) if losses.LOSSES[spec.loss].views else labels


def divergence_advice(spec: RunSpec, step: int) -> str:
    """What to say of a run whose numbers left their range at `step`, and what to try."""
    hints = []
    if spec.rate > 1e-3:
        hints.append(f"a smaller learning rate (it was {spec.rate:g})")
    if not spec.unit_norm:
        hints.append("unit-length embeddings")
    if spec.theta.get("temperature", 1.0) < 0.05:
        hints.append(f"a larger temperature (it was {spec.theta['temperature']:g})")
    if not hints:
        hints.append("another seed or a larger batch")
    return f"At step {step} the numbers ran out of range (NaN or infinity). Try {' or '.join(hints)}."
