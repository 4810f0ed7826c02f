"""Sorted negatives of each anchor, from which the kinds of all its triplets are read by binary search."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from cl_core.losses.autograd import row_blocks
from cl_core.losses.contrast import Contrast


@dataclass(frozen=True, eq=False)
class SortedRows:
    """A block of anchors with sorted negatives; A anchors, at most K positives, N items.

    Attributes:
        d_ap: (A, K) values of the positives, padded with -inf.
        p: (A, K) int64 columns of the positives.
        d_an: (A, N) values of the negatives in ascending order, padded with +inf.
        n: (A, N) int64 columns of the negatives, empty if they were not asked for.
    """

    d_ap: Tensor
    p: Tensor
    d_an: Tensor
    n: Tensor

    def ranks(self, margin: float) -> tuple[Tensor, Tensor]:
        """Count, for each positive, the negatives that form a hard triplet and those that form one with a loss.

        Args:
            margin: The margin of the triplet loss.

        Returns:
            The ranks #{d_an <= d_ap} and #{d_an < d_ap + margin}, both (A, K) int64. Hard triplets are those with the
            sorted negatives 0..first, semi-hard triplets those with the sorted negatives first..second.
        """
        n_hard = torch.searchsorted(self.d_an, self.d_ap, right=True)
        return n_hard, torch.searchsorted(self.d_an, self.d_ap + margin)


def sorted_rows(contrast: Contrast, *, columns: bool) -> Iterator[tuple[slice, SortedRows]]:
    """Cut a Contrast into blocks of anchors that fit the cache, and sort the negatives of each anchor.

    Args:
        contrast: Distances of anchors and items.
        columns: Whether the columns of the sorted negatives are needed; sorting is faster without them.

    Yields:
        The rows of a block, and the block.
    """
    value = contrast.value.detach()
    d_ap, p = _positives(contrast)
    for rows in row_blocks(*value.shape):
        d_an = value[rows].masked_fill(~contrast.negative[rows], torch.inf)
        if columns:
            n = torch.from_numpy(np.argsort(d_an.numpy(), axis=1))  # NumPy's sort is many times faster than torch's
            yield rows, SortedRows(d_ap[rows], p[rows], d_an.gather(1, n), n)
        else:
            d_an.numpy().sort(axis=1)
            yield rows, SortedRows(d_ap[rows], p[rows], d_an, p.new_empty(0))


def _positives(contrast: Contrast) -> tuple[Tensor, Tensor]:
    """Return the values (A, K) of the positives of each anchor, padded with -inf, and their columns (A, K)."""
    value = contrast.value.detach()
    count = contrast.n_positive
    a, p = contrast.positive.nonzero(as_tuple=True)
    slot = torch.arange(len(a)) - (count.cumsum(0) - count)[a]
    column = torch.zeros(len(count), max(1, int(count.max())), dtype=torch.int64)
    column[a, slot] = p
    d_ap = value.new_full(column.shape, -torch.inf)
    d_ap[a, slot] = value[a, p]
    return d_ap, column
