"""The training loop as pure functions: `start`, `advance` and `snapshot`.

`start` creates the first `State` of a run, `advance` trains it further, and `snapshot` embeds test images with it. The
module knows nothing of threads or pages. The rows of a step and its random augmentation depend only on the seed and on
the number of the step. So there is no generator state to store, and a pause cannot change a run: equal `RunSpec`s give
equal weights, however often a run is paused.
"""

import time
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cl_core import losses
from cl_core.data import augmentation, datasets
from cl_core.data.errors import ExplainedError
from cl_core.losses import variants
from cl_core.losses.execution import is_finite
from cl_core.training import config, modules, optimisers, rng
from cl_core.training.batches import batch_indices, to_float, training_set
from cl_core.training.config import RunSpec
from cl_core.training.divergence import divergence_advice


@dataclass(frozen=True, eq=False)
class State:
    """The complete state of a run between two steps.

    Attributes:
        spec: settings of the run.
        step: number of steps done.
        vector: (V,) float32, the weights of the network, then those of the loss, then the optimiser's moments: one per
            weight for SGD, two for either Adam.
        seconds: time spent in training steps so far, wall clock.
        losses: (k,) float32, the loss at each of the k steps of the last `advance`, the newest last. Each is the loss
            of the step's batch before its weights changed.
        empty: how many of those k steps had a batch without any valid term.
        failure: message for the visitor that says why the run cannot continue; None while it can.
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
    """The embedding of a fixed set of test images at one step.

    Attributes:
        step: number of steps done.
        z: (n, dim) float32, the embeddings.
        y: (n,) int64, the labels.
    """

    step: int
    z: NDArray[np.float32]
    y: NDArray[np.int64]


def start(spec: RunSpec) -> State:
    """Create the first state of a run, with weights drawn from the spec's seed and all moments zero.

    Args:
        spec: settings of the run.

    Returns:
        The state at step 0.

    Raises:
        ValueError: when one step would need more than `config.MAX_STEP_VALUES` input values, or when the data set
            cannot be read.
    """
    trainer = _Trainer(spec, None)
    modules.initialise(spec, trainer.net, trainer.loss, rng.generator(spec.seed, rng.WEIGHTS))
    return State(spec, 0, trainer.vector())


def advance(state: State, *, steps: int | None = None, seconds: float | None = None, limit: int | None = None) -> State:
    """Train for a number of steps or of seconds, whichever ends first.

    Args:
        state: where to start; it is not changed.
        steps: number of steps to do; None for no bound.
        seconds: wall-clock time after which no further step starts; None for no bound. At least one step is done.
        limit: step at which the run ends, `config.MAX_STEPS` by default.

    Returns:
        The new state. Its `losses` and `empty` describe the steps of this call. A state that has failed, or that has
        reached the limit, is returned with no further step. If the embedding, the loss or the weights stop being
        finite, training stops and the new state has a `failure`.

    Raises:
        ValueError: when neither `steps` nor `seconds` is given.
    """
    if steps is None and seconds is None:
        raise ValueError("advance needs a number of steps or of seconds")
    end = (limit or config.MAX_STEPS) if steps is None else min(state.step + steps, limit or config.MAX_STEPS)
    if state.failure or state.step >= end:
        return replace(state, losses=np.empty(0, np.float32), empty=0)
    trainer = _Trainer(state.spec, state)
    values: list[float] = []
    empty, failure = 0, None
    began = time.perf_counter()
    for step in range(state.step, end):
        value, n_terms = trainer.step(step)
        if not np.isfinite(value):
            failure = divergence_advice(state.spec, step + 1)
            break
        values.append(value)
        empty += n_terms == 0
        if seconds is not None and time.perf_counter() - began >= seconds:
            break
    vector = trainer.vector()
    if not np.isfinite(vector).all():
        failure = failure or divergence_advice(state.spec, state.step + len(values))
    step, elapsed = state.step + len(values), state.seconds + time.perf_counter() - began
    return State(state.spec, step, vector, elapsed, np.array(values, np.float32), empty, failure)


def snapshot(state: State, n: int) -> Snapshot:
    """Embed the first `n` probe images of the spec's data set.

    Args:
        state: the run.
        n: number of probe images (see `datasets.probe_indices`); fewer if the test set is smaller.

    Returns:
        Embeddings (n, dim) float32 and labels (n,) int64 at the state's step.
    """
    data = datasets.load(state.spec.dataset)
    rows = datasets.probe_indices(data, n)
    return Snapshot(state.step, embed(state, data.x_test[rows]).numpy(), data.y_test[rows])


def embed(state: State, x: NDArray[Any], *, features: bool = False) -> Tensor:
    """Embed examples with the network of a run.

    Args:
        state: the run.
        x: (n, *shape), examples as a data set holds them: uint8 images or float32 points.
        features: whether to return the input of the projector instead of the embeddings.

    Returns:
        Embeddings (n, dim) float32, or features (n, `encoders.WIDTH`).
    """
    net = _Trainer(state.spec, state).net
    embed_chunk = net.features if features else net
    with torch.inference_mode():
        # chunks that fit into the processor's cache
        return torch.cat([embed_chunk(to_float(chunk)) for chunk in torch.tensor(x).split(500)])


def class_weights(state: State) -> tuple[NDArray[np.float32] | None, NDArray[np.float32] | None]:
    """Return the parameters that the loss of a run has learnt.

    Args:
        state: the run.

    Returns:
        Class weights (C, dim) and biases (C,), float32, C the number of classes; None for each that the loss lacks.
    """
    loss = _Trainer(state.spec, state).loss
    weight, bias = (
        None if parameter is None else parameter.detach().numpy().copy() for parameter in (loss.weight, loss.bias)
    )
    return weight, bias


class _Trainer:
    """Network, loss and optimiser of a run.

    All parameters are views of one flat vector of weights, and their gradients are views of one flat vector too: the
    fused optimiser then updates a single tensor, and the vector is what `State` stores.

    Attributes:
        net: the network.
        loss: the loss, with its class weights if it has any.
        variant_loss: function of another published definition, which replaces `loss`; None for this project's.
        views: whether the loss compares two augmented views and takes no labels.
        schedule: schedule of the loss's `annealing`; None if it is constant.
        size: number P of the weights of `net` and `loss`.
        weights: (P,) float32.
        rows, labels: the examples that the run trains on, (N, *shape) and (N,).
    """

    def __init__(self, spec: RunSpec, state: State | None) -> None:
        data = datasets.load(spec.dataset)
        if spec.images_per_step * data.inputs > config.MAX_STEP_VALUES:
            raise ExplainedError(
                f"For images of {data.inputs:,} pixels a step has {config.MAX_STEP_VALUES // data.inputs:,} at most. "
                "Take a smaller batch."
            )
        entry = losses.LOSSES[spec.loss]
        self.spec = spec
        self.net, self.loss = modules.build(spec)
        self.variant_loss = variants.get_variant(spec.loss, spec.convention).loss_function(spec.theta)
        self.views = entry.views
        self.schedule = entry.schedules.get(spec.schedule)
        parameters = [p for module in (self.net, self.loss) for p in module.to_empty(device="cpu").parameters()]
        self.size = sum(p.numel() for p in parameters)
        self.weights = torch.zeros(self.size)
        self.weights.grad = torch.zeros(self.size)
        if state is not None:
            self.weights.copy_(torch.from_numpy(state.vector[: self.size]))
        offsets = np.cumsum([0, *(p.numel() for p in parameters)])
        for parameter, (low, high) in zip(parameters, pairwise(offsets), strict=True):
            parameter.data = self.weights[low:high].view(parameter.shape)
            parameter.grad = self.weights.grad[low:high].view(parameter.shape)
        moments = None if state is None or not state.step else torch.from_numpy(state.vector[self.size :].copy())
        self.optimiser = optimisers.create(spec, self.weights, moments, state.step if state else 0)
        self.rows, self.labels = training_set(spec)

    def step(self, step: int) -> tuple[float, int]:
        """Do step number `step`, counted from 0.

        Returns:
            The loss of the batch before the weights changed, and the number of its valid terms. If the embedding or
            the loss is not finite, no step is done and the loss is NaN.
        """
        indices = batch_indices(self.spec, step, len(self.rows))
        x = to_float(self.rows[indices])
        if self.views:
            x = augmentation.two_views(x, rng.generator(self.spec.seed, rng.NOISE, step))
        z = self.net(x)
        if not is_finite(z):
            return np.nan, 0
        if self.schedule is not None:
            self.loss.theta["annealing"] = self.schedule.at(step + 1)
        labels = None if self.views else self.labels[indices]
        if self.variant_loss is None:
            try:
                value, n_terms = self.loss(z, labels), self.loss.n_terms
            except losses.OutOfRangeError:
                return np.nan, 0
        else:
            value = self.variant_loss(z=z, y=labels, weight=self.loss.weight, bias=self.loss.bias)
            n_terms = len(z)
        assert self.weights.grad is not None
        self.weights.grad.zero_()
        value.backward()
        self.optimiser.step()
        return value.item(), n_terms

    def vector(self) -> NDArray[np.float32]:
        """Return the weights and the optimiser's moments in the layout of `State.vector`."""
        optimiser_state = self.optimiser.state.get(self.weights, {})
        moments = [
            optimiser_state.get(name, torch.zeros(self.size)) for name in optimisers.MOMENT_NAMES[self.spec.optimiser]
        ]
        return torch.cat([self.weights.detach(), *moments]).numpy()
