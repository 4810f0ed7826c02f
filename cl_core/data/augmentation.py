"""Random augmentations: two views of each image, for the loss that learns without labels."""

import math
from collections.abc import Sequence
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
AFFINE_AND_PEN = 7  # numbers that an image's affine map and its power take
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
    uniforms = torch.rand(n_uniforms(x.shape), generator=generator)
    normals = torch.randn((2 * len(x), *x.shape[1:]), generator=generator)
    if x.dim() == 3:
        return views_of_draws(x, normals, uniforms, pixel_basis(*x.shape[1:]))
    return views_of_draws(x, normals)


def n_uniforms(shape: Sequence[int]) -> int:
    """Return how many uniform numbers two views of rows of that shape take: (N, H, W) of images, (N, 2) of points."""
    return 2 * shape[0] * (AFFINE_AND_PEN + 2 * KNOTS_PER_SIDE**2) if len(shape) == 3 else 0


def views_of_draws(x: Tensor, normals: Tensor, uniforms: Tensor | None = None, basis: Tensor | None = None) -> Tensor:
    """Return the two views of every row that some random numbers make: `two_views` without a generator.

    Args:
        x: images (N, H, W) with values of at least 0, or points (N, 2).
        normals: of the shape of the result, standard normal.
        uniforms: (`n_uniforms`,) from 0 to 1, for images; they are drawn before `normals`.
        basis: (3 + K^2, H W), `pixel_basis` of images.

    Returns:
        (2 N, H, W) or (2 N, 2): rows i and i + N are views of the same row of `x`.
    """
    views = torch.cat([x, x])
    if uniforms is not None and basis is not None:
        views = _distorted(views, 2 * uniforms - 1, basis)
    return views + NOISE_STD * normals


def _distorted(x: Tensor, settings: Tensor, basis: Tensor) -> Tensor:
    """Warp every image (N, H, W) by a map of its own, and raise it to a power; `settings` are from -1 to 1."""
    n, height, width = x.shape
    affine_and_pen, knots = settings.split([AFFINE_AND_PEN * n, 2 * KNOTS_PER_SIDE**2 * n])
    angle, wide, high, shear, right, down, gamma = affine_and_pen.view(AFFINE_AND_PEN, n).unbind()
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
    moved = MAX_BEND * knots.view(n, 2, KNOTS_PER_SIDE**2)
    factors = torch.cat([torch.stack(rows, dim=1).view(n, 2, 3), moved], dim=2)
    factors *= torch.tensor([[2 / width], [2 / height]])  # pixels to the range -1 to 1 that grid_sample takes
    grid = (factors.flatten(0, 1) @ basis).view(n, 2, height, width)
    warped = grid_sample(x[:, None], grid.movedim(1, -1), align_corners=False)[:, 0]
    distorted: Tensor = warped ** (MAX_LOG_GAMMA * gamma).exp()[:, None, None]
    return distorted


@lru_cache(maxsize=4)
def pixel_basis(height: int, width: int) -> Tensor:
    """Return x and y of every pixel from the centre of the image, 1, and the weight of each knot, (3 + K^2, H W).

    It is cached and shared: do not write to it.
    """
    y, x = torch.meshgrid(torch.arange(height) - (height - 1) / 2, torch.arange(width) - (width - 1) / 2, indexing="ij")
    knots = torch.eye(KNOTS_PER_SIDE**2).view(1, -1, KNOTS_PER_SIDE, KNOTS_PER_SIDE)
    weights = interpolate(knots, size=(height, width), mode="bilinear", align_corners=True)[0]
    return torch.cat([torch.stack([x, y, torch.ones_like(x)]), weights]).flatten(1)
