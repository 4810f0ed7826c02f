"""Sampling of images between their pixels, which the engine does by indices of the four pixels around each place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor


def grid_sampler(x: Tensor, grid: Tensor, interpolation: int, padding: int, align_corners: bool) -> Tensor:
    """Sample images as `torch.nn.functional.grid_sample` does, bilinearly and with zeros around them.

    Args:
        x: (B, C, H, W) images.
        grid: (B, H', W', 2), x and y of each place from -1 to 1, the outer edges of the image.
        interpolation: PyTorch's number of "bilinear", 0.
        padding: PyTorch's number of "zeros", 0.
        align_corners: must be False: -1 and 1 are edges of pixels, not their centres.

    Returns:
        (B, C, H', W').
    """
    if interpolation or padding or align_corners:
        raise NotImplementedError("only bilinear sampling with zeros around the image and its edges at 1 is compiled")
    images, channels, height, width = x.shape
    padded = torch.constant_pad_nd(x, (1, 2, 1, 2))  # whatever lies farther away is moved to these zeros
    column, right = _pixel_and_share(grid[..., 0], width)
    row, down = _pixel_and_share(grid[..., 1], height)
    first = (row * (width + 3) + column).reshape(images, 1, -1).expand(images, channels, -1)
    pixels = padded.reshape(images, channels, -1)
    upper, lower = (
        _between(pixels.gather(2, first + below), pixels.gather(2, first + below + 1), right.reshape(images, 1, -1))
        for below in (0, width + 3)
    )
    return _between(upper, lower, down.reshape(images, 1, -1)).reshape(images, channels, *grid.shape[1:3])


def _pixel_and_share(places: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Return the index of the pixel before each place in a padded axis, and how far the place is to the next one."""
    pixels = (((places + 1) * size - 1) / 2).clamp(-1, size) + 1
    before = pixels.floor()
    return before.long(), pixels - before


def _between(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    return start + share * (end - start)


DECOMPOSITIONS: Mapping[Any, Callable[..., Any]] = {torch.ops.aten.grid_sampler_2d.default: grid_sampler}
