"""A Contrast: anchors, the items they are compared with, and masks of positive and negative pairs.

A loss sees nothing else. A mini-batch, a grid over the plane of (negative, positive) values and three points that are
placed by hand are all contrasts, so the value that is drawn is the value that is trained on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from cl_core.losses.distances import pairwise, row_lengths
from cl_core.losses.execution import accumulation_dtype, at_least_float32, has_values, is_finite


@dataclass(frozen=True, eq=False)
class Contrast:
    """Anchors compared with other items; each pair is a positive, a negative or neither.

    Attributes:
        value: (A, N) distance or similarity of anchor a to item n, finite; float16 and bfloat16 become float32.
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
    length: float | Tensor = 1.0

    def __post_init__(self) -> None:
        if self.value.dim() != 2:
            raise ValueError(f"value must be a matrix (anchors, others), not {tuple(self.value.shape)}")
        object.__setattr__(self, "value", at_least_float32(self.value))
        for name in ("positive", "negative"):
            mask = getattr(self, name)
            if mask.dtype != torch.bool or mask.shape != self.value.shape:
                raise ValueError(f"{name} must be bool of shape {tuple(self.value.shape)}, as value is")

    @property
    def n_positive(self) -> Tensor:
        """Number of positives of each anchor, (A,) int64."""
        return self.positive.sum(1, dtype=torch.int32).long()  # a sum in int64 takes ten times as long

    @property
    def n_negative(self) -> Tensor:
        """Number of negatives of each anchor, (A,) int64."""
        return self.negative.sum(1, dtype=torch.int32).long()  # a sum in int64 takes ten times as long

    @property
    def has_positive(self) -> Tensor:
        """Whether each anchor has a positive, (A,) bool."""
        return _any_in_row(self.positive)

    @property
    def has_negative(self) -> Tensor:
        """Whether each anchor has a negative, (A,) bool."""
        return _any_in_row(self.negative)

    @property
    def anchor_lengths(self) -> Tensor:
        """Euclidean lengths of the anchors, (A, 1)."""
        if self.anchors is None:
            return self.value.new_ones((len(self.value), 1)) * self.length
        return row_lengths(self.anchors)

    @property
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
            y: (B,) or (B, 1) integer labels.
            metric: One of METRICS.

        Returns:
            A symmetric Contrast with B anchors and B items.

        Raises:
            ValueError: when the embeddings are not a finite floating matrix, the labels do not fit them, or the metric
                is unknown.
        """
        check_embeddings(z)
        z = at_least_float32(z)
        positive, negative = label_masks(y, len(z))
        return cls(pairwise(z, z, metric), positive, negative, symmetric=True, anchors=z, others=z)

    @classmethod
    def of_views(cls, z: Tensor, metric: str, y: Tensor | None = None) -> Contrast:
        """Compare each row of a batch of two views with all other rows.

        Two views of one image are the only positives of each other: the two rows with the same label, or without labels
        rows i and i + N. A single row has no second view and therefore no positive.

        Args:
            z: (2N, D) floating embeddings, or a single row.
            metric: One of METRICS.
            y: (2N,) or (2N, 1) integers, the same for two views of one image and for no other row; or None.

        Returns:
            A symmetric Contrast with 2N anchors and 2N items.

        Raises:
            ValueError: when the number of rows is odd and greater than 1, a label does not occur twice, the embeddings
                are not a finite floating matrix, or the metric is unknown.
        """
        check_embeddings(z)
        z = at_least_float32(z)
        positive, negative = view_masks(len(z), z.device) if y is None else label_masks(y, len(z))
        if y is not None and len(z) > 1 and has_values(y) and not bool((positive.sum(1) == 1).all()):
            raise ValueError(
                "labels must tell which two rows are views of one image, so each must occur exactly twice; "
                "without labels, rows i and i + N of 2N rows are the two views of image i"
            )
        return cls(pairwise(z, z, metric), positive, negative, symmetric=True, anchors=z, others=z)

    @classmethod
    def of_prototypes(cls, z: Tensor, y: Tensor, w: Tensor, metric: str, bias: Tensor | None = None) -> Contrast:
        """Compare each row of `z` with one prototype per class.

        The prototype of the row's own class is its positive, the others are its negatives.

        Args:
            z: (A, D) floating embeddings.
            y: (A,) or (A, 1) integer labels in 0..C-1.
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
        y = integer_labels(y, len(z))
        if z.shape[1] != w.shape[1]:
            raise ValueError(f"embeddings have {z.shape[1]} dimensions but prototypes {w.shape[1]}")
        if has_values(y) and (int(y.min()) < 0 or int(y.max()) >= len(w)):
            raise ValueError(f"labels must lie in 0..{len(w) - 1}, one for each prototype")
        positive = y[:, None] == torch.arange(len(w), device=y.device)  # (A, C)
        z = at_least_float32(z)
        w = w.to(z.dtype)
        value = pairwise(z, w, metric)
        return cls(value if bias is None else value + bias.to(z.dtype), positive, ~positive, anchors=z, others=w)

    @classmethod
    def of_pairs(cls, x_p: Tensor, x_n: Tensor, length: float | Tensor = 1.0) -> Contrast:
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
        positive = (torch.arange(value.shape[1], device=value.device) == 0).expand(value.shape)
        return cls(value, positive, ~positive, length=length)


