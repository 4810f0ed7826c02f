"""A Contrast: anchors, the items they are compared with, and masks of positive and negative pairs.

A loss sees nothing else. A mini-batch, a grid over the plane of (negative, positive) values and three points that are
placed by hand are all contrasts, so the value that is drawn is the value that is trained on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from cl_core.losses.distances import pairwise, row_lengths


@dataclass(frozen=True, eq=False)
class Contrast:
    """Anchors compared with other items; each pair is a positive, a negative or neither.

    Attributes:
        value: (A, N) distance or similarity of anchor a to item n, finite.
        positive: (A, N) bool, true for positive pairs.
        negative: (A, N) bool, true for negative pairs; no pair is both.
        symmetric: Whether every pair is stored twice, once from each end (a batch compared with itself).
        anchors: (A, D) embeddings as given, or None if there are only values.
        others: (N, D) embeddings of the items as given, or None if there are only values.
        length: Length of the anchors if there are only values; the other items then have length 1.

    Raises:
        ValueError: when `value` is not a matrix, or a mask is not bool or not of its shape.
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
        """Number of positives of each anchor, (A,) int64."""
        return self.positive.sum(1, dtype=torch.int32).long()  # a sum in int64 takes ten times as long

    @cached_property
    def n_negative(self) -> Tensor:
        """Number of negatives of each anchor, (A,) int64."""
        return self.negative.sum(1, dtype=torch.int32).long()  # a sum in int64 takes ten times as long

    @cached_property
    def anchor_lengths(self) -> Tensor:
        """Euclidean lengths of the anchors, (A, 1)."""
        if self.anchors is None:
            return self.value.new_full((len(self.value), 1), self.length)
        return row_lengths(self.anchors)

    @cached_property
    def other_lengths(self) -> Tensor:
        """Euclidean lengths of the other items, (1, N)."""
        if self.others is None:
            return self.value.new_ones((1, self.value.shape[1]))
        return row_lengths(self.others).T

    @classmethod
    def of_batch(cls, z: Tensor, y: Tensor, metric: str) -> Contrast:
        """Compare each row of a labelled batch with all other rows.

        Rows of the same label are positives, rows of another label are negatives.

        Args:
            z: (B, D) floating embeddings.
            y: (B,) integer labels.
            metric: One of METRICS.

        Returns:
            A symmetric Contrast with B anchors and B items.

        Raises:
            ValueError: when the embeddings are not a finite floating matrix, the labels do not fit them, or the metric
                is unknown.
        """
        check_embeddings(z)
        positive, negative = label_masks(y, len(z))
        return cls(pairwise(z, z, metric), positive, negative, symmetric=True, anchors=z, others=z)

    @classmethod
    def of_views(cls, z: Tensor, metric: str) -> Contrast:
        """Compare each row of a batch of two views with all other rows.

        Rows i and i + N are two views of one image, and the only positives of each other. A single row has no second
        view and therefore no positive.

        Args:
            z: (2N, D) floating embeddings, or a single row.
            metric: One of METRICS.

        Returns:
            A symmetric Contrast with 2N anchors and 2N items.

        Raises:
            ValueError: when the number of rows is odd and greater than 1, the embeddings are not a finite floating
                matrix, or the metric is unknown.
        """
        check_embeddings(z)
        positive, negative = view_masks(len(z))
        return cls(pairwise(z, z, metric), positive, negative, symmetric=True, anchors=z, others=z)

    @classmethod
    def of_prototypes(cls, z: Tensor, y: Tensor, w: Tensor, metric: str, bias: Tensor | None = None) -> Contrast:
        """Compare each row of `z` with one prototype per class.

        The prototype of the row's own class is its positive, the others are its negatives.

        Args:
            z: (A, D) floating embeddings.
            y: (A,) integer labels in 0..C-1.
            w: (C, D) prototypes, converted to the type of `z`.
            metric: One of METRICS.
            bias: (C,) numbers added to the values, or None.

        Returns:
            A Contrast with A anchors and C items.

        Raises:
            ValueError: when embeddings or prototypes are not finite floating matrices of one width, the labels do not
                fit them, or the metric is unknown.
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
        """Build a Contrast from values: each anchor has one positive and one or more negatives.

        The values are used as they are, so the caller chooses the metric (see `distances.from_similarity`).

        Args:
            x_p: Values of the positives, any shape; flattened to A anchors.
            x_n: Values of the negatives, of the shape of `x_p`, or (A, K) for K negatives per anchor.
            length: Length of the anchors, for losses that depend on it.

        Returns:
            A Contrast with A anchors and 1 + K items, the positive in column 0.

        Raises:
            ValueError: when the shape of `x_n` does not fit that of `x_p`.
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
    """The value of a loss for each anchor: the sum of its valid terms, and their number.

    Attributes:
        total: (A,) sum of the valid terms of each anchor.
        count: (A,) int64, number of valid terms of each anchor.
        multiplicity: How often each term is counted: 2 if terms are unordered pairs seen from both ends.
    """

    total: Tensor
    count: Tensor
    multiplicity: int = 1

    @property
    def n_terms(self) -> int:
        """Number of valid terms, each counted once."""
        return int(self.count.sum()) // self.multiplicity

    def mean(self) -> Tensor:
        """Return the mean over all valid terms, a scalar; exactly 0 with a gradient of zeros if there are none."""
        n = int(self.count.sum())
        return (self.total.double().sum() * (1 / n if n else 0)).to(self.total.dtype)


