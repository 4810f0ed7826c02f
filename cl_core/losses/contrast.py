"""A contrast is anchors, the others they are compared with, and who of them is a positive and who a negative.

Every loss sees only this. A mini-batch, a grid over the plane of (negative, positive) values and three points
on a canvas are all contrasts, so what is drawn is what is trained on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

METRICS = ("euclidean", "sqeuclidean", "cosine", "similarity", "dot")
EPSILON = 1e-12  # the shortest length an embedding is divided by


@dataclass(frozen=True, eq=False)
class Contrast:
    """Anchors against others, with who is a positive and who a negative; a pair may be neither.

    value: (A, N) distance or similarity of anchor a to other n, finite.
    positive, negative: (A, N) bool, nowhere both true.
    symmetric: every pair stands here twice, once from each end (a batch against itself).
    anchors, others: (A, D) and (N, D) embeddings as given, or None where there are only values.
    length: of the anchors where there are only values; others then have length 1.
    """

    value: Tensor
    positive: Tensor
    negative: Tensor
    symmetric: bool = False
    anchors: Tensor | None = None
    others: Tensor | None = None
    length: float = 1.0

    def __post_init__(self) -> None:
        if self.value.dim() != 2:
            raise ValueError(f"value must be a matrix (anchors, others), not {tuple(self.value.shape)}")
        for name in ("positive", "negative"):
            mask = getattr(self, name)
            if mask.dtype != torch.bool or mask.shape != self.value.shape:
                raise ValueError(f"{name} must be bool of shape {tuple(self.value.shape)}, as value is")

    @cached_property
    def n_positive(self) -> Tensor:
        """Positives of each anchor, (A,) int64."""
        return self.positive.sum(1, dtype=torch.int32).long()  # a tenth of the time of a sum in int64

    @cached_property
    def n_negative(self) -> Tensor:
        """Negatives of each anchor, (A,) int64."""
        return self.negative.sum(1, dtype=torch.int32).long()  # a tenth of the time of a sum in int64

    @cached_property
    def anchor_lengths(self) -> Tensor:
        """Lengths of the anchors, (A, 1)."""
        if self.anchors is None:
            return self.value.new_full((len(self.value), 1), self.length)
        return row_lengths(self.anchors)

    @cached_property
    def other_lengths(self) -> Tensor:
        """Lengths of the others, (1, N)."""
        if self.others is None:
            return self.value.new_ones((1, self.value.shape[1]))
        return row_lengths(self.others).T

    @classmethod
    def of_batch(cls, z: Tensor, y: Tensor, metric: str) -> Contrast:
        """Each of the B rows of `z` against all others: same label is a positive, another a negative.

        z: (B, D) floating, y: (B,) integers, metric: one of METRICS. Raises ValueError on anything else.
        """
        check_embeddings(z)
        positive, negative = label_masks(y, len(z))
        return cls(pairwise(z, z, metric), positive, negative, symmetric=True, anchors=z, others=z)

    @classmethod
    def of_views(cls, z: Tensor, metric: str) -> Contrast:
        """Rows i and i + N of the 2N rows of `z` are two views of one image, and each other's only positive.

        A single row has no second view and so no positive; any other odd number of rows is a ValueError.
        """
        check_embeddings(z)
        positive, negative = view_masks(len(z))
        return cls(pairwise(z, z, metric), positive, negative, symmetric=True, anchors=z, others=z)

    @classmethod
    def of_prototypes(cls, z: Tensor, y: Tensor, w: Tensor, metric: str, bias: Tensor | None = None) -> Contrast:
        """Each row of `z` against one prototype a class: its own is the positive, the others are negatives.

        z: (A, D), y: (A,) integers in 0..C-1, w: (C, D), bias: (C,), added to the values.
        """
        check_embeddings(z)
        check_embeddings(w, "prototypes")
        check_labels(y, len(z))
        if z.shape[1] != w.shape[1]:
            raise ValueError(f"embeddings have {z.shape[1]} dimensions but prototypes {w.shape[1]}")
        if int(y.min()) < 0 or int(y.max()) >= len(w):
            raise ValueError(f"labels must lie in 0..{len(w) - 1}, one for each prototype")
        positive = y[:, None] == torch.arange(len(w), device=y.device)  # (A, C)
        w = w.to(z.dtype)
        value = pairwise(z, w, metric)
        return cls(value if bias is None else value + bias.to(z.dtype), positive, ~positive, anchors=z, others=w)

    @classmethod
    def of_pairs(cls, x_p: Tensor, x_n: Tensor, length: float = 1.0) -> Contrast:
        """Each point is an anchor with one positive at `x_p` and one or K negatives at `x_n`.

        x_p: any shape, flattened to A anchors; x_n: the same shape, or (A, K). Values are taken as they are,
        so the metric is the caller's (see `from_similarity`); `length` is that of the anchors.
        """
        p = x_p.reshape(-1, 1)
        n = x_n.reshape(-1, 1) if x_n.shape == x_p.shape else x_n
        if n.dim() != 2 or len(n) != len(p):
            raise ValueError(f"x_n must have the shape of x_p, or ({len(p)}, K); it has {tuple(x_n.shape)}")
        value = torch.cat([p, n], 1)  # (A, 1 + K)
        positive = torch.zeros(value.shape, dtype=torch.bool)
        positive[:, 0] = True
        return cls(value, positive, ~positive, length=length)


@dataclass(frozen=True, eq=False)
class Terms:
    """What a loss says of each anchor: the summed value of its valid terms, and how many they are.

    total: (A,), count: (A,) int64. `each` is 2 where a term is an unordered pair and is seen from both ends.
    """

    total: Tensor
    count: Tensor
    multiplicity: int = 1

    @property
    def n_terms(self) -> int:
        """Number of valid terms, each counted once."""
        return int(self.count.sum()) // self.multiplicity

    def mean(self) -> Tensor:
        """Mean over all valid terms, a scalar; exactly 0 with a gradient of zeros if there is none."""
        n = int(self.count.sum())
        return (self.total.double().sum() * (1 / n if n else 0)).to(self.total.dtype)


def label_masks(y: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Masks (B, B) of positives and negatives of a labelled batch; nobody is its own positive."""
    check_labels(y, size)
    same = y[:, None] == y
    negative = ~same
    return same.fill_diagonal_(False), negative


