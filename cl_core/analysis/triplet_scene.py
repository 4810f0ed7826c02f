"""One anchor, its positive and a few negatives in the plane: distances, kinds, loss, forces and rings.

Everything is computed by the triplet loss and its rules. Compilers can trace it, so that a browser computes the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from cl_core.losses import LOSSES
from cl_core.losses.contrast import Contrast
from cl_core.losses.distances import from_similarity, pairwise, unit
from cl_core.losses.miners import KINDS

MAX_NEGATIVES = 6  # largest number of negatives that can be told apart
TIE = 2.0**-40  # distances that differ by no more are equal, so that rounding does not break ties
OTHER: Mapping[str, str] = MappingProxyType(
    {"sqeuclidean": "euclidean", "euclidean": "sqeuclidean", "cosine": "sqeuclidean"}
)  # the distance whose margin is shown for comparison


@dataclass(frozen=True, eq=False)
class TripletScene:
    """What the triplet loss makes of K negatives of one anchor and one positive; float64 unless stated.

    Attributes:
        d_ap: () distance to the positive.
        margin: () how much farther a negative must be.
        edge: () distance from which a negative is easy.
        d_an: (K,) distances to the negatives; one that ties with `d_ap` or `edge` equals it exactly.
        kinds: (K,) int32, index into `KINDS`.
        losses: (K,) loss of each triplet.
        active: () int32, number of triplets with a loss.
        loss: () mean over these.
        forces: (K + 2, 2) minus the gradient of `loss` by anchor, positive and negatives; on the circle along it.
        rings: (3,) Euclidean radii around the anchor: through the positive, where easy begins, and where it would begin
            if the margin were one of the distance of `OTHER`.
        reach: () Euclidean radius at which a negative has the distance that was asked for.
    """

    d_ap: Tensor
    margin: Tensor
    edge: Tensor
    d_an: Tensor
    kinds: Tensor
    losses: Tensor
    active: Tensor
    loss: Tensor
    forces: Tensor
    rings: Tensor
    reach: Tensor


def triplet_scene(
    points: Tensor, margin: float | Tensor, distance: str, *, circle: bool, asked: float | Tensor = 0.0
) -> TripletScene:
    """Measure a scene; compilers can trace it, with tensors as numbers.

    Args:
        points: (K + 2, 2) float64 places of anchor, positive and negatives.
        margin: of the triplet loss, in units of the distance.
        distance: "sqeuclidean", "euclidean" or "cosine".
        circle: whether the points are on the unit circle, so that the loss sees their directions only.
        asked: a distance whose Euclidean radius is wanted as `reach`.

    Returns:
        What the loss and its rules say of it.
    """
    loss = LOSSES["triplet"]
    count = len(points) - 2
    parts = [part.detach().requires_grad_() for part in (points[:1], points[1:2], points[2:])]
    anchor, positive, negatives = (unit(part) for part in parts) if circle else parts
    d_ap = pairwise(anchor, positive, distance).view(1).expand(count)  # (K,)
    edge = d_ap.detach() + margin
    d_an = _tied(_tied(pairwise(anchor, negatives, distance).view(count), edge), d_ap.detach())
    terms = loss.function(Contrast.of_pairs(d_ap, d_an), margin=margin, distance=distance, mining="all_nonzero")
    mean = terms.mean()
    slopes = torch.autograd.grad(mean, parts)
    kinds = torch.stack([i * rule(d_ap, d_an, margin).int() for i, rule in enumerate(KINDS.values())]).sum(0).int()
    other = pairwise(anchor, positive, OTHER[distance])[0, 0].detach() + margin
    near, far = (_radius(value, distance) for value in (d_ap[0].detach(), edge[0]))
    return TripletScene(
        d_ap[0].detach(), _number(margin), edge[0], d_an.detach(), kinds, terms.total.detach(), terms.count.sum().int(),
        mean.detach(), -torch.cat(slopes), torch.stack([near, far, _radius(other, OTHER[distance])]),
        _radius(_number(asked), distance),
    )  # fmt: skip


def largest_distance(distance: str) -> float:
    """Return the largest distance of two points of the unit circle, by the name of the distance."""
    return float(from_similarity(torch.tensor(-1.0), distance))


def _number(value: float | Tensor) -> Tensor:
    return torch.as_tensor(value, dtype=torch.float64)


def _tied(value: Tensor, other: Tensor) -> Tensor:
    """Replace values by others with which they tie; with the gradient of `value`."""
    found = value.detach()
    return value + (other - found).where((other - found).abs() <= TIE, 0)


def _radius(value: Tensor, distance: str) -> Tensor:
    """Return the Euclidean distance, on the circle the chord, at which a distance has a value."""
    match distance:
        case "euclidean":
            return value
        case "sqeuclidean":
            return value.sqrt()
    return from_similarity(1 - value, "sqeuclidean").sqrt()
