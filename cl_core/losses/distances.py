"""Distances and similarities of embeddings, with gradients that stay finite for points that coincide."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

METRICS = ("euclidean", "sqeuclidean", "cosine", "similarity", "dot")
EPSILON = 1e-12  # smallest length that an embedding is divided by, so that a row of zeros does not become NaN


def row_lengths(z: Tensor) -> Tensor:
    """Return the Euclidean length of each row of `z` (B, D), as (B, 1)."""
    lengths: Tensor = torch.linalg.vector_norm(z, dim=1, keepdim=True)
    return lengths


def unit(z: Tensor) -> Tensor:
    """Scale the rows of `z` (B, D) to length 1; a row of zeros stays zero."""
    return z / row_lengths(z).clamp_min(EPSILON)


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
    """
    match metric:
        case "dot":
            return z @ w.T
        case "similarity" | "cosine":
            u = unit(z)
            s = u @ (u if w is z else unit(w)).T
            return s if metric == "similarity" else (1 - s).clamp_min(0)
        case "euclidean" | "sqeuclidean":
            distance: Tensor = _Distance.apply(z, w, metric == "sqeuclidean")  # type: ignore[no-untyped-call]
            return distance
    raise ValueError(f"metric must be one of {', '.join(METRICS)}, not {metric!r}")


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


class _Distance(torch.autograd.Function):
    """Euclidean distances by one matrix product, with an analytic gradient."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, w: Tensor, squared: bool) -> Tensor:
        # Distances do not depend on the origin. With one of the points as origin, a tight cloud keeps its digits.
        # (The mean would do too, but it would move points on a grid off the grid and break their ties.)
        same, origin = w is z, z[0].clone()
        z = z - origin
        w = z if same else w - origin
        d = _squared_distance(z, w)
        if not squared:
            d.sqrt_()
        ctx.squared = squared
        ctx.save_for_backward(z, w, d)
        return d

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        z, w, d = ctx.saved_tensors
        coincident = d == 0  # the gradient of sqrt at 0 is infinite; 0 is used instead
        factor = grad.masked_fill(coincident, 0) if ctx.squared else (grad / d).masked_fill_(coincident, 0)
        # d(d_an) / d(z_a) = (z_a - w_n) / d_an, summed over n without a tensor of shape (A, N, D)
        grad_z = factor.sum(1)[:, None] * z - factor @ w
        grad_w = factor.sum(0)[:, None] * w - factor.T @ z
        return (2 * grad_z, 2 * grad_w, None) if ctx.squared else (grad_z, grad_w, None)


def _squared_distance(z: Tensor, w: Tensor) -> Tensor:
    """Return squared distances (A, N); exactly 0 for equal rows."""
    r_z = z.square().sum(1)[:, None]
    r_w = r_z.T if w is z else w.square().sum(1)
    d2 = torch.addmm(r_w.expand(len(z), -1), z, w.T, alpha=-2).add_(r_z).clamp_(min=0)
    if w is z:
        d2.fill_diagonal_(0)
    # For two close points the product form leaves only rounding errors; these few are computed from differences.
    close = d2 < (r_z.max() + r_w.max()) * (1e-5 if z.dtype == torch.float32 else 1e-12)
    if w is z:
        close.fill_diagonal_(False)
    a, n = close.nonzero(as_tuple=True)
    if 32 * len(a) > d2.numel():  # too many to index one by one
        return torch.cdist(z, w, compute_mode="donot_use_mm_for_euclid_dist").square_()
    d2[a, n] = (z[a] - w[n]).square().sum(1)
    return d2
