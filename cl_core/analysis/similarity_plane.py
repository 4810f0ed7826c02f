"""A loss over the plane of similarities (s_n, s_p) or of angles: value, derivatives, and side of its boundary.

Each point is one anchor with one positive and one negative, and is computed by the function that is trained with.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
OUTLINE_POINTS = 181
PROFILE_HEIGHT = 0.12  # of a weight of 1, in similarity


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
        weights: (n,) weights of a negative and of a positive at the nodes; None for a loss without weights.
    """

    axis: Floats
    value: Floats
    d_x: Floats
    d_y: Floats
    violated: NDArray[np.bool_] | None
    boundary: Floats | None
    landmarks: Landmarks
    weights: tuple[Floats, Floats] | None = None


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
    value, d_p, d_n, violated = evaluate(loss, checked, axis[:, None].expand(n, n), axis.expand(n, n), length)
    return Plane(
        axis=axis.numpy(),
        value=value.numpy(),
        d_x=d_n.numpy(),
        d_y=d_p.numpy(),
        violated=None if violated is None else violated.numpy(),
        boundary=None if (curve := boundary_curve(loss, checked)) is None else curve.numpy(),
        landmarks=loss.landmarks(**checked),
        weights=None if (found := node_weights(loss, checked, axis)) is None else (found[0].numpy(), found[1].numpy()),
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
    value, d_p, d_n, violated = evaluate(loss, checked, s[:, None].expand(n, n), s.expand(n, n), length)
    slope = -axis.sin()  # d cos(theta) / d theta
    boundary = boundary_curve(loss, checked)
    return Plane(
        axis=axis.rad2deg().numpy(),
        value=value.numpy(),
        d_x=(d_n * slope).numpy(),
        d_y=(d_p * slope[:, None]).numpy(),
        violated=None if violated is None else violated.numpy(),
        boundary=None if boundary is None else boundary.clamp(-1, 1).acos().rad2deg().numpy(),
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
    value, d_p, d_n, _ = evaluate(loss, loss.check(theta), *point, length)
    return value.item(), d_p.item(), d_n.item()


def evaluate(
    loss: Loss, theta: Mapping[str, Any], s_p: Tensor, s_n: Tensor, length: float | Tensor = 1.0
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Compute a loss at points of the plane of similarities; compilers can trace it, with tensors as parameters.

    Args:
        loss: the loss.
        theta: all of its parameters.
        s_p: cosines to the positive, any shape, float64.
        s_n: cosines to the negative, of the same shape.
        length: of the anchors; others have length 1.

    Returns:
        Value, dL/ds_p, dL/ds_n, and whether the boundary is violated (None without one), of the shape of `s_p`.
    """
    metric = loss.metric_of(theta)
    scale = length if metric == "dot" else 1.0
    x_p, x_n = ((from_similarity(s, metric) * scale).contiguous().requires_grad_() for s in (s_p, s_n))
    terms = loss.function(Contrast.of_pairs(x_p, x_n, length), **theta)
    d_p, d_n = torch.autograd.grad(terms.total.sum(), (x_p, x_n))
    with torch.no_grad():
        d_p = d_p * slope_in_similarity(x_p, metric) * scale
        d_n = d_n * slope_in_similarity(x_n, metric) * scale
        violated = None if loss.boundary is None else loss.boundary(x_p, x_n, **theta) > 0
    return terms.total.detach().reshape(s_p.shape), d_p, d_n, violated


def boundary_curve(loss: Loss, theta: Mapping[str, Any]) -> Tensor | None:
    """Compute points of the boundary from its closed form; compilers can trace it.

    Args:
        loss: the loss.
        theta: all of its parameters.

    Returns:
        (k, 2) points (s_n, s_p), NaN outside the square; None for a loss without a closed form.
    """
    if loss.curve is None:
        return None
    s_n, s_p = loss.curve(torch.linspace(0, 1, CURVE_POINTS, dtype=torch.float64), **theta)
    return _clip_to_square(torch.stack([s_n, s_p], 1))


def node_weights(loss: Loss, theta: Mapping[str, Any], axis: Tensor) -> tuple[Tensor, Tensor] | None:
    """Compute the weights that a loss gives to pairs by their similarity; compilers can trace it.

    Args:
        loss: the loss.
        theta: all of its parameters.
        axis: (n,) similarities, float64.

    Returns:
        (n,) weights of negatives and (n,) of positives; None for a loss that weighs all pairs the same.
    """
    if loss.weights is None:
        return None
    weight_p, weight_n = loss.weights(axis, axis, **theta)
    return weight_n, weight_p


def weight_profiles(axis: Tensor, weight_n: Tensor, weight_p: Tensor) -> tuple[Tensor, Tensor]:
    """Return weights as outlines from the lower edge of the plane, and from its left edge; compilers can trace it.

    Args:
        axis: (n,) similarities.
        weight_n: (n,) weights of negatives.
        weight_p: (n,) weights of positives.

    Returns:
        Two outlines of (n + 2, 2) points (s_n, s_p); a weight of 1 is `PROFILE_HEIGHT` high.
    """
    edge = torch.cat([axis[:1], axis, axis[-1:]])
    none = torch.zeros_like(axis[:1])
    n, p = (PROFILE_HEIGHT * torch.cat([none, weight, none]) - 1 for weight in (weight_n, weight_p))
    return torch.stack([edge, n], 1), torch.stack([p, edge], 1)


def ellipse_outline(ellipse: Sequence[float | Tensor]) -> Tensor:
    """Compute the outline of an ellipse in the plane of similarities; compilers can trace it.

    Args:
        ellipse: centre (s_n, s_p) and radii, as in `Landmarks`.

    Returns:
        (k, 2) points (s_n, s_p), NaN outside the square.
    """
    centre_n, centre_p, radius_n, radius_p = ellipse
    angle = torch.linspace(0, 2 * math.pi, OUTLINE_POINTS, dtype=torch.float64)
    return _clip_to_square(torch.stack([centre_n + radius_n * angle.cos(), centre_p + radius_p * angle.sin()], 1))


def _clip_to_square(points: Tensor) -> Tensor:
    """Replace points (k, 2) outside the square of similarities by NaN, which interrupts a curve."""
    return points.masked_fill((points.abs() > 1 + 1e-9).any(1, keepdim=True), torch.nan)


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
