"""Pairs of a real embedding as points in the plane of similarities (s_n, s_p), and which violate a boundary."""

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
RANDOM_POINTS = 2000


def pair_similarities(
    z: NDArray[np.floating[Any]],
    y: NDArray[np.integer[Any]],
    weight: NDArray[np.floating[Any]] | None = None,
    choice: str = "random",
) -> NDArray[np.float64]:
    """Return cosines (s_n, s_p) of anchors with one negative and one positive each.

    Args:
        z: embeddings (N, D).
        y: labels (N,).
        weight: class weights (C, D). With them each embedding is one anchor, the weight of its class is its positive,
            and the nearest other weight its negative. Without them positives and negatives are embeddings.
        choice: "random" for `RANDOM_POINTS` triplets, the same in every call; "hardest" for the farthest positive and
            the nearest negative of each anchor.

    Returns:
        Points (n, 2) as (s_n, s_p), of anchors that have a positive and a negative.

    Raises:
        ValueError: when `choice` is not one of `SELECTIONS`.
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
    rng = np.random.default_rng(0)
    a = rng.choice(np.flatnonzero(anchors.numpy()), RANDOM_POINTS) if anchors.any() else np.zeros(0, np.int64)
    p, n = (_random_columns(mask.numpy()[a], rng) for mask in (positive, negative))
    return np.stack([s.numpy()[a, n], s.numpy()[a, p]], 1)


def _random_columns(mask: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int64]:
    """Choose one of the true columns of each row of `mask`."""
    columns: NDArray[np.int64] = (rng.random(mask.shape) * mask).argmax(axis=1)
    return columns


def violates_boundary(loss: Loss, theta: Mapping[str, Any], points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which points violate the decision boundary of a loss, as (n,) bool.

    For a loss without a boundary these are the points whose negative it still repels. Points stand for unit vectors, so
    lengths of embeddings do not count.

    Args:
        loss: whose boundary.
        theta: its parameters; defaults for those that are missing.
        points: (n, 2) as (s_n, s_p), cosines.

    Raises:
        ValueError: when a parameter is unknown or out of range.
    """
    checked = loss.check(theta)
    if loss.boundary is None:
        neutral = loss.landmarks(**checked).neutral
        return points[:, 0] > (1.0 if neutral is None else neutral)
    x_n, x_p = (from_similarity(torch.from_numpy(points[:, i]), loss.metric_of(checked)) for i in (0, 1))
    return (loss.boundary(x_p, x_n, **checked) > 0).numpy()
