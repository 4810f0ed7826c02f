"""A few points among the class weights of a classifier in the plane: classes, nearest neighbours, and regions.

A point can be classified correctly although its nearest neighbour is of another class. Class weights have length 1, so
that the class is that of the largest cosine, with softmax as with AM-softmax; `components/points/facts.js` computes
the same in the browser.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cl_core.analysis.retrieval import MEASURES

MAX_POINTS = 6
MAX_CLASSES = 3
TIE = 2.0**-40  # cosines or distances that differ by no more are equal, so that rounding does not break ties

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PointScene:
    """What a classifier and a search make of P points and C class weights.

    Attributes:
        distance: (P, P) Euclidean distances.
        cosine: (P, P) cosines; 0 with a point at the origin, which has no direction.
        class_cosine: (P, C) cosines with the class weights.
        classified: (P,) whether the class weight of its class has the largest cosine, alone.
        met: (P,) whether that cosine is larger than all others by the margin.
        nearest: (P,) index of the nearest other point; ties go to the earlier one.
        retrieved: (P,) whether that is of its class.
        regions: (C, 2) directions in which the margin is met: from and to, in degrees from the class weight, counted
            counterclockwise; NaN where there are none.
        widest: largest angle of a region in degrees; NaN without any.
        gap: smallest angle between two regions in degrees; NaN with fewer than two.
    """

    distance: Floats
    cosine: Floats
    class_cosine: Floats
    classified: NDArray[np.bool_]
    met: NDArray[np.bool_]
    nearest: NDArray[np.intp]
    retrieved: NDArray[np.bool_]
    regions: Floats
    widest: float
    gap: float

    @property
    def retrieval_is_certain(self) -> bool:
        """Whether the nearest point by cosine is of its class wherever all points meet the margin.

        Every class with a point must have another one.
        """
        return bool(self.widest < self.gap - TIE)


def point_scene(
    points: Sequence[Sequence[float]], labels: Sequence[int], weights: Sequence[float], margin: float, measure: str
) -> PointScene:
    """Classify points, find the nearest neighbour of each, and the regions in which a margin is met.

    Args:
        points: (P, 2) finite places of two points or more.
        labels: (P,) indices of their classes.
        weights: (C,) directions of the two class weights or more, in degrees counterclockwise from the first axis.
        margin: of AM-softmax, 0 or more; 0 for softmax.
        measure: one of `retrieval.MEASURES`, by which a neighbour is nearest.

    Raises:
        ValueError: when there are too few of them, a label has no class weight, or the measure is unknown.
    """
    z, y = np.asarray(points, np.float64), np.asarray(labels)
    if z.ndim != 2 or z.shape[1] != 2 or len(z) < 2 or len(z) != len(y):
        raise ValueError(f"points must be two or more places in the plane, each with a label, not {z.shape}")
    if len(weights) < 2 or not ((y >= 0) & (y < len(weights))).all():
        raise ValueError(f"labels must be indices of two class weights or more, of which there are {len(weights)}")
    if measure not in MEASURES:
        raise ValueError(f"measure must be one of {', '.join(MEASURES)}, not {measure!r}")
    length = np.hypot(z[:, 0], z[:, 1])[:, None]
    unit = np.divide(z, length, where=length > 0, out=np.zeros_like(z))
    angle = np.deg2rad(np.asarray(weights, np.float64))
    class_cosine = unit @ np.stack([np.cos(angle), np.sin(angle)])
    lead = _lead(class_cosine, y)
    cosine = unit @ unit.T
    distance = np.hypot(*(z[:, None] - z[None]).transpose(2, 0, 1))
    cost = -cosine if measure == "cosine" else distance.copy()
    np.fill_diagonal(cost, np.inf)
    nearest = (cost <= cost.min(axis=1, keepdims=True) + TIE).argmax(axis=1)
    regions = margin_regions(weights, margin)
    widest, gap = _spread(regions + np.asarray(weights, np.float64)[:, None])
    return PointScene(
        distance, cosine, class_cosine, lead > TIE, lead >= margin - TIE, nearest, y[nearest] == y, regions, widest, gap
    )


def margin_regions(weights: Sequence[float], margin: float) -> Floats:
    """Return the directions in which the cosine with one class weight is larger than all others by a margin.

    For two unit vectors a and b at an angle t to each other, cos(x, a) - cos(x, b) is |a - b| cos(x, a - b), where
    |a - b| = 2 sin(t / 2): the directions x are those within arccos(m / |a - b|) of a - b, which is 90 - t / 2 degrees
    from a, away from b.

    Args:
        weights: (C,) directions of the class weights in degrees.
        margin: 0 or more.

    Returns:
        (C, 2) from and to, in degrees from the class weight; NaN where there are none.
    """
    regions = np.full((len(weights), 2), np.nan)
    for i, own in enumerate(weights):
        low, high = -180.0, 180.0
        for j, other in enumerate(weights):
            if j == i:
                continue
            turn = (other - own + 180) % 360 - 180  # from -180 up to, but without, 180
            chord = 2 * np.sin(np.deg2rad(abs(turn)) / 2)
            if chord <= TIE or margin > chord:
                low = np.inf
                break
            reach = float(np.rad2deg(np.arccos(margin / chord)))
            middle = (90 - abs(turn) / 2) * (-1 if turn > 0 else 1)
            low, high = max(low, middle - reach), min(high, middle + reach)
        if low <= high:
            regions[i] = low, high
    return regions


def _lead(class_cosine: Floats, y: NDArray[np.int64]) -> Floats:
    """Return by how much the cosine of a point's own class is larger than the largest of the others, (P,)."""
    rows = np.arange(len(y))
    others = class_cosine.copy()
    others[rows, y] = -np.inf
    lead: Floats = class_cosine[rows, y] - others.max(axis=1)
    return lead


def _spread(regions: Floats) -> tuple[float, float]:
    """Return the widest region, and the smallest angle between two, of regions in the order of no matter what."""
    known = regions[~np.isnan(regions[:, 0])]
    if not len(known):
        return float("nan"), float("nan")
    widest = float((known[:, 1] - known[:, 0]).max())
    if len(known) == 1:
        return widest, float("nan")
    gaps = [(other[0] - one[1]) % 360 for i, one in enumerate(known) for j, other in enumerate(known) if i != j]
    return widest, float(min(gap if gap < 360 - 1e-9 else 0.0 for gap in gaps))
