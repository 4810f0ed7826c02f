"""Convolutions as matrix products of windows, which is how the engine does them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor


def windows(x: Tensor, kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int]) -> Tensor:
    """Return what a kernel sees at each of its places, (B, H', W', C, *kernel), as a view of the padded images.

    Args:
        x: (B, C, H, W) images.
        kernel: height and width.
        stride: pixels from one place to the next, down and across.
        padding: rows and columns of zeros on each side.
    """
    padded = torch.constant_pad_nd(x, (padding[1], padding[1], padding[0], padding[0]))
    seen = padded.unfold(2, kernel[0], stride[0]).unfold(3, kernel[1], stride[1])
    return seen.permute(0, 2, 3, 1, 4, 5)


def convolution(
    x: Tensor, weight: Tensor, bias: Tensor | None, stride: Sequence[int], padding: Sequence[int], *settings: Any
) -> Tensor:
    """Convolve images as `torch.nn.functional.conv2d` does."""
    _check(settings)
    kernel = weight.shape[2:]
    seen = windows(x, kernel, stride, padding)
    b, h, w = seen.shape[:3]
    rows, columns = seen.reshape(b * h * w, -1), weight.reshape(len(weight), -1).t()
    result = rows @ columns if bias is None else torch.addmm(bias, rows, columns)
    return result.reshape(b, h, w, -1).permute(0, 3, 1, 2)


def convolution_backward(
    grad: Tensor, x: Tensor, weight: Tensor, _bias_sizes: Any, stride: Sequence[int], padding: Sequence[int],
    *settings: Any,
) -> tuple[Tensor | None, Tensor | None, Tensor | None]:  # fmt: skip
    """Return the gradients of a convolution by its images, weights and bias; None for those that are not wanted."""
    wanted = settings[-1]
    _check(settings[:-1])
    rows = grad.permute(0, 2, 3, 1)
    b, h, w, channels = rows.shape
    flat = rows.reshape(b * h * w, channels)
    by_x = by_weight = by_bias = None
    if wanted[0]:
        seen = (flat @ weight.reshape(channels, -1)).reshape(b, h, w, *weight.shape[1:])
        rows_added = _add_windows(seen, 1, stride[0], x.shape[2] + 2 * padding[0])
        padded = _add_windows(rows_added, 2, stride[1], x.shape[3] + 2 * padding[1])
        inner = padded[:, padding[0] : padding[0] + x.shape[2], padding[1] : padding[1] + x.shape[3]]
        by_x = inner.permute(0, 3, 1, 2)
    if wanted[1]:
        seen = windows(x, weight.shape[2:], stride, padding).reshape(b * h * w, -1)
        by_weight = (flat.t() @ seen).reshape(weight.shape)
    if wanted[2]:
        by_bias = flat.sum(0)
    return by_x, by_weight, by_bias


def _add_windows(seen: Tensor, axis: int, stride: int, length: int) -> Tensor:
    """Add up windows where they overlap, along one axis: (B, H', W', C, k, ...) with places on `axis`, k on axis 4.

    Rows whose number leaves the same remainder by the stride are added first: of these, window m has row m + t.
    """
    count = -(-length // stride)
    phases = []
    for phase in range(stride):
        total = None
        for shift, row in enumerate(range(phase, seen.shape[4], stride)):
            part = seen.select(4, row)
            around = (shift, count - shift - part.shape[axis])
            part = torch.constant_pad_nd(part, (*(0, 0) * (part.dim() - 1 - axis), *around))
            total = part if total is None else total + part
        if total is None:
            raise NotImplementedError("a convolution whose stride is larger than its kernel is not compiled")
        phases.append(total)
    return torch.stack(phases, axis + 1).flatten(axis, axis + 1).narrow(axis, 0, length)


def _check(settings: Sequence[Any]) -> None:
    dilation, transposed, _, groups = settings
    if list(dilation) != [1, 1] or transposed or groups != 1:
        raise NotImplementedError("only plain convolutions are compiled")


DECOMPOSITIONS: Mapping[Any, Callable[..., Any]] = {
    torch.ops.aten.convolution.default: convolution,
    torch.ops.aten.convolution_backward.default: convolution_backward,
}
