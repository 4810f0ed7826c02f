"""A loss over the plane of similarities (s_n, s_p) or of angles: value, derivatives, and side of its boundary.

Each point is one anchor with one positive and one negative, and is computed by the function that is trained with.
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
SIMILARITY_NODES = 101  # along each side of the square of similarities: 0.02 apart
ANGLE_NODES = 91  # along each side of the square of angles: 2 degrees apart
CURVE_POINTS = 241
# into how many parts the interval with a boundary's crossing is divided, again and again: to 1 degree, then to 1e-13
SUBDIVISIONS = (180, *[16] * 11)


@dataclass(frozen=True, eq=False)
class Plane:
    """A loss on a square grid; row i and column j stand for y = axis[i] and x = axis[j].

    Attributes:
        axis: (n,) nodes along both sides. In the plane of similarities x = s_n and y = s_p are cosines from -1 to 1; in
            the plane of angles x = theta_2 and y = theta_1 are degrees from 0 to 180.
        value: (n, n) sum of the terms of the anchor.
        d_x: (n, n) derivative of the value by x; by radians in the plane of angles. Weights that the loss does not
            differentiate are held fixed.
        d_y: (n, n) the same by y.
        violated: (n, n) bool, whether the boundary is violated; None for a loss without a boundary.
        boundary: (k, 2) points (x, y) of the boundary from its closed form, NaN in gaps; None for a loss without one.
        landmarks: other places in the plane of similarities.
    """

    axis: Floats
    value: Floats
    d_x: Floats
    d_y: Floats
    violated: NDArray[np.bool_] | None
    boundary: Floats | None
    landmarks: Landmarks


def similarity_plane(loss: Loss, theta: Mapping[str, Any], *, n: int = SIMILARITY_NODES, length: float = 1.0) -> Plane:
    """Compute a loss on the square of similarities (s_n, s_p).

    Args:
        loss: the loss.
        theta: its parameters; defaults for those that are missing.
        n: nodes along each side.
        length: of the anchors; others have length 1.

    Raises:
        ValueError: when a parameter is unknown or out of range.
    """
    checked = loss.check(theta)
    axis = torch.linspace(-1, 1, n, dtype=torch.float64)
    value, d_p, d_n, violated = _evaluate(loss, checked, axis[:, None].expand(n, n), axis.expand(n, n), length)
    return Plane(
        axis=axis.numpy(),
        value=value,
        d_x=d_n,
        d_y=d_p,
        violated=violated,
        boundary=_boundary_curve(loss, checked),
        landmarks=loss.landmarks(**checked),
    )


def angle_plane(loss: Loss, theta: Mapping[str, Any], *, n: int = ANGLE_NODES, length: float = 1.0) -> Plane:
    """Compute a loss on the square of angles (theta_2, theta_1), to the weight of another class and of the own class.

    Args:
        loss: the loss.
        theta: its parameters; defaults for those that are missing.
        n: nodes along each side.
        length: of the anchors; others have length 1.

    Raises:
        ValueError: when a parameter is unknown or out of range.
    """
    checked = loss.check(theta)
    axis = torch.linspace(0, math.pi, n, dtype=torch.float64)
    s = axis.cos()
    value, d_p, d_n, violated = _evaluate(loss, checked, s[:, None].expand(n, n), s.expand(n, n), length)
    slope = -axis.sin().numpy()  # d cos(theta) / d theta
    boundary = _boundary_curve(loss, checked)
    return Plane(
        axis=axis.rad2deg().numpy(),
        value=value,
        d_x=d_n * slope,
        d_y=d_p * slope[:, None],
        violated=violated,
        boundary=None if boundary is None else np.degrees(np.arccos(np.clip(boundary, -1, 1))),
        landmarks=Landmarks(target=(180.0, 0.0)),
    )


def evaluate_at(
    loss: Loss, theta: Mapping[str, Any], s_p: float, s_n: float, length: float = 1.0
) -> tuple[float, float, float]:
    """Compute a loss at a single point of the plane of similarities.

    Args:
        loss: the loss.
        theta: its parameters; defaults for those that are missing.
        s_p: cosine to the positive.
        s_n: cosine to the negative.
        length: of the anchor; the others have length 1.

    Returns:
        Value, dL/ds_p and dL/ds_n.

    Raises:
        ValueError: when a parameter is unknown or out of range.
    """
    point = torch.tensor([[s_p]], dtype=torch.float64), torch.tensor([[s_n]], dtype=torch.float64)
    value, d_p, d_n, _ = _evaluate(loss, loss.check(theta), *point, length)
    return value.item(), d_p.item(), d_n.item()


def _evaluate(
    loss: Loss, theta: Mapping[str, Any], s_p: Tensor, s_n: Tensor, length: float
) -> tuple[Floats, Floats, Floats, NDArray[np.bool_] | None]:
    """Return value, dL/ds_p, dL/ds_n and violation (None without a boundary) at points of any shape."""
    metric = loss.metric_of(theta)
    scale = length if metric == "dot" else 1.0
    x_p, x_n = ((from_similarity(s, metric) * scale).contiguous().requires_grad_() for s in (s_p, s_n))
    terms = loss.function(Contrast.of_pairs(x_p, x_n, length), **theta)
    d_p, d_n = torch.autograd.grad(terms.total.sum(), (x_p, x_n))
    with torch.no_grad():
        d_p *= slope_in_similarity(x_p, metric) * scale
        d_n *= slope_in_similarity(x_n, metric) * scale
        violated = None if loss.boundary is None else (loss.boundary(x_p, x_n, **theta) > 0).numpy()
    return terms.total.detach().reshape(s_p.shape).numpy(), d_p.numpy(), d_n.numpy(), violated


def _boundary_curve(loss: Loss, theta: Mapping[str, Any]) -> Floats | None:
    """Return points (k, 2) of the boundary as (s_n, s_p), NaN outside the square; None without a closed form."""
    if loss.curve is None:
        return None
    s_n, s_p = loss.curve(torch.linspace(0, 1, CURVE_POINTS, dtype=torch.float64), **theta)
    outside = (s_n.abs() > 1 + 1e-9) | (s_p.abs() > 1 + 1e-9)
    return torch.stack([s_n, s_p], 1).masked_fill(outside[:, None], torch.nan).numpy()


def distance_to_curve(curve: Floats, x: float, y: float) -> float:
    """Return the distance of a point (x, y) from a polyline.

    Args:
        curve: (k, 2) vertices; NaN in gaps.
        x: first coordinate of the point.
        y: second coordinate of the point.

    Returns:
        The distance; NaN where the curve has no segment.
    """
    start, segment = curve[:-1], np.diff(curve, axis=0)
    offset = np.array([x, y]) - start
    squared_length = (segment**2).sum(1)
    along = np.clip((offset * segment).sum(1) / np.where(squared_length > 0, squared_length, 1.0), 0, 1)
    distance = np.hypot(*(offset - along[:, None] * segment).T)
    return math.nan if np.isnan(distance).all() else float(np.nanmin(distance))


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
    violated, last = _violated_by_angle(loss, theta, away=False)
    end = _first_angle(violated, last, wanted=True)
    return end.rad2deg().masked_fill(violated(torch.zeros_like(last)), torch.nan).numpy()


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
    violated, last = _violated_by_angle(loss, theta, away=True)
    start = _first_angle(violated, last, wanted=False)
    end = _first_angle(violated, last, wanted=True, after=start)
    return torch.stack([start, end], 1).rad2deg().masked_fill(violated(start)[:, None], torch.nan).numpy()


def _violated_by_angle(
    loss: Loss, theta: Mapping[str, Any], *, away: bool
) -> tuple[Callable[[Tensor], Tensor], Tensor]:
    """Return a function that says which angles violate the boundary, and the largest angles to ask it for, (181,).

    The function takes angles (..., 181) between an embedding and its own class weight, towards the other class weight
    or `away` from it. The largest angles lead to the bisector.
    """
    checked = loss.check(theta)
    if loss.boundary is None:
        raise ValueError(f"{loss.key} has no boundary: {loss.no_boundary}")
    boundary = loss.boundary
    between = torch.arange(181, dtype=torch.float64).deg2rad()

    def violated(own: Tensor) -> Tensor:
        other = between + own if away else between - own
        return boundary(own.cos(), other.cos(), **checked) > 0

    return violated, math.pi - between / 2 if away else between / 2


def _first_angle(
    violated: Callable[[Tensor], Tensor], last: Tensor, *, wanted: bool, after: Tensor | None = None
) -> Tensor:
    """Return the first angles (181,) from `after` on at which `violated` is as wanted; `last` where there is none."""
    low, high = torch.zeros_like(last) if after is None else after, last
    for parts in SUBDIVISIONS:
        nodes = torch.lerp(low, high, torch.linspace(0, 1, parts + 1, dtype=last.dtype)[:, None])
        matches = violated(nodes) == wanted
        node = torch.where(matches.any(0), matches.byte().argmax(0), parts)
        low, high = (nodes.gather(0, row.clamp(min=0)[None])[0] for row in (node - 1, node))
    return high


def angle_functions(margin: int, annealing: float, n: int = 181) -> dict[str, Floats]:
    """Tabulate the functions of the angle that L-softmax and SphereFace are made of.

    Args:
        margin: m, a whole number of at least 1.
        annealing: lambda of the authors' schedule, which blends psi with the cosine.
        n: number of angles from 0 to 180 degrees.

    Returns:
        "degrees", "cos" for cos(theta), "multiplied" for cos(m theta), and "psi"; each (n,).
    """
    angle = torch.linspace(0, math.pi, n, dtype=torch.float64)
    return {
        "degrees": angle.rad2deg().numpy(),
        "cos": angle.cos().numpy(),
        "multiplied": (margin * angle).cos().numpy(),
        "psi": psi_of_angle(angle, margin, annealing).numpy(),
    }
