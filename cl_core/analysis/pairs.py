"""Real pairs in the plane of similarities: where the pairs of an actual embedding stand, and which still violate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cl_core.losses.base import Loss
from cl_core.losses.contrast import label_masks
from cl_core.losses.distances import from_similarity, unit

SELECTIONS = ("random", "hardest")
POINTS = 2000


def pair_similarities(
    z: NDArray[np.floating[Any]],
    y: NDArray[np.integer[Any]],
    weight: NDArray[np.floating[Any]] | None = None,
    choice: str = "random",
) -> NDArray[np.float64]:
    """Points (n, 2) as (s_n, s_p), cosines, of embeddings z (N, D) with labels y (N,).

    "random": `POINTS` of all anchors with a positive and a negative, the same ones every time; "hardest": each
    anchor's farthest positive and nearest negative. Against class weights (C, D) each embedding is one point, and its
    negative the nearest of the other classes. Raises ValueError for another choice.
    """
    if choice not in SELECTIONS:
        raise ValueError(f"choice must be one of {', '.join(SELECTIONS)}, not {choice!r}")
    u, labels = unit(torch.tensor(z, dtype=torch.float64)), torch.tensor(y)
    if weight is None:
        s = u @ u.T
        positive, negative = label_masks(labels, len(labels))
    else:
        s = u @ unit(torch.tensor(weight, dtype=torch.float64)).T
        positive = labels[:, None] == torch.arange(len(weight))
        negative = ~positive
    anchors = positive.any(1) & negative.any(1)
    if choice == "hardest" or weight is not None:
        s_p = s.masked_fill(~positive, torch.inf).amin(1)
        s_n = s.masked_fill(~negative, -torch.inf).amax(1)
        return torch.stack([s_n, s_p], 1)[anchors].numpy()
    dice = np.random.default_rng(0)
    a = dice.choice(np.flatnonzero(anchors.numpy()), POINTS) if anchors.any() else np.zeros(0, np.int64)
    p, n = (_one_of(mask.numpy()[a], dice) for mask in (positive, negative))
    return np.stack([s.numpy()[a, n], s.numpy()[a, p]], 1)


def _one_of(mask: NDArray[np.bool_], dice: np.random.Generator) -> NDArray[np.int64]:
    """For each row of `mask` one of its true columns."""
    columns: NDArray[np.int64] = (dice.random(mask.shape) * mask).argmax(axis=1)
    return columns


def violates_boundary(loss: Loss, theta: Mapping[str, Any], points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points (n, 2) the loss's boundary is still ahead of; without one, whose negative it still pushes.

    Lengths are left out: each point is judged as unit vectors of these cosines.
    """
    checked = loss.check(theta)
    if loss.boundary is None:
        neutral = loss.landmarks(**checked).neutral
        return points[:, 0] > (1.0 if neutral is None else neutral)
    x_n, x_p = (from_similarity(torch.from_numpy(points[:, i]), loss.metric_of(checked)) for i in (0, 1))
    return (loss.boundary(x_p, x_n, **checked) > 0).numpy()