def label_masks(y: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Return the masks of positives and negatives of a labelled batch; no row is its own positive.

    Args:
        y: (B,) integer labels.
        size: The number of rows B.

    Returns:
        Masks of positives and of negatives, both (B, B) bool.

    Raises:
        ValueError: when `y` does not hold one integer for each row.
    """
    check_labels(y, size)
    same = y[:, None] == y
    negative = ~same
    return same.fill_diagonal_(False), negative


def view_masks(size: int) -> tuple[Tensor, Tensor]:
    """Return the masks of positives and negatives of a batch whose rows i and i + B/2 are two views of one image.

    Args:
        size: The number of rows B, even or 1.

    Returns:
        Masks of positives and of negatives, both (B, B) bool.

    Raises:
        ValueError: when `size` is odd and greater than 1.
    """
    if size > 1 and size % 2:
        raise ValueError(f"two views of each image make an even number of rows, not {size}")
    row = torch.arange(size)
    positive = torch.zeros(size, size, dtype=torch.bool)
    if size > 1:
        positive[row, (row + size // 2) % size] = True
    return positive, (~positive).fill_diagonal_(False)


def check_embeddings(z: Tensor, name: str = "embeddings") -> None:
    """Check that `z` is a finite floating matrix with at least one row and one column.

    Args:
        z: The tensor to check.
        name: What the error message calls it.

    Raises:
        ValueError: when it is anything else.
    """
    if not isinstance(z, Tensor) or z.dim() != 2 or not z.is_floating_point() or z.numel() == 0:
        actual = f"{tuple(z.shape)} {z.dtype}" if isinstance(z, Tensor) else type(z).__name__
        raise ValueError(f"{name} must be a floating matrix (rows, dimensions), not {actual}")
    # the sum is cheaper to check, but it may overflow although all entries are finite
    if not math.isfinite(float(z.detach().sum())) and not torch.isfinite(z).all():
        raise ValueError(f"{name} contain NaN or infinity")


def check_labels(y: Tensor, size: int) -> None:
    """Check that `y` holds one integer for each of `size` rows.

    Args:
        y: The tensor to check.
        size: The number of rows.

    Raises:
        ValueError: when it is no tensor of shape (size,), or its type is not an integer type.
    """
    if not isinstance(y, Tensor) or y.shape != (size,):
        actual = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
        raise ValueError(f"labels must be a tensor of shape ({size},), one for each embedding, not {actual}")
    if y.is_floating_point() or y.is_complex():
        raise ValueError(f"labels must be integers, not {y.dtype}")
