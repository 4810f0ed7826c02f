"""Programs of training: one frame of a run, which is what a picture shows of it at one step."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.func import functional_call

from cl_core.analysis.dense_metrics import measure
from cl_core.data import datasets
from cl_core.programs.compiler import compile_function
from cl_core.programs.program import Program
from cl_core.training import RunSpec, modules
from cl_core.training.batches import to_float

AXES = 2
SQUARINGS, ITERATIONS = 2, 12  # of the power method: in all 2^2 * 12 multiplications by the covariance
TINY = 1e-30  # in place of a variance of 0, of embeddings that have collapsed


def frame_program(spec: RunSpec, n: int) -> Program:
    """Compile what is drawn and measured of a run at one step.

    Its inputs are the `weights` of the network, `x` (n probe images as the data set has them), `y` (labels) and,
    with more than two dimensions, `axes` (D, 2), those of the frame before (see `first_axes`). Its outputs are the
    `points` (n, 2) that are drawn, the `axes`, the `shares` of the variance along each, and the `metrics` (10,), in the
    order of the fields of `Metrics`.

    Args:
        spec: the run. Only data set, encoder, dimensions and unit length matter.
        n: number of probe images.

    Returns:
        The program.
    """
    data = datasets.load(spec.dataset)
    rows = datasets.probe_indices(data, n)
    net = modules.build(spec)[0]
    shapes = {name: p.shape for name, p in net.named_parameters()}

    def frame(weights: Tensor, x: Tensor, y: Tensor, *before: Tensor) -> tuple[Tensor, ...]:
        parameters, start = {}, 0
        for name, shape in shapes.items():
            parameters[name] = weights[start : start + shape.numel()].view(shape)
            start += shape.numel()
        z = functional_call(net, parameters, (to_float(x),))
        centred = z.double() - z.double().mean(dim=0)
        if not before:
            variances = (centred * centred).mean(dim=0)
            return z, variances / variances.sum().clamp_min(TINY), measure(z, y, data.n_classes, z)
        covariance = centred.T @ centred / n
        axes = aligned_axes(covariance, before[0])
        shares = (axes * (covariance @ axes)).sum(dim=0) / covariance.diagonal().sum().clamp_min(TINY)
        points = (centred @ axes).float()
        return points, shares, measure(z, y, data.n_classes, points), axes

    inputs = {
        "weights": torch.zeros(sum(shape.numel() for shape in shapes.values())),
        "x": torch.tensor(data.x_test[rows]),
        "y": torch.tensor(data.y_test[rows]),
    }
    outputs = ("points", "shares", "metrics")
    if spec.dim == AXES:
        return compile_function(frame, inputs, outputs)
    return compile_function(frame, inputs | {"axes": first_axes(spec.dim)}, (*outputs, "axes"))


def first_axes(dim: int) -> Tensor:
    """Return the axes that a run's first frame starts from: (dim, 2) float64, arbitrary and the same for every run."""
    angles = torch.arange(dim, dtype=torch.float64)[:, None] * torch.tensor([[1.0, math.sqrt(2)]], dtype=torch.float64)
    return angles.cos()


def aligned_axes(covariance: Tensor, before: Tensor) -> Tensor:
    """Return the two axes of largest variance, turned as little as possible from those of the frame before.

    The power method starts at the axes of the frame before, so that where two components change places the picture
    turns within a few frames. The axes are then rotated within their plane towards the earlier ones (orthogonal
    Procrustes, which for two axes has a closed form).

    Args:
        covariance: (D, D) float64.
        before: (D, 2) float64.

    Returns:
        (D, 2) float64, orthonormal unless the variance is 0.
    """
    power = covariance / covariance.diagonal().sum().clamp_min(TINY)
    for _ in range(SQUARINGS):
        power = power @ power
        power = power / power.diagonal().sum().clamp_min(TINY)
    axes = before
    for _ in range(ITERATIONS):
        first, second = (power @ axes).unbind(dim=1)
        first = _unit(first)
        for _ in range(2):  # the first time leaves rounding where the second axis is nearly the first
            second = _unit(second - first * (first * second).sum())
        axes = torch.stack([first, second], dim=1)
    (a, b), (c, d) = (row.unbind() for row in (axes.T @ before).unbind())
    turns = a * d - b * c >= 0  # else the nearest orthogonal matrix is a reflection
    sign = torch.where(turns, 1.0, -1.0)
    cosine, sine = a + sign * d, c - sign * b
    length = (cosine * cosine + sine * sine).sqrt().clamp_min(TINY)
    cosine, sine = cosine / length, sine / length
    return torch.stack([first * cosine + second * sine, sign * (second * cosine - first * sine)], dim=1)


def _unit(x: Tensor) -> Tensor:
    return x / (x * x).sum().sqrt().clamp_min(TINY)
