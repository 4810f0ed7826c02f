"""Two views of the same picture, for the loss that learns without labels."""

import math
from functools import lru_cache

import torch
from torch import Generator, Tensor
from torch.nn.functional import grid_sample, interpolate

TURN = math.radians(25)  # each way, and so on down to BEND
STRETCH = 0.2  # log of the factor, each axis its own
SHEAR = 0.3
SHIFT = 2  # pixels
BEND = 2.0  # pixels that each of BENDS x BENDS knots moves by, and what lies between them accordingly
BENDS = 4
STROKE = 1.1  # log of the power that grey values are raised to: below 0 strokes grow bolder, above 0 finer
NOISE = 0.1  # standard deviation, of a range of 0 to 1 (images) or about -1 to 1 (points)


def two_views(x: Tensor, dice: Generator) -> Tensor:
    """Two views of every row: (N, H, W) or (N, 2) -> (2 N, ...), rows i and i + N from the same one.

    Images, of values from 0, are turned, stretched, sheared, shifted and bent a little, as another hand would have
    drawn them, with another pen; the edge is filled with zeros. To images and points alike noise is added.
    """
    both = torch.cat([x, x])
    if x.dim() == 3:
        both = _redrawn(both, dice)
    return both + NOISE * torch.randn(both.shape, generator=dice)


def _redrawn(x: Tensor, dice: Generator) -> Tensor:
    """Every image (N, H, W) moved by a map of its own, its strokes bolder or finer."""
    n, height, width = x.shape
    turn, wide, high, shear, right, down, stroke = _throw((7, n), dice)
    cos, sin = (TURN * turn).cos(), (TURN * turn).sin()
    wide, high, shear = (STRETCH * wide).exp(), (STRETCH * high).exp(), SHEAR * shear
    # where a pixel is taken from: a turn after a shear after a stretch, then a shift; row by row of the matrix
    rows = (cos * wide, cos * shear - sin * high, SHIFT * right, sin * wide, sin * shear + cos * high, SHIFT * down)
    knots = BEND * _throw((n, 2, BENDS**2), dice)
    factors = torch.cat([torch.stack(rows, dim=1).view(n, 2, 3), knots], dim=2)
    factors *= torch.tensor([[2 / width], [2 / height]])  # from pixels to a square from -1 to 1
    place = (factors.flatten(0, 1) @ _pixels(height, width)).view(n, 2, height, width)
    taken = grid_sample(x[:, None], place.movedim(1, -1), align_corners=False)[:, 0]
    redrawn: Tensor = taken ** (STROKE * stroke).exp()[:, None, None]
    return redrawn


def _throw(shape: tuple[int, ...], dice: Generator) -> Tensor:
    """Even throws from -1 to 1."""
    return 2 * torch.rand(shape, generator=dice) - 1


@lru_cache(maxsize=4)
def _pixels(height: int, width: int) -> Tensor:
    """Of every pixel x and y from the middle of the image, 1, and what it has of each knot: (3 + BENDS^2, H W)."""
    y, x = torch.meshgrid(torch.arange(height) - (height - 1) / 2, torch.arange(width) - (width - 1) / 2, indexing="ij")
    knots = torch.eye(BENDS**2).view(1, -1, BENDS, BENDS)
    shares = interpolate(knots, size=(height, width), mode="bilinear", align_corners=True)[0]
    return torch.cat([torch.stack([x, y, torch.ones_like(x)]), shares]).flatten(1)
