"""Values that a loss has at total collapse and for perfect classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from cl_core.losses.base import Loss
from cl_core.losses.catalogue import get
from cl_core.losses.contrast import Contrast, from_similarity, label_masks, view_masks

LONG = 1e6  # squared length of embeddings at which a softmax over inner products is decided


def collapse_value(key: str, theta: Mapping[str, Any], labels: Tensor, classes: int | None = None) -> float:
    """What the loss shows when every embedding, and every class weight, is the same point (similarity 1, distance 0).

    labels: (B,), of which a loss on views looks at the number only. classes: of a loss with class weights, by default
    as many as labels differ. Where only ties would count and ties do not (semi-hard triplets), it is the value just
    before that point.
    """
    loss = get(key)
    checked = loss.check(theta)
    positive, negative = _masks(loss, labels, classes)
    value = from_similarity(torch.ones(positive.shape, dtype=torch.float64), loss.metric_of(checked))
    terms = loss.function(Contrast(value, positive, negative, symmetric=not loss.classes), **checked)
    if terms.n_terms == 0:
        hair = torch.linspace(0, 1e-9, value.numel(), dtype=value.dtype).reshape(value.shape)
        terms = loss.function(Contrast(value + (hair + hair.T), positive, negative, symmetric=True), **checked)
    return float(terms.mean())


def floor_value(key: str, theta: Mapping[str, Any], labels: Tensor, classes: int | None = None) -> float:
    """What the loss shows when classes are perfect: positives coincide, classes at the corners of a simplex.

    Then s = -1 / (C - 1) between C classes and d = sqrt(2C / (C - 1)). Where length counts, it is taken in the limit of
    long embeddings. labels, classes: as for `collapse_value`.
    """
    loss = get(key)
    checked = loss.check(theta)
    positive, negative = _masks(loss, labels, classes)
    among = positive.shape[1] if loss.classes else len(labels.unique())
    corners = len(labels) // 2 if loss.views else among
    s = torch.ones(positive.shape, dtype=torch.float64)
    s[negative] = -1 / max(corners - 1, 1)
    value = from_similarity(s, loss.metric_of(checked))
    if loss.metric_of(checked) == "dot":
        value = value * LONG
    contrast = Contrast(value, positive, negative, symmetric=not loss.classes, length=LONG)
    return float(loss.function(contrast, **checked).mean())


def _masks(loss: Loss, labels: Tensor, classes: int | None) -> tuple[Tensor, Tensor]:
    if loss.classes:  # one row says what every row says
        own = torch.zeros(1, classes or len(labels.unique()), dtype=torch.bool)
        own[0, 0] = True
        return own, ~own
    return view_masks(len(labels)) if loss.views else label_masks(labels, len(labels))
