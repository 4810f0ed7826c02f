"""Programs of training: one frame of a run, which is what a picture shows of it at one step, and its embedding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor
from torch.func import functional_call

from cl_core.analysis.dense_metrics import measure
from cl_core.analysis.metrics import vote
from cl_core.data import datasets
from cl_core.programs.compiler import compile_function
from cl_core.programs.program import Program
from cl_core.training import RunSpec, modules
from cl_core.training.batches import to_float

SQUARINGS, ITERATIONS = 2, 12  # of the power method: in all 2^2 * 12 multiplications by the covariance
TINY = 1e-30  # in place of a variance of 0, of embeddings that have collapsed
POLAR_ITERATIONS = 10  # of Newton's method; a next frame needs 4, a matrix whose square is 0 needs 9
NEARLY_SINGULAR = 1e-12  # is added to the diagonal of a matrix of norm 1, so that its nearest rotation is defined


class Picture(NamedTuple):
    """What a frame draws with some number of axes, as names of inputs and outputs.

    Attributes:
        k: number of axes.
        points: output, (n, k).
        shares: output, (k,), of the variance along each axis.
        axes: input and output, (D, k); only where the embedding has more dimensions than are drawn.
    """

    k: int
    points: str
    shares: str
    axes: str


PICTURES = Picture(2, "points", "shares", "axes"), Picture(3, "solid", "solid_shares", "solid_axes")


def frame_program(spec: RunSpec, n: int) -> Program:
    """Compile what is drawn and measured of a run at one step.

    Its inputs are the `weights` of the network, `x` (n probe images as the data set has them) and `y` (labels). Its
    outputs are the embedding `z` (n, D), the `points` (n, 2) that are drawn, the `shares` of the variance along each
    axis, and the `metrics` (10,), in the order of the fields of `Metrics`. With three dimensions or more it also draws
    in space: outputs `solid` (n, 3) and `solid_shares`.

    An embedding of two dimensions is its own `points`, one of three its own `solid`. Of more dimensions than are drawn
    the axes are inputs, as they were in the frame before (see `first_axes`), and outputs: `axes` (D, 2) for the plane,
    `solid_axes` (D, 3) for space; then there is also the `mean` (D,) of the embedding, which the points are taken from.

    Args:
        spec: the run. Only data set, encoder, dimensions and unit length matter.
        n: number of probe images.

    Returns:
        The program.
    """
    inputs, embed = _probes_and_network(spec, n)
    classes = datasets.load(spec.dataset).n_classes
    before = first_axes(spec.dim)
    outputs: list[str] = []

    def frame(weights: Tensor, x: Tensor, y: Tensor, *axes_before: Tensor) -> list[Tensor]:
        z = embed(weights, x)
        drawn = _drawn(z, dict(zip(before, axes_before, strict=True)))
        found = {"z": z, **drawn, "metrics": measure(z, y, classes, drawn["points"])}
        outputs[:] = found
        return list(found.values())

    return compile_function(frame, inputs | before, outputs)


def embedding_program(spec: RunSpec, n: int) -> Program:
    """Compile the embedding of the probe images of a frame, and its kNN accuracy.

    Its inputs are `weights`, `x` and `y`, those of `frame_program`. Its outputs are `z` (n, D) float32 and `knn`, as in
    the metrics of a frame.

    Args:
        spec: the run. Only data set, encoder, dimensions and unit length matter.
        n: number of probe images.

    Returns:
        The program.
    """
    inputs, embed = _probes_and_network(spec, n)
    classes = datasets.load(spec.dataset).n_classes

    def embedding(weights: Tensor, x: Tensor, y: Tensor) -> list[Tensor]:
        z = embed(weights, x)
        return [z, vote(z, y, classes)[0].double()]

    return compile_function(embedding, inputs, ("z", "knn"))


def _probes_and_network(spec: RunSpec, n: int) -> tuple[dict[str, Tensor], Callable[[Tensor, Tensor], Tensor]]:
    """Return the inputs `weights`, `x` and `y`, and the function of the first two that embeds."""
    data = datasets.load(spec.dataset)
    rows = datasets.probe_indices(data, n)
    net = modules.build(spec)[0]
    shapes = {name: p.shape for name, p in net.named_parameters()}

    def embed(weights: Tensor, x: Tensor) -> Tensor:
        parameters, start = {}, 0
        for name, shape in shapes.items():
            parameters[name] = weights[start : start + shape.numel()].view(shape)
            start += shape.numel()
        return cast("Tensor", functional_call(net, parameters, (to_float(x),)))

    inputs = {
        "weights": torch.zeros(sum(shape.numel() for shape in shapes.values())),
        "x": torch.tensor(data.x_test[rows]),
        "y": torch.tensor(data.y_test[rows]),
    }
    return inputs, embed


def _drawn(z: Tensor, before: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the outputs of a frame that concern its pictures, by name; `before` has the axes of the frame before."""
    mean = z.double().mean(dim=0)
    centred = z.double() - mean
    found = {"mean": mean.float()} if before else {}
    for picture in PICTURES:
        if picture.axes in before:
            covariance = centred.T @ centred / len(z)
            axes = aligned_axes(covariance, before[picture.axes])
            shares = (axes * (covariance @ axes)).sum(dim=0) / covariance.diagonal().sum().clamp_min(TINY)
            found |= {picture.points: (centred @ axes).float(), picture.axes: axes, picture.shares: shares}
        elif picture.k == z.shape[1]:
            variances = (centred * centred).mean(dim=0)
            found |= {picture.points: z, picture.shares: variances / variances.sum().clamp_min(TINY)}
    return found