def view_masks(size: int) -> tuple[Tensor, Tensor]:
    """Masks (B, B) of positives and negatives when rows i and i + B/2 are two views of one image."""
    if size > 1 and size % 2:
        raise ValueError(f"two views of each image make an even number of rows, not {size}")
    row = torch.arange(size)
    positive = torch.zeros(size, size, dtype=torch.bool)
    if size > 1:
        positive[row, (row + size // 2) % size] = True
    return positive, (~positive).fill_diagonal_(False)


def check_embeddings(z: Tensor, name: str = "embeddings") -> None:
    """Raise ValueError unless `z` is a finite floating matrix with at least one row and one column."""
    if not isinstance(z, Tensor) or z.dim() != 2 or not z.is_floating_point() or z.numel() == 0:
        seen = f"{tuple(z.shape)} {z.dtype}" if isinstance(z, Tensor) else type(z).__name__
        raise ValueError(f"{name} must be a floating matrix (rows, dimensions), not {seen}")
    if not math.isfinite(float(z.detach().sum())) and not torch.isfinite(z).all():  # the sum may overflow
        raise ValueError(f"{name} contain NaN or infinity")


def check_labels(y: Tensor, size: int) -> None:
    """Raise ValueError unless `y` holds one integer for each of `size` rows."""
    if not isinstance(y, Tensor) or y.shape != (size,):
        seen = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
        raise ValueError(f"labels must be a tensor of shape ({size},), one for each embedding, not {seen}")
    if y.is_floating_point() or y.is_complex():
        raise ValueError(f"labels must be integers, not {y.dtype}")


def row_lengths(z: Tensor) -> Tensor:
    """Return the Euclidean length of each row of `z` (B, D), as (B, 1)."""
    lengths: Tensor = torch.linalg.vector_norm(z, dim=1, keepdim=True)
    return lengths


def unit(z: Tensor) -> Tensor:
    """`z` (B, D) with rows of length 1; a row of zeros stays zero."""
    return z / row_lengths(z).clamp_min(EPSILON)


def pairwise(z: Tensor, w: Tensor, metric: str) -> Tensor:
    """Distance or similarity of each row of `z` (A, D) to each row of `w` (N, D), as (A, N).

    "euclidean" d, "sqeuclidean" d squared, "cosine" 1 - s, "similarity" s, "dot" the inner product. Both
    distances have derivative 0 at distance 0.
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
    """What unit vectors of cosine `s` measure in `metric`: d = sqrt(2 - 2s), and so on; any shape."""
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
    """Derivative of what unit vectors measure in `metric` by their cosine, at `value`; 0 for d at d = 0."""
    match metric:
        case "similarity" | "dot":
            return torch.ones_like(value)
        case "cosine":
            return -torch.ones_like(value)
        case "sqeuclidean":
            return torch.full_like(value, -2.0)
        case "euclidean":
            touching = value == 0
            return torch.where(touching, 0.0, -1 / torch.where(touching, 1.0, value))
    raise ValueError(f"metric must be one of {', '.join(METRICS)}, not {metric!r}")


class _Distance(torch.autograd.Function):
    """Euclidean distances through one matrix product, with the gradient in closed form."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, w: Tensor, squared: bool) -> Tensor:
        # Distances do not change with the origin, and with one of the points there a tight cloud keeps its digits.
        # (The mean would do so too, but points on a grid would leave it and their ties would break.)
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
        touching = d == 0  # the gradient of sqrt at 0 is infinite; here it is 0
        pull = grad.masked_fill(touching, 0) if ctx.squared else (grad / d).masked_fill_(touching, 0)
        # d(d_an) / d(z_a) = (z_a - w_n) / d_an, summed over n without a tensor of shape (A, N, D)
        grad_z = pull.sum(1)[:, None] * z - pull @ w
        grad_w = pull.sum(0)[:, None] * w - pull.T @ z
        return (2 * grad_z, 2 * grad_w, None) if ctx.squared else (grad_z, grad_w, None)


def _squared_distance(z: Tensor, w: Tensor) -> Tensor:
    """(A, N) squared distances; exactly 0 for equal rows."""
    r_z = z.square().sum(1)[:, None]
    r_w = r_z.T if w is z else w.square().sum(1)
    d2 = torch.addmm(r_w.expand(len(z), -1), z, w.T, alpha=-2).add_(r_z).clamp_(min=0)
    if w is z:
        d2.fill_diagonal_(0)
    # Of two near points the product form keeps only rounding, so those few are measured by their difference.
    close = d2 < (r_z.max() + r_w.max()) * (1e-5 if z.dtype == torch.float32 else 1e-12)
    if w is z:
        close.fill_diagonal_(False)
    a, n = close.nonzero(as_tuple=True)
    if 32 * len(a) > d2.numel():  # not few
        return torch.cdist(z, w, compute_mode="donot_use_mm_for_euclid_dist").square_()
    d2[a, n] = (z[a] - w[n]).square().sum(1)
    return d2
