"""Distances and similarities of embeddings, with gradients that stay finite for points that coincide."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from cl_core.losses.execution import has_fast_form, has_values, is_autocast_enabled, without_autocast

METRICS = ("euclidean", "sqeuclidean", "cosine", "similarity", "dot")
EPSILON = 1e-12  # smallest length that an embedding is divided by, so that a row of zeros does not become NaN


class OutOfRangeError(ValueError):
    """Distances, inner products or the loss of finite embeddings are beyond the range of their floating type."""

    def __init__(self, what: str, remedy: str, dtype: torch.dtype) -> None:
        wider = "" if dtype == torch.float64 else ", or use float64"
        super().__init__(f"{what} is beyond the range of {dtype}: {remedy}{wider}")


def row_lengths(z: Tensor) -> Tensor:
    """Return the Euclidean length of each row of `z` (B, D), as (B, 1); squares of large numbers do not overflow."""
    _, lengths, factor = _lengths(z)
    return lengths * factor


def unit(z: Tensor) -> Tensor:
    """Scale the rows of `z` (B, D) to length 1; a row of zeros stays zero."""
    z, lengths, _ = _lengths(z)
    return z / lengths.clamp_min(EPSILON)


def _lengths(z: Tensor) -> tuple[Tensor, Tensor, Tensor | int]:
    """Divide rows whose squares could overflow by their largest entry; return rows, their lengths, and the divisors."""
    lengths: Tensor = torch.linalg.vector_norm(z, dim=1, keepdim=True)
    if has_values(z) and math.isfinite(lengths.detach().sum()):
        return z, lengths, 1
    largest = z.detach().abs().amax(1, keepdim=True)
    factor = largest.where(largest > torch.finfo(z.dtype).max ** 0.4, 1)
    z = z / factor
    return z, torch.linalg.vector_norm(z, dim=1, keepdim=True), factor


def pairwise(z: Tensor, w: Tensor, metric: str) -> Tensor:
    """Compute the distance or similarity of each row of `z` to each row of `w`.

    Args:
        z: (A, D) embeddings.
        w: (N, D) embeddings; the same tensor as `z` for a batch compared with itself.
        metric: "euclidean" for the distance d, "sqeuclidean" for d squared, "cosine" for 1 - s, "similarity" for the
            cosine s, "dot" for the inner product.

    Returns:
        (A, N) values. Both distances have derivative 0 at distance 0.

    Raises:
        ValueError: when `metric` is not one of METRICS.
        OutOfRangeError: when a value is too large for the type of `z`.
    """
    match metric:
        case "dot":
            products = _inner_products(z, w)
            if has_values(products):
                _check_range(products, _norm(z) * _norm(w))
            return products
        case "similarity" | "cosine":
            u = unit(z)
            s = _inner_products(u, u if w is z else unit(w))
            return s if metric == "similarity" else (1 - s).clamp_min(0)
        case "euclidean" | "sqeuclidean":
            function = _FastDistance if has_fast_form(z) else _DenseDistance
            with without_autocast(z.device):
                distance: Tensor = function.apply(z, None if w is z else w, metric == "sqeuclidean")  # type: ignore[no-untyped-call]
            return distance
    raise ValueError(f"metric must be one of {', '.join(METRICS)}, not {metric!r}")


def _check_range(value: Tensor, bound: float) -> None:
    """Raise OutOfRangeError if a value has overflowed, which is looked at only where their bound does."""
    if not bound < torch.finfo(value.dtype).max and not bool(torch.isfinite(value.detach()).all()):
        what = "a distance or inner product of these embeddings"
        raise OutOfRangeError(what, "scale them down", value.dtype)


def _norm(z: Tensor) -> float:
    """Return the square root of the sum of all squares, in the range of Python's floats if not in that of the type."""
    return float(torch.linalg.vector_norm(z.detach()))


def from_similarity(s: Tensor, metric: str) -> Tensor:
    """Convert cosines of unit vectors to the values of a metric, for example d = sqrt(2 - 2s).

    Args:
        s: Cosines, any shape.
        metric: One of METRICS.

    Returns:
        Values of the metric, of the shape of `s`.

    Raises:
        ValueError: when `metric` is not one of METRICS.
    """
    match metric:
        case "similarity" | "dot":
            return s
        case "cosine":
            return 1 - s
        case "sqeuclidean":
            return 2 - 2 * s
        case "euclidean":
            return (2 - 2 * s).clamp_min(0).sqrt()
    raise ValueError(f"metric must be one of {', '.join(METRICS)}, not {metric!r}")