def first_axes(dim: int) -> dict[str, Tensor]:
    """Return the axes that a run's first frame starts from: arbitrary ones, the same for every run.

    Args:
        dim: dimensions of the embedding.

    Returns:
        Name of each input of `frame_program` for axes -> (dim, k) float64.
    """
    places = torch.arange(dim, dtype=torch.float64)[:, None]
    frequencies = {each: torch.arange(1, each.k + 1, dtype=torch.float64).sqrt() for each in PICTURES if dim > each.k}
    return {each.axes: (places * frequency).cos() for each, frequency in frequencies.items()}


def aligned_axes(covariance: Tensor, before: Tensor) -> Tensor:
    """Return the axes of largest variance, turned as little as possible from those of the frame before.

    The power method starts at the axes of the frame before, so that where two components change places the picture
    turns within a few frames. The axes are then rotated within their subspace towards the earlier ones (orthogonal
    Procrustes).

    Args:
        covariance: (D, D) float64.
        before: (D, k) float64, k = 2 or 3.

    Returns:
        (D, k) float64, orthonormal unless the variance is 0.
    """
    power = covariance / covariance.diagonal().sum().clamp_min(TINY)
    for _ in range(SQUARINGS):
        power = power @ power
        power = power / power.diagonal().sum().clamp_min(TINY)
    axes = before
    for _ in range(ITERATIONS):
        axes = torch.stack(_orthonormal((power @ axes).unbind(dim=1)), dim=1)
    if before.shape[1] == 3:
        return axes @ nearest_rotation(axes.T @ before)
    first, second = axes.unbind(dim=1)
    (a, b), (c, d) = (row.unbind() for row in (axes.T @ before).unbind())
    turns = a * d - b * c >= 0  # else the nearest orthogonal matrix is a reflection
    sign = torch.where(turns, 1.0, -1.0)
    cosine, sine = a + sign * d, c - sign * b
    length = (cosine * cosine + sine * sine).sqrt().clamp_min(TINY)
    cosine, sine = cosine / length, sine / length
    return torch.stack([first * cosine + second * sine, sign * (second * cosine - first * sine)], dim=1)


def _orthonormal(columns: Sequence[Tensor]) -> list[Tensor]:
    axes = [_unit(columns[0])]
    for column in columns[1:]:
        for _ in range(2):  # the first time leaves rounding where an axis is nearly a sum of earlier ones
            for axis in axes:
                column = column - axis * (axis * column).sum()
            column = _unit(column)
        axes.append(column)
    return axes


def nearest_rotation(matrix: Tensor) -> Tensor:
    """Return the orthogonal matrix, a rotation or a reflection, that is nearest to a matrix.

    It is the polar factor, found by Newton's method with each step scaled by the determinant (Higham 1986, "Computing
    the polar decomposition").

    Args:
        matrix: (3, 3) float64; where it is singular, one of several nearest matrices is returned.

    Returns:
        (3, 3) float64.
    """
    nearest: Tensor = matrix / torch.linalg.vector_norm(matrix).clamp_min(TINY)
    nearest = nearest + NEARLY_SINGULAR * torch.eye(3, dtype=matrix.dtype)
    for _ in range(POLAR_ITERATIONS):
        around = torch.cat([nearest, nearest])
        around = torch.cat([around, around], dim=1)  # so that neighbours of the last row and column are the first ones
        cofactors = around[1:4, 1:4] * around[2:5, 2:5] - around[1:4, 2:5] * around[2:5, 1:4]
        determinant = (nearest[0] * cofactors[0]).sum()
        determinant = torch.where(determinant < 0, -1.0, 1.0) * determinant.abs().clamp_min(TINY**2)
        scale = (determinant.abs().log() / -3).exp()
        nearest = (nearest * scale + cofactors / (determinant * scale)) / 2
    return nearest


def _unit(x: Tensor) -> Tensor:
    return x / (x * x).sum().sqrt().clamp_min(TINY)
