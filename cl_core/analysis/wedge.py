"""The angles that a loss asks for around two class weights, by its boundary."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cl_core.losses.base import Loss

Floats = NDArray[np.float64]
# The interval of at most 1 degree with a boundary's crossing is divided into this many parts again and again, to 2e-10
# degrees. Few parts in many rounds need the fewest evaluations of a boundary.
FINE_PARTS = 4
FINE_ROUNDS = 16


def wedge_angles(loss: Loss, theta: Mapping[str, Any]) -> Floats:
    """Return theta_1*, the largest angle from its own class weight at which an embedding does not violate the boundary.

    The embedding lies between two class weights of equal lengths, at most on their bisector. Where the boundary is
    crossed more than once on the way to the bisector, the first crossing counts, unless the next one follows within
    half a degree.

    Args:
        loss: a loss with a boundary.
        theta: its parameters; defaults for those that are missing.

    Returns:
        (181,) degrees, for angles of 0 to 180 degrees between the class weights; NaN where an embedding in the
        direction of its own class weight violates the boundary.

    Raises:
        ValueError: when the loss has no boundary, or a parameter is unknown or out of range.
    """
    return tensor_of_angles(loss, loss.check(theta)).numpy()


def wedge_angles_away(loss: Loss, theta: Mapping[str, Any]) -> Floats:
    """Return the angles from its own class weight, away from the other one, at which the boundary is not violated.

    Args:
        loss: a loss with a boundary.
        theta: its parameters; defaults for those that are missing.

    Returns:
        (181, 2) degrees from and to, for angles of 0 to 180 degrees between the class weights; at most to the bisector
        on the far side. The first is 0, unless an embedding in the direction of its own class weight violates the
        boundary. NaN where all angles do.

    Raises:
        ValueError: when the loss has no boundary, or a parameter is unknown or out of range.
    """
    return tensor_of_angles_away(loss, loss.check(theta)).numpy()


def tensor_of_angles(loss: Loss, theta: Mapping[str, Any]) -> Tensor:
    """Compute `wedge_angles` from all parameters of a loss; compilers can trace it, with tensors as parameters."""
    violated, grid, last = _violated_by_angle(loss, theta, away=False)
    end = _first_angle(violated, grid, last, wanted=True)
    return end.rad2deg().masked_fill(violated(torch.zeros_like(last)), torch.nan)


def tensor_of_angles_away(loss: Loss, theta: Mapping[str, Any]) -> Tensor:
    """Compute `wedge_angles_away` from all parameters of a loss; compilers can trace it, with tensors as parameters."""
    violated, grid, last = _violated_by_angle(loss, theta, away=True)
    start = _first_angle(violated, grid, last, wanted=False)
    end = _first_angle(violated, grid, last, wanted=True, after=start)
    return torch.stack([start, end], 1).rad2deg().masked_fill(violated(start)[:, None], torch.nan)


def _violated_by_angle(
    loss: Loss, theta: Mapping[str, Any], *, away: bool
) -> tuple[Callable[[Tensor], Tensor], Tensor, Tensor]:
    """Return a function that says which angles violate the boundary, and the angles (181,) to ask it for.

    The function takes angles (..., 181) or (..., 1) between an embedding and its own class weight, towards the other
    class weight or `away` from it. The grid of angles to try first is the same for all angles between the weights, so
    that the boundary's part in the own class weight is computed once. The largest angles lead to the bisector.
    """
    boundary = loss.boundary
    if boundary is None:
        raise ValueError(f"{loss.key} has no boundary: {loss.no_boundary}")
    between = torch.arange(181, dtype=torch.float64).deg2rad()

    def violated(own: Tensor) -> Tensor:
        other = between + own if away else between - own
        return boundary(own.cos(), other.cos(), **theta) > 0

    return (violated, between, math.pi - between / 2) if away else (violated, between / 2, between / 2)


def _first_angle(
    violated: Callable[[Tensor], Tensor], grid: Tensor, last: Tensor, *, wanted: bool, after: Tensor | None = None
) -> Tensor:
    """Return the first angles (181,) from `after` on at which `violated` is as wanted; `last` where there is none."""
    nodes = grid[:, None]
    matches = (violated(nodes) == wanted) & (nodes <= last)
    if after is not None:  # the same nodes again, so that a compiled program evaluates the boundary there only once
        matches &= nodes >= after
    row = torch.where(matches.any(0), matches.byte().argmax(0), (nodes < last).sum(0))
    low, high = grid.gather(0, (row - 1).clamp(min=0)), torch.minimum(grid.gather(0, row), last)
    if after is not None:
        low = torch.maximum(low, after)
    for _ in range(FINE_ROUNDS):
        nodes = torch.lerp(
            low, high, torch.linspace(0, 1, FINE_PARTS + 1, dtype=low.dtype)[:, None]
        )  # (parts + 1, 181)
        matches = violated(nodes[1:-1]) == wanted  # at the ends it is known
        row = torch.where(matches.any(0), matches.byte().argmax(0) + 1, FINE_PARTS)
        low, high = (nodes.gather(0, each[None])[0] for each in (row - 1, row))
    return high