def slope_in_similarity(value: Tensor, metric: str) -> Tensor:
    """Compute the derivative of a metric of unit vectors with respect to their cosine.

    Args:
        value: Values of the metric, any shape.
        metric: One of METRICS.

    Returns:
        Derivatives at `value`, of its shape; 0 for the Euclidean distance at 0.

    Raises:
        ValueError: when `metric` is not one of METRICS.
    """
    match metric:
        case "similarity" | "dot":
            return torch.ones_like(value)
        case "cosine":
            return -torch.ones_like(value)
        case "sqeuclidean":
            return torch.full_like(value, -2.0)
        case "euclidean":
            coincident = value == 0
            return torch.where(coincident, 0.0, -1 / torch.where(coincident, 1.0, value))
    raise ValueError(f"metric must be one of {', '.join(METRICS)}, not {metric!r}")


class _InnerProducts(torch.autograd.Function):
    """z w^T whose gradient, too, keeps the precision of the inputs if backward runs under autocast."""

    generate_vmap_rule = True

    @staticmethod
    def forward(z: Tensor, w: Tensor) -> Tensor:
        return z @ w.T

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:  # noqa: ARG004
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        z, w = ctx.saved_tensors
        with without_autocast(z.device):
            return grad @ w, grad.T @ z


def _inner_products(z: Tensor, w: Tensor) -> Tensor:
    if not is_autocast_enabled(z.device):
        return z @ w.T
    with without_autocast(z.device):
        products: Tensor = _InnerProducts.apply(z, w)  # type: ignore[no-untyped-call]
    return products


class _DenseDistance(torch.autograd.Function):
    """Euclidean distances with an analytic gradient, which can be differentiated again and transformed."""

    generate_vmap_rule = True

    @staticmethod
    def forward(z: Tensor, w: Tensor | None, squared: bool) -> Tensor:
        d = torch.cdist(z, z if w is None else w, compute_mode="donot_use_mm_for_euclid_dist")
        d = d.square() if squared else d
        if has_values(d):
            _check_range(d, math.inf)
        return d

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor | None, bool], output: Tensor) -> None:
        ctx.save_for_backward(*inputs[:2], output)
        ctx.squared = inputs[2]

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor | None, None]:
        z, w, d = ctx.saved_tensors
        origin = _origin(z)
        z = z - origin
        w = None if w is None else w - origin
        coincident = d == 0  # the gradient of sqrt at 0 is infinite; 0 is used instead
        factor = grad.masked_fill(coincident, 0) if ctx.squared else grad / d.masked_fill(coincident, torch.inf)
        scale = 2 if ctx.squared else 1
        with without_autocast(z.device):
            # d(d_an) / d(z_a) = (z_a - w_n) / d_an, summed over n without a tensor of shape (A, N, D)
            if w is None:
                sums = factor.sum(1) + factor.sum(0)
                return scale * (sums[:, None] * z - factor @ z - factor.T @ z), None, None
            grad_z = factor.sum(1)[:, None] * z - factor @ w
            grad_w = factor.sum(0)[:, None] * w - factor.T @ z
            return scale * grad_z, scale * grad_w, None


class _FastDistance(torch.autograd.Function):
    """The same by matrix products; without transforms, whose `setup_context` alone takes 60 microseconds."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, w: Tensor | None, squared: bool) -> Tensor:
        origin = _origin(z)
        centred = z - origin
        d2 = _squared_distance(centred, centred if w is None else w - origin)
        d = d2 if squared else d2.sqrt_()
        _DenseDistance.setup_context(ctx, (z, w, squared), d)
        return d

    backward = staticmethod(_DenseDistance.backward)


def _origin(z: Tensor) -> Tensor:
    """Return one of the points. Distances do not depend on the origin; with one of them a tight cloud keeps its digits.

    The mean would do too, but it would move points on a grid off the grid and break their ties.
    """
    return z[0].detach()


def _squared_distance(z: Tensor, w: Tensor) -> Tensor:
    """Return squared distances (A, N); exactly 0 for equal rows."""
    r_z = z.square().sum(1)[:, None]
    r_w = r_z.T if w is z else w.square().sum(1)
    d2 = torch.addmm(r_w.expand(len(z), -1), z, w.T, alpha=-2).add_(r_z).clamp_(min=0)
    if w is z:
        d2.fill_diagonal_(0)
    largest = 2 * r_z.max() if w is z else r_z.max() + r_w.max()
    _check_range(d2, 2 * float(largest))
    # For two close points the product form leaves only rounding errors; these few are computed from differences.
    close = d2 < largest * (1e-5 if z.dtype == torch.float32 else 1e-12)
    if w is z:
        close.fill_diagonal_(False)
    a, n = close.nonzero(as_tuple=True)
    if 32 * len(a) > d2.numel():  # too many to index one by one
        return torch.cdist(z, w, compute_mode="donot_use_mm_for_euclid_dist").square_()
    d2[a, n] = (z[a] - w[n]).square().sum(1)
    return d2
