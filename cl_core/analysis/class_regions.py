"""Regions of the plane that class weights of two dimensions decide for, and where the margin of their loss is met."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cl_core.losses.base import Loss

COLUMNS = 5  # of the regions: x, y and bias of a logit, first and last angle of a wedge
HALF_TURN = 180  # degrees; angles from a class weight are evaluated at whole degrees up to it, to either side
OUTSIDE = 1e3  # degrees, beyond every angle


def class_regions(
    loss: Loss,
    theta: Mapping[str, Any],
    weight: NDArray[np.floating[Any]],
    bias: NDArray[np.floating[Any]] | None,
    *,
    margins: bool,
) -> NDArray[np.float32]:
    """Return the logits of the classes as functions of a point of the plane, and where the loss's margin is met.

    A point z is classified as the class with the largest logit x z_1 + y z_2 + bias. These are the logits of a test,
    without margin and scale: of losses that compare directions, (x, y) has length 1.

    The wedge of a class are the directions, next to that of its class weight, in which its embeddings do not violate
    the boundary with any other class. Angles are interpolated between whole degrees.

    Args:
        loss: a loss with class weights.
        theta: its parameters.
        weight: (C, 2) class weights.
        bias: (C,) or None.
        margins: whether to compute the wedges, which only a loss with a margin has; else they are NaN.

    Returns:
        (C, 5) x, y, bias, and the angles in degrees from the direction of (x, y), positive counter-clockwise, where the
        wedge begins and ends. The two angles are NaN for a class without a wedge.
    """
    given = None if bias is None else torch.from_numpy(bias)
    return tensor_of_regions(loss, theta, torch.from_numpy(weight), given, margins=margins).numpy()


def tensor_of_regions(
    loss: Loss, theta: Mapping[str, Any], weight: Tensor, bias: Tensor | None, *, margins: bool
) -> Tensor:
    """Compute `class_regions` from all parameters of a loss; compilers can trace it, with tensors as parameters."""
    w = weight.double()
    lengths = (w * w).sum(1).sqrt().clamp_min(1e-30)  # (C,)
    directions = w / lengths[:, None]
    logits = w if loss.weight_lengths else directions
    offsets = torch.zeros_like(lengths) if bias is None else bias.double()
    if margins:
        first, last = _wedges(loss, theta, directions, lengths)
    else:
        first = last = torch.full_like(lengths, torch.nan)
    return torch.stack([logits[:, 0], logits[:, 1], offsets, first, last], 1).float()


def has_margin(loss: Loss) -> bool:
    """Return whether a loss with class weights has a margin: whether it violates its boundary where two classes tie."""
    tie = torch.tensor([0.5], dtype=torch.float64)
    return loss.boundary is not None and float(loss.boundary(tie, tie, **loss.defaults)) > 0


def _wedges(loss: Loss, theta: Mapping[str, Any], directions: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Return the angles (C,) in degrees from each class weight where its wedge begins and ends; NaN without a wedge."""
    assert loss.boundary is not None
    degrees = torch.arange(-HALF_TURN, HALF_TURN + 1, dtype=torch.float64)  # (K,)
    along, across = degrees.deg2rad().cos(), degrees.deg2rad().sin()
    x, y = directions[:, 0], directions[:, 1]
    at_x = x[:, None] * along - y[:, None] * across  # (C, K), unit vectors
    at_y = y[:, None] * along + x[:, None] * across
    other = at_x[:, :, None] * x + at_y[:, :, None] * y  # (C, K, C) cosines
    if loss.weight_lengths:
        other = other * (lengths / lengths[:, None])[:, None, :]  # logits, in units of the own length
    gap = loss.boundary(along[None, :, None], other, **theta)  # positive where it is violated
    own = torch.eye(len(x), dtype=torch.bool)[:, None, :]
    gap = gap.masked_fill(own, -OUTSIDE).amax(2)  # (C, K)
    met = gap <= 0
    nearest = degrees.abs().expand_as(gap).masked_fill(~met, OUTSIDE).amin(1)  # angle at which the margin is met first
    ahead = (met & (degrees == nearest[:, None])).any(1)
    start = torch.where(ahead, nearest, -nearest)[:, None]
    below = degrees.expand_as(gap).masked_fill(met | (degrees > start), -OUTSIDE).amax(1)  # last violation before
    above = degrees.expand_as(gap).masked_fill(met | (degrees < start), OUTSIDE).amin(1)  # first violation after
    first, last = _crossing(gap, below, below + 1), _crossing(gap, above, above - 1)
    nowhere = nearest == OUTSIDE
    return first.masked_fill(nowhere, torch.nan), last.masked_fill(nowhere, torch.nan)


def _crossing(gap: Tensor, violated: Tensor, met: Tensor) -> Tensor:
    """Return the angles (C,) between two neighbouring whole degrees at which `gap` is 0, to either side 180 at most."""

    def at(angle: Tensor) -> Tensor:
        return gap.gather(1, (angle.clamp(-HALF_TURN, HALF_TURN) + HALF_TURN).long()[:, None])[:, 0]

    high, low = at(violated), at(met)
    share = low / (low - high).clamp_max(-1e-30)  # low <= 0 < high
    return (met + (violated - met) * share.clamp(0, 1)).clamp(-HALF_TURN, HALF_TURN)
