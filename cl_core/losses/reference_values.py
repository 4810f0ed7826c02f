"""Reference values of a loss: at total collapse, and for perfectly separated classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from cl_core.losses.base import Loss
from cl_core.losses.catalogue import get
from cl_core.losses.contrast import Contrast, Terms, label_masks, view_masks
from cl_core.losses.distances import from_similarity

# Stands for an infinite length (squared length for inner products): a softmax over logits of this size is one-hot.
INFINITE_LENGTH = 1e6


def collapse_value(key: str, theta: Mapping[str, Any], labels: Tensor, classes: int | None = None) -> float:
    """Compute the value of a loss when all embeddings and class weights coincide (similarity 1, distance 0).

    If only ties would form terms and the loss excludes ties (semi-hard triplets), it is the limit of the value just
    before that point.

    Args:
        key: Key of the loss.
        theta: Its parameters; those that are missing have their defaults.
        labels: (B,) labels of a batch; a loss on views uses only their number.
        classes: Number of class weights; by default the number of different labels.

    Returns:
        The mean loss of the batch; 0 if it has no valid term.

    Raises:
        ValueError: when key, parameters or labels are not valid.
    """
    loss = get(key)
    return float(_terms_with_or_without_ties(loss, loss.check(theta), *pair_masks(loss, labels, classes)).mean())


def has_terms(key: str, labels: Tensor) -> bool:
    """Return whether a batch can have a valid term for a loss; if not, its loss is 0 whatever the embeddings are.

    Args:
        key: Key of the loss.
        labels: (B,) labels of the batch.

    Returns:
        Whether the pairs are there that the loss compares, such as a positive and a negative one of the same anchor.

    Raises:
        ValueError: when key or labels are not valid.
    """
    loss = get(key)
    # two rows of each of two classes have every sort of pair that the batch has
    counts = labels.unique(return_counts=True)[1].sort(descending=True).values[:2].clamp(max=2)
    rows = torch.repeat_interleave(torch.arange(len(counts)), counts)
    theta = {"mining": "all"} if "mining" in loss.parameters else {}
    return _terms_with_or_without_ties(loss, loss.check(theta), *pair_masks(loss, rows)).n_terms > 0


def floor_value(key: str, theta: Mapping[str, Any], labels: Tensor, classes: int | None = None) -> float:
    """Compute the value of a loss for perfect classes: each is one point, and the points form a regular simplex.

    Between C classes s = -1 / (C - 1) then, and d = sqrt(2C / (C - 1)). For a loss that depends on the length of
    embeddings it is the limit of long embeddings.

    Args:
        key: Key of the loss.
        theta: Its parameters; those that are missing have their defaults.
        labels: (B,) labels of a batch; a loss on views uses only their number.
        classes: Number of classes, of which a small batch need not have all; by default the number of different labels.

    Returns:
        The mean loss of the batch.

    Raises:
        ValueError: when key, parameters or labels are not valid.
    """
    loss = get(key)
    positive, negative = pair_masks(loss, labels, classes)
    n_classes = positive.shape[1] if loss.classes else classes or len(labels.unique())
    corners = len(labels) // 2 if loss.views else n_classes
    return float(terms_at_floor(loss, loss.check(theta), positive, negative, corners).mean())


def terms_at_floor(loss: Loss, theta: Mapping[str, Any], positive: Tensor, negative: Tensor, corners: int) -> Terms:
    """Return the terms of a loss for perfect classes at some of the corners of a regular simplex.

    Args:
        loss: The loss.
        theta: All of its parameters.
        positive: (A, N) bool, of `pair_masks`.
        negative: (A, N) bool, likewise.
        corners: Number of corners of the simplex.
    """
    s = torch.ones_like(positive, dtype=torch.float64).masked_fill(negative, -1 / max(corners - 1, 1))
    value = from_similarity(s, loss.metric_of(theta))
    if loss.metric_of(theta) == "dot":
        value = value * INFINITE_LENGTH
    contrast = Contrast(value, positive, negative, symmetric=not loss.classes, length=INFINITE_LENGTH)
    return loss.function(contrast, **theta)


def terms_at_collapse(
    loss: Loss, theta: Mapping[str, Any], positive: Tensor, negative: Tensor, *, ties: bool = True
) -> Terms:
    """Return the terms of a loss when all embeddings coincide.

    Args:
        loss: The loss.
        theta: All of its parameters.
        positive: (A, N) bool, of `pair_masks`.
        negative: (A, N) bool, likewise.
        ties: Whether the embeddings coincide; else they are just before that point, where semi-hard triplets are.
    """
    value = from_similarity(torch.ones_like(positive, dtype=torch.float64), loss.metric_of(theta))
    if not ties:
        rows, columns = (torch.arange(size, dtype=value.dtype, device=value.device) for size in value.shape)
        shift = (rows[:, None] * len(columns) + columns) * (1e-9 / value.numel())
        value = value + (shift + shift.T)
    return loss.function(Contrast(value, positive, negative, symmetric=not loss.classes), **theta)


def _terms_with_or_without_ties(loss: Loss, theta: Mapping[str, Any], positive: Tensor, negative: Tensor) -> Terms:
    terms = terms_at_collapse(loss, theta, positive, negative)
    return terms if terms.n_terms else terms_at_collapse(loss, theta, positive, negative, ties=False)


def pair_masks(loss: Loss, labels: Tensor, classes: int | None = None) -> tuple[Tensor, Tensor]:
    """Return which pairs of a batch are positive, and which are negative, (A, N) bool.

    Args:
        loss: The loss.
        labels: (B,) labels of the batch; a loss on views uses only their number.
        classes: Number of class weights; by default the number of different labels.
    """
    if loss.classes:  # all rows have the same value, so one is enough
        positive = torch.arange(classes or len(labels.unique()), device=labels.device)[None] == 0
        return positive, ~positive
    return view_masks(len(labels)) if loss.views else label_masks(labels, len(labels))
