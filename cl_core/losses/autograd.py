"""Losses whose derivative is written down rather than recorded: what autograd would keep a matrix a step for.

A function looks at some rows of a Contrast at a time, so that what it computes on the way stays in the cache.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from cl_core.losses.contrast import Contrast

RowFunction = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]


class _Attach(torch.autograd.Function):
    """Give a total that was computed without autograd its known derivative."""

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
    """`total` (A,) in the type of `value` (A, N), differentiable: d total_a / d value_an = slope_an.

    A derivative in closed form costs one matrix, where recording each step costs one a step.
    """
    attached: Tensor = _Attach.apply(value, total, slope)  # type: ignore[no-untyped-call]
    return attached


def apply_rows(contrast: Contrast, of_rows: RowFunction) -> Tensor:
    """Total (A,) of a function that looks at one row at a time, and its derivative as the function says it.

    of_rows: (value, positive, negative), each (rows, N) -> total (rows,) and slope (rows, N). It is called with
    blocks of rows that fit the cache, so what it computes on the way never has the size of the whole matrix.
    """
    value = contrast.value.detach()
    total = torch.empty(len(value), dtype=torch.float64)
    slope = torch.empty_like(value)
    for rows in row_blocks(*value.shape):
        total[rows], slope[rows] = of_rows(value[rows], contrast.positive[rows], contrast.negative[rows])
    return with_gradient(contrast.value, total, slope)


def row_blocks(rows: int, width: int, size: int = 1 << 18) -> Iterator[slice]:
    """Slices that cut `rows` rows of `width` entries into blocks of about `size` entries."""
    step = max(1, size // max(width, 1))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))