def _any_in_row(mask: Tensor) -> Tensor:
    return mask.view(torch.uint8).amax(1).bool()  # `any` takes a hundred times as long for a large matrix


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
        return self._number // self.multiplicity

    @cached_property
    def _number(self) -> int:
        return int(self.count.sum())

    def mean(self) -> Tensor:
        """Return the mean over all valid terms, a scalar; exactly 0 with a gradient of zeros if there are none."""
        total = self.total.sum(dtype=accumulation_dtype(self.total.device))
        if has_values(self.count):  # a number takes fewer operations than a tensor
            return (total * (1 / self._number if self._number else 0)).to(self.total.dtype)
        count = self.count.sum()
        return (total / torch.where(count > 0, count, torch.inf)).to(self.total.dtype)


def label_masks(y: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Return the masks of positives and negatives of a labelled batch; no row is its own positive.

    Args:
        y: (B,) or (B, 1) integer labels.
        size: The number of rows B.

    Returns:
        Masks of positives and of negatives, both (B, B) bool.

    Raises:
        ValueError: when `y` does not hold one integer for each row.
    """
    y = integer_labels(y, size)
    same = y[:, None] == y
    negative = ~same
    if has_values(y):
        return same.fill_diagonal_(False), negative  # in place takes half the time, but is slow under vmap
    return same ^ torch.eye(size, dtype=torch.bool, device=y.device), negative


def view_masks(size: int, device: torch.device | None = None) -> tuple[Tensor, Tensor]:
    """Return the masks of positives and negatives of a batch whose rows i and i + B/2 are two views of one image.

    Args:
        size: The number of rows B, even or 1.
        device: Where to put the masks; the CPU if None.

    Returns:
        Masks of positives and of negatives, both (B, B) bool.

    Raises:
        ValueError: when `size` is odd and greater than 1.
    """
    if size > 1 and size % 2:
        raise ValueError(f"two views of each image make an even number of rows, not {size}")
    row = torch.arange(size, device=device)
    other = row[:, None] != row
    positive = ((row + size // 2) % size)[:, None].eq(row) & other
    return positive, ~positive & other


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
    if has_values(z) and not is_finite(z):
        raise ValueError(f"{name} contain NaN or infinity")


def integer_labels(y: Tensor, size: int) -> Tensor:
    """Return labels as (size,) int64; unsigned ones beyond 2^63 - 1 become negative, but equal ones stay equal.

    Args:
        y: (size,) or (size, 1) integer labels of any integer type.
        size: The number of rows.

    Raises:
        ValueError: when it is no tensor of such a shape, or its type is not an integer type.
    """
    if not isinstance(y, Tensor) or tuple(y.shape) not in ((size,), (size, 1)):
        actual = tuple(y.shape) if isinstance(y, Tensor) else type(y).__name__
        raise ValueError(f"labels must be a tensor of shape ({size},), one for each embedding, not {actual}")
    if y.is_floating_point() or y.is_complex():
        raise ValueError(f"labels must be integers, not {y.dtype}")
    return y.reshape(size).long()
