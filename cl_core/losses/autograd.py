"""Autograd functions with analytic gradients, which avoid storing one intermediate matrix per operation.

A row function computes a loss and its derivative for a block of rows of a Contrast, so that its intermediate results
stay in the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from cl_core.losses.contrast import Contrast

# (value, positive, negative), each (rows, N) -> total (rows,) and its derivative by the values (rows, N)
RowFunction = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]


class _KnownGradient(torch.autograd.Function):
    """Attach a known derivative to a total that was computed without autograd."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, total: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(slope)
        return total.to(value.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (slope,) = ctx.saved_tensors
        return slope * grad[:, None], None, None


def with_gradient(value: Tensor, total: Tensor, slope: Tensor) -> Tensor:
    """Make a total differentiable by its known derivative: d total_a / d value_an = slope_an.

    The analytic derivative needs the memory of one matrix; autograd would store one matrix per operation.

    Args:
        value: (A, N) values that the total was computed from.
        total: (A,) sums, computed without autograd.
        slope: (A, N) derivative of each total by the values of its row.

    Returns:
        (A,) `total` in the type of `value`, with a gradient.
    """
    result: Tensor = _KnownGradient.apply(value, total, slope)  # type: ignore[no-untyped-call]
    return result


def apply_rows(contrast: Contrast, row_function: RowFunction) -> Tensor:
    """Apply a row function to all rows of a Contrast, with the derivative that it returns.

    Args:
        contrast: The Contrast with A anchors and N items.
        row_function: Takes (value, positive, negative), each (rows, N), and returns total (rows,) and slope (rows, N).
            It is called with blocks of rows that fit the cache, so its intermediate results never have the size of the
            whole matrix.

    Returns:
        (A,) totals in the type of the values, with a gradient.
    """
    value = contrast.value.detach()
    total = torch.empty(len(value), dtype=torch.float64)
    slope = torch.empty_like(value)
    for rows in row_blocks(*value.shape):
        total[rows], slope[rows] = row_function(value[rows], contrast.positive[rows], contrast.negative[rows])
    return with_gradient(contrast.value, total, slope)


def row_blocks(rows: int, width: int, size: int = 1 << 18) -> Iterator[slice]:
    """Yield slices that cut a matrix into blocks of whole rows.

    Args:
        rows: Number of rows of the matrix.
        width: Number of entries of a row.
        size: Approximate number of entries of a block; by default a block fits the cache.

    Yields:
        Slices of the rows, in order; each has at least one row.
    """
    step = max(1, size // max(width, 1))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))
