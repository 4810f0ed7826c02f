"""Random augmentations: two views of each image, for the loss that learns without labels."""

import math
from functools import lru_cache

import torch
from torch import Generator, Tensor
from torch.nn.functional import grid_sample, interpolate

# The largest extents; each parameter is drawn uniformly from both sides of 0.
MAX_ROTATION = math.radians(25)
MAX_LOG_STRETCH = 0.2  # log of the factor, drawn for each axis
MAX_SHEAR = 0.3
MAX_SHIFT = 2  # pixels
MAX_BEND = 2.0  # pixels by which each knot of the grid moves; displacements between knots are interpolated
KNOTS_PER_SIDE = 4
MAX_LOG_GAMMA = 1.1  # log of the power that grey values are raised to: below 0 strokes grow bolder, above 0 finer
NOISE_STD = 0.1  # standard deviation; values are from 0 to 1 (images) or from about -1 to 1 (points)


def two_views(x: Tensor, generator: Generator) -> Tensor:
    """Return two random views of every row.

    Images are rotated, stretched, sheared, shifted and bent a little, as if drawn by another hand, and their strokes
    become bolder or finer, as if drawn with another pen; the border is filled with zeros. Then Gaussian noise is added,
    for images and points alike.

    Args:
        x: images (N, H, W) with values of at least 0, or points (N, 2).
        generator: source of all randomness.

    Returns:
        (2 N, H, W) or (2 N, 2): rows i and i + N are views of the same row of `x`.
    """
    views = torch.cat([x, x])
    if x.dim() == 3:
        views = _distorted(views, generator)
    return views + NOISE_STD * torch.randn(views.shape, generator=generator)


def _distorted(x: Tensor, generator: Generator) -> Tensor:
    """Warp every image (N, H, W) by a random map of its own, and raise it to a random power."""
    n, height, width = x.shape
    angle, wide, high, shear, right, down, gamma = _uniform((7, n), generator)
    cos, sin = (MAX_ROTATION * angle).cos(), (MAX_ROTATION * angle).sin()
    wide, high, shear = (MAX_LOG_STRETCH * wide).exp(), (MAX_LOG_STRETCH * high).exp(), MAX_SHEAR * shear
    # the affine map from a pixel to where its value is taken from, row by row: rotation @ shear @ stretch, then a shift
    rows = (
        cos * wide,
        cos * shear - sin * high,
        MAX_SHIFT * right,
        sin * wide,
        sin * shear + cos * high,
        MAX_SHIFT * down,
    )
    knots = MAX_BEND * _uniform((n, 2, KNOTS_PER_SIDE**2), generator)
    factors = torch.cat([torch.stack(rows, dim=1).view(n, 2, 3), knots], dim=2)
    factors *= torch.tensor([[2 / width], [2 / height]])  # pixels to the range -1 to 1 that grid_sample takes
    grid = (factors.flatten(0, 1) @ _pixel_basis(height, width)).view(n, 2, height, width)
    warped = grid_sample(x[:, None], grid.movedim(1, -1), align_corners=False)[:, 0]
    distorted: Tensor = warped ** (MAX_LOG_GAMMA * gamma).exp()[:, None, None]
    return distorted


def _uniform(shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Draw uniformly from -1 to 1."""
    return 2 * torch.rand(shape, generator=generator) - 1


@lru_cache(maxsize=4)
def _pixel_basis(height: int, width: int) -> Tensor:
    """Return x and y of every pixel from the centre of the image, 1, and the weight of each knot, (3 + K^2, H W)."""
    y, x = torch.meshgrid(torch.arange(height) - (height - 1) / 2, torch.arange(width) - (width - 1) / 2, indexing="ij")
    knots = torch.eye(KNOTS_PER_SIDE**2).view(1, -1, KNOTS_PER_SIDE, KNOTS_PER_SIDE)
    weights = interpolate(knots, size=(height, width), mode="bilinear", align_corners=True)[0]
    return torch.cat([torch.stack([x, y, torch.ones_like(x)]), weights]).flatten(1)
