"""Autograd functions with analytic gradients, which avoid storing one intermediate matrix per operation.

A row function computes a loss and its derivative for a block of rows of a Contrast, so that its intermediate results
stay in the cache. Where that is not possible (see `execution`), and for second derivatives, the dense form is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from cl_core.losses.contrast import Contrast
from cl_core.losses.execution import has_fast_form

BLOCK_ENTRIES = 1 << 18  # matrix entries of a block of rows that fits the cache

# (value, positive, negative), each (rows, N) -> total (rows,) and its derivative by the values (rows, N)
RowFunction = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
# (value, positive, negative), each (A, N) -> total (A,), differentiable any number of times
DenseFunction = Callable[[Tensor, Tensor, Tensor], Tensor]


class _KnownGradient(torch.autograd.Function):
    """Attach a known derivative to a total; its own derivatives are those of `slope`."""

    generate_vmap_rule = True

    @staticmethod
    def forward(value: Tensor, total: Tensor, slope: Tensor) -> Tensor:  # noqa: ARG004
        return total.to(value.dtype, copy=True)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, Tensor], output: Tensor) -> None:  # noqa: ARG004
        ctx.save_for_backward(inputs[2])
        ctx.total_dtype = inputs[1].dtype

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        (slope,) = ctx.saved_tensors
        return slope * grad[:, None], grad.to(ctx.total_dtype), None


class _FastForm(torch.autograd.Function):
    """Attach the derivative that the fast form computed; where it is differentiated again, that of the dense form."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, total: Tensor, slope: Tensor, dense: Callable[[Tensor], Tensor]) -> Tensor:
        ctx.save_for_backward(value, slope)
        ctx.dense = dense
        return total.to(value.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        value, slope = ctx.saved_tensors
        if not torch.is_grad_enabled():
            return slope * grad[:, None], None, None, None
        (derivative,) = torch.autograd.grad(ctx.dense(value), value, grad, create_graph=True)
        return derivative, None, None, None


def with_gradient(value: Tensor, total: Tensor, slope: Tensor) -> Tensor:
    """Make a total differentiable by its known derivative: d total_a / d value_an = slope_an.

    Args:
        value: (A, N) values that the total was computed from.
        total: (A,) sums, computed from detached values; gradients also flow into whatever else it was computed from.
        slope: (A, N) derivative of each total by the values of its row; second derivatives are the derivatives of this.

    Returns:
        (A,) `total` in the type of `value`, with a gradient.
    """
    result: Tensor = _KnownGradient.apply(value, total, slope)  # type: ignore[no-untyped-call]
    return result


def with_fast_gradient(value: Tensor, total: Tensor, slope: Tensor, dense: Callable[[Tensor], Tensor]) -> Tensor:
    """Make the result of a fast form differentiable by its known derivative.

    The analytic derivative needs the memory of one matrix; autograd would store one matrix per operation.

    Args:
        value: (A, N) values that the total was computed from.
        total: (A,) sums, computed without autograd.
        slope: (A, N) derivative of each total by the values of its row, computed without autograd.
        dense: Computes the same total from `value` with autograd; used where the derivative is differentiated again.

    Returns:
        (A,) `total` in the type of `value`, with a gradient.
    """
    result: Tensor = _FastForm.apply(value, total, slope, dense)  # type: ignore[no-untyped-call]
    return result


def is_fast(contrast: Contrast, *parameters: object) -> bool:
    """Return whether the fast form can be used: on the CPU, and with plain numbers as parameters."""
    return has_fast_form(contrast.value) and not any(isinstance(parameter, Tensor) for parameter in parameters)


def apply_rows(contrast: Contrast, row_function: RowFunction, dense: DenseFunction, *parameters: object) -> Tensor:
    """Apply a row function to all rows of a Contrast, with the derivative that it returns, or else the dense form.

    Args:
        contrast: The Contrast with A anchors and N items.
        row_function: Takes (value, positive, negative), each (rows, N), and returns total (rows,) and slope (rows, N).
            It is called with blocks of rows that fit the cache, so its intermediate results never have the size of the
            whole matrix.
        dense: Takes the whole matrices and returns (A,) totals with autograd.
        *parameters: Parameters of the loss; the row function is used only if none of them is a tensor.

    Returns:
        (A,) totals in the type of the values, with a gradient.
    """
    if not is_fast(contrast, *parameters):
        return dense(contrast.value, contrast.positive, contrast.negative)
    total, slope = map_rows(contrast, row_function)
    return with_fast_gradient(
        contrast.value, total, slope, lambda value: dense(value, contrast.positive, contrast.negative)
    )


def map_rows(contrast: Contrast, function: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, ...]]) -> list[Tensor]:
    """Apply a function to blocks of rows that fit the cache, without autograd, and join what it returns.

    Args:
        contrast: The Contrast with A anchors and N items.
        function: Takes (value, positive, negative), each (rows, N), and returns tensors whose first size is rows.

    Returns:
        The same tensors for all A rows.
    """
    value = contrast.value.detach()
    if value.numel() <= BLOCK_ENTRIES:
        return list(function(value, contrast.positive, contrast.negative))
    joined: list[Tensor] = []
    for rows in row_blocks(*value.shape):
        parts = function(value[rows], contrast.positive[rows], contrast.negative[rows])
        joined = joined or [part.new_empty(len(value), *part.shape[1:]) for part in parts]
        for whole, part in zip(joined, parts, strict=True):
            whole[rows] = part
    return joined


def row_blocks(rows: int, width: int, size: int = BLOCK_ENTRIES) -> Iterator[slice]:
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
