"""Programs of training: one step of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import accumulate, pairwise
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

from cl_core.data import datasets
from cl_core.losses import LOSSES, variants
from cl_core.programs.compiler import compile_function
from cl_core.programs.program import Program
from cl_core.programs.sliders import slider_inputs
from cl_core.training import RunSpec, modules, optimisers
from cl_core.training.batches import to_float

OUTPUTS = ("vector", "loss", "terms")


def step_program(spec: RunSpec) -> Program:
    """Compile one training step of a run, the function of `step_function`.

    Args:
        spec: the run. Seed, learning rate and the values of sliders do not matter.

    Returns:
        The program.
    """
    return compile_function(*step_function(spec), OUTPUTS)


def step_function(spec: RunSpec) -> tuple[Callable[..., tuple[Tensor, ...]], dict[str, Tensor]]:
    """Return one training step of a run as a function of tensors.

    Its inputs are `vector` (as in `State`), `step` (number of steps done), `rate`, `x` (the batch, as the data set has
    it; two augmented views as floats for a loss that compares views), `y` (labels) and the loss's sliders; its results
    are `OUTPUTS`: the new `vector`, the `loss` before the weights changed, and the number of its valid `terms`.

    Args:
        spec: the run. Seed, learning rate and the values of sliders do not matter.

    Returns:
        The function, and by name, in their order, inputs of the shapes and types that it takes.
    """
    data = datasets.load(spec.dataset)
    loss = LOSSES[spec.loss]
    net, learnt = modules.build(spec)
    variant = variants.dense_loss(variants.get_variant(spec.loss, spec.convention))
    shapes = [p.shape for module in (net, learnt) for p in module.parameters()]
    names = [name for name, _ in net.named_parameters()]
    bounds = list(pairwise(accumulate((shape.numel() for shape in shapes), initial=0)))
    size = bounds[-1][1]
    moments = len(optimisers.MOMENT_NAMES[spec.optimiser])
    of_loss = slider_inputs(loss, learnt.theta)

    def value_of(parameters: list[Tensor], x: Tensor, y: Tensor, theta: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
        z = functional_call(net, dict(zip(names, parameters, strict=False)), (x,))
        weight, bias = (*parameters[len(names) :], None, None)[:2]
        labels = None if loss.views else y
        if variant is not None:
            value = variant(z=z, y=labels, weight=weight, bias=bias, **theta).to(z.dtype)
            return value, torch.full((), len(z), dtype=torch.int64)
        terms = loss.function(loss.contrast(z, labels, theta, weight, bias), **theta)
        return terms.mean(), terms.count.sum() // terms.multiplicity

    def step(vector: Tensor, done: Tensor, rate: Tensor, x: Tensor, y: Tensor, *values: Tensor) -> tuple[Tensor, ...]:
        weights = vector[:size]
        parameters = [
            weights[low:high].view(shape).detach().requires_grad_()
            for (low, high), shape in zip(bounds, shapes, strict=True)
        ]
        theta = {**learnt.theta, **dict(zip(of_loss, values, strict=True))}
        value, terms = value_of(parameters, x if loss.views else to_float(x), y, theta)
        # a variant may leave out what the loss learns, such as a bias
        slopes = torch.autograd.grad(value, parameters, materialize_grads=True)
        gradients = torch.cat([each.reshape(-1) for each in slopes])
        after = optimisers.update(spec.optimiser, weights, gradients, vector[size:], done, rate)
        return after, value.detach(), terms

    images = torch.tensor(data.x_train[:1])
    number = torch.zeros((), dtype=torch.float64)
    inputs = {
        "vector": torch.zeros(size * (1 + moments)),
        "step": number,
        "rate": number,
        "x": torch.zeros(spec.batch, *data.shape, dtype=torch.float32 if loss.views else images.dtype),
        "y": torch.zeros(spec.batch, dtype=torch.int64),
    }
    return step, inputs | of_loss
