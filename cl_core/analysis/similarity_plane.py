"""A loss over a whole plane of situations at once: its value, its forces, and on which side of its boundary one is.

Each point is one anchor with one positive and one negative, and goes through the very function that trains.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cl_core.losses import psi_of_angle
from cl_core.losses.base import Landmarks, Loss
from cl_core.losses.contrast import Contrast
from cl_core.losses.distances import from_similarity, slope_in_similarity

Floats = NDArray[np.float64]
SIDE = 101  # nodes a side of the square of similarities: 0.02 apart
ANGLES = 91  # nodes a side of the square of angles: 2 degrees apart
POINTS = 241  # of a curve
NARROWING = (180, *[16] * 11)  # parts of the angle where a boundary's crossing is looked for: 1 degree, then to 1e-13


@dataclass(frozen=True, eq=False)
class Plane:
    """A loss over a square; row i, column j stands for y = axis[i], x = axis[j].

    Attributes:
        axis: (n,) nodes along both sides: cosines from -1 to 1 for (s_n, s_p), degrees from 0 to 180 for
            (theta_2, theta_1).
        value: (n, n) sum of the pair's terms.
        d_x, d_y: (n, n) derivatives of the value by x and y, weights frozen where the loss freezes them; by radians in
            the plane of angles.
        violated: (n, n) whether the boundary is still ahead, or None for a loss without one.
        boundary: (k, 2) points (x, y) of the boundary from its closed form, NaN where there is none, or None.
        landmarks: other places of the plane of similarities.
    """

    axis: Floats
    value: Floats
    d_x: Floats
    d_y: Floats
    violated: NDArray[np.bool_] | None
    boundary: Floats | None
    landmarks: Landmarks


def similarity_plane(loss: Loss, theta: Mapping[str, Any], *, n: int = SIDE, length: float = 1.0) -> Plane:
    """The loss over the square of (s_n, s_p), for embeddings of that length and others of length 1.

    Raises ValueError as `Loss.check` does.
    """
    checked = loss.check(theta)
    axis = torch.linspace(-1, 1, n, dtype=torch.float64)
    value, d_p, d_n, violated = _at(loss, checked, axis[:, None].expand(n, n), axis.expand(n, n), length)
    return Plane(
        axis=axis.numpy(),
        value=value,
        d_x=d_n,
        d_y=d_p,
        violated=violated,
        boundary=_curve(loss, checked),
        landmarks=loss.landmarks(**checked),
    )


def angle_plane(loss: Loss, theta: Mapping[str, Any], *, n: int = ANGLES, length: float = 1.0) -> Plane:
    """The same over the square of (theta_2, theta_1), the angles to another class's weight and to one's own."""
    checked = loss.check(theta)
    axis = torch.linspace(0, math.pi, n, dtype=torch.float64)
    s = axis.cos()
    value, d_p, d_n, violated = _at(loss, checked, s[:, None].expand(n, n), s.expand(n, n), length)
    down = -axis.sin().numpy()  # d cos(theta) / d theta
    boundary = _curve(loss, checked)
    return Plane(
        axis=axis.rad2deg().numpy(),
        value=value,
        d_x=d_n * down,
        d_y=d_p * down[:, None],
        violated=violated,
        boundary=None if boundary is None else np.degrees(np.arccos(np.clip(boundary, -1, 1))),
        landmarks=Landmarks(target=(180.0, 0.0)),
    )


def evaluate_at(
    loss: Loss, theta: Mapping[str, Any], s_p: float, s_n: float, length: float = 1.0
) -> tuple[float, float, float]:
    """Value, dL/ds_p and dL/ds_n of a single point."""
    point = torch.tensor([[s_p]], dtype=torch.float64), torch.tensor([[s_n]], dtype=torch.float64)
    value, d_p, d_n, _ = _at(loss, loss.check(theta), *point, length)
    return value.item(), d_p.item(), d_n.item()


def _at(
    loss: Loss, theta: Mapping[str, Any], s_p: Tensor, s_n: Tensor, length: float
) -> tuple[Floats, Floats, Floats, NDArray[np.bool_] | None]:
    """Value, dL/ds_p, dL/ds_n and side at points of any shape."""
    metric = loss.metric_of(theta)
    stretch = length if metric == "dot" else 1.0
    x_p, x_n = ((from_similarity(s, metric) * stretch).contiguous().requires_grad_() for s in (s_p, s_n))
    terms = loss.function(Contrast.of_pairs(x_p, x_n, length), **theta)
    d_p, d_n = torch.autograd.grad(terms.total.sum(), (x_p, x_n))
    with torch.no_grad():
        d_p *= slope_in_similarity(x_p, metric) * stretch
        d_n *= slope_in_similarity(x_n, metric) * stretch
        violated = None if loss.boundary is None else (loss.boundary(x_p, x_n, **theta) > 0).numpy()
    return terms.total.detach().reshape(s_p.shape).numpy(), d_p.numpy(), d_n.numpy(), violated


def _curve(loss: Loss, theta: Mapping[str, Any]) -> Floats | None:
    """Points (s_n, s_p) of the boundary."""
    if loss.curve is None:
        return None
    s_n, s_p = loss.curve(torch.linspace(0, 1, POINTS, dtype=torch.float64), **theta)
    outside = (s_n.abs() > 1 + 1e-9) | (s_p.abs() > 1 + 1e-9)
    return torch.stack([s_n, s_p], 1).masked_fill(outside[:, None], torch.nan).numpy()


def distance_to_curve(curve: Floats, x: float, y: float) -> float:
    """How far a place is from a curve (k, 2) of straight pieces, with gaps where it is NaN; NaN where it is nowhere."""
    start, along = curve[:-1], np.diff(curve, axis=0)
    to = np.array([x, y]) - start
    length = (along**2).sum(1)
    share = np.clip((to * along).sum(1) / np.where(length > 0, length, 1.0), 0, 1)
    far = np.hypot(*(to - share[:, None] * along).T)
    return math.nan if np.isnan(far).all() else float(np.nanmin(far))


def wedge_angles(loss: Loss, theta: Mapping[str, Any]) -> Floats:
    """theta_1*: how far from its own class weight an embedding may turn towards another one, (181,) in degrees.

    One for each angle 0..180 between two class weights of equal lengths, the embedding between them, at most on the
    bisector; NaN where even the class weight itself is not beyond the boundary. Raises ValueError without a boundary.
    Where the boundary is crossed again on the way to the bisector, the first crossing counts, unless the next one
    follows within half a degree.
    """
    violated, last = _turning(loss, theta, away=False)
    end = _first(violated, last, wanted=True)
    return end.rad2deg().masked_fill(violated(torch.zeros_like(last)), torch.nan).numpy()


def wedge_angles_away(loss: Loss, theta: Mapping[str, Any]) -> Floats:
    """From and to how many degrees an embedding may turn away from the other class weight: (181, 2), or NaN.

    At most to the bisector on the far side. The first number is 0 unless only what is some way behind its class weight
    is beyond the boundary.
    """
    violated, last = _turning(loss, theta, away=True)
    start = _first(violated, last, wanted=False)
    end = _first(violated, last, wanted=True, after=start)
    return torch.stack([start, end], 1).rad2deg().masked_fill(violated(start)[:, None], torch.nan).numpy()


def _turning(loss: Loss, theta: Mapping[str, Any], *, away: bool) -> tuple[Callable[[Tensor], Tensor], Tensor]:
    """Whether angles (..., 181) from the own class weight are violated, and the largest that is asked about, (181,)."""
    checked = loss.check(theta)
    if loss.boundary is None:
        raise ValueError(f"{loss.key} has no boundary: {loss.no_boundary}")
    boundary = loss.boundary
    between = torch.arange(181, dtype=torch.float64).deg2rad()

    def violated(own: Tensor) -> Tensor:
        other = between + own if away else between - own
        return boundary(own.cos(), other.cos(), **checked) > 0

    return violated, math.pi - between / 2 if away else between / 2


def _first(violated: Callable[[Tensor], Tensor], last: Tensor, *, wanted: bool, after: Tensor | None = None) -> Tensor:
    """The first angle (181,), from `after` on, at which `violated` is as wanted; `last` where there is none."""
    low, high = torch.zeros_like(last) if after is None else after, last
    for parts in NARROWING:
        nodes = torch.lerp(low, high, torch.linspace(0, 1, parts + 1, dtype=last.dtype)[:, None])
        found = violated(nodes) == wanted
        node = torch.where(found.any(0), found.byte().argmax(0), parts)
        low, high = (nodes.gather(0, at.clamp(min=0)[None])[0] for at in (node - 1, node))
    return high


def angle_functions(margin: int, annealing: float, n: int = 181) -> dict[str, Floats]:
    """What an angle of L-softmax counts: degrees, and cos(theta), cos(m theta) and psi there; each (n,)."""
    angle = torch.linspace(0, math.pi, n, dtype=torch.float64)
    return {
        "degrees": angle.rad2deg().numpy(),
        "cos": angle.cos().numpy(),
        "multiplied": (margin * angle).cos().numpy(),
        "psi": psi_of_angle(angle, margin, annealing).numpy(),
    }
