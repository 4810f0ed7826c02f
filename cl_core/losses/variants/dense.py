"""Functions of variants in a form whose shapes depend on shapes only, so that a compiler can trace them.

Each takes the arguments of the function that it stands for and returns the same value; parameters may also be tensors
of one number. What this library's own losses say is said by them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from cl_core.losses import catalogue
from cl_core.losses.contrast import Terms, label_masks
from cl_core.losses.distances import pairwise
from cl_core.losses.variants import pairs, sets
from cl_core.losses.variants.base import Variant


def dense_loss(variant: Variant) -> Callable[..., Tensor] | None:
    """Return the function of a variant in a form that can be traced.

    Args:
        variant: The variant.

    Returns:
        A function that takes z, y, weight, bias and all parameters of the loss as keyword arguments, ignores what it
        does not need, and returns the mean loss; None for a variant without a function.
    """
    if variant.function is None:
        return None
    function = DENSE.get(variant.function, variant.function)
    accepted = signature(function).parameters
    return lambda **given: function(**{name: value for name, value in given.items() if name in accepted})


def _terms(key: str, z: Tensor, y: Tensor, **theta: Any) -> Terms:
    """Return the terms of this library's loss."""
    loss = catalogue.get(key)
    return loss.function(loss.contrast(z, y, theta), **theta)


def _linear_nonzero(z: Tensor, y: Tensor, margin: float) -> Tensor:
    positive, negative = label_masks(y, len(y))
    d = _unit_distances(z)
    return _mean_of_nonzero(d.where(positive, 0)) + _mean_of_nonzero((margin - d).relu().where(negative, 0))


def _hinge_of_squares(z: Tensor, y: Tensor, margin: float) -> Tensor:
    positive, negative = label_masks(y, len(y))
    squares = _unit_distances(z).square()
    push = (margin - squares).relu()
    return _mean_of_nonzero(squares.where(positive, 0)) + _mean_of_nonzero(push.where(negative, 0))


def _unit_distances(z: Tensor) -> Tensor:
    u = normalize(z, dim=1)
    return pairwise(u, u, "euclidean")


def _mean_of_nonzero(terms: Tensor) -> Tensor:
    """Return the mean of those terms, of at least 0, that are not 0."""
    return terms.sum() / (terms > 0).sum().clamp_min(1)


def _batch_hard_for_all(z: Tensor, y: Tensor, margin: float) -> Tensor:
    positive, negative = label_masks(y, len(y))
    d = pairwise(z, z, "euclidean")
    return (d.where(positive, 0).amax(1) - d.where(negative, torch.inf).amin(1) + margin).relu().mean()


def _one_pair_per_class(z: Tensor, y: Tensor, l2: float) -> Tensor:
    is_first, partner = _first_pairs(z, y)
    lengths = z.square().sum(1) + partner.square().sum(1)
    return _mean_of_anchors(_partner_losses(z, partner, is_first) + l2 * lengths, is_first)


def _one_unit_pair_per_class(z: Tensor, y: Tensor) -> Tensor:
    is_first, partner = _first_pairs(normalize(z, dim=1), y)
    return _mean_of_anchors(_partner_losses(normalize(z, dim=1), partner, is_first), is_first)


def _first_pairs(z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return which rows are the first of a class with two, (B,), and the second row of each row's class, (B, D)."""
    same = y[:, None] == y
    row = torch.arange(len(y), device=y.device)
    place = (same & (row < row[:, None])).sum(1)  # of each row in its class
    second = same & (place == 1)
    return (place == 0) & (second.sum(1) > 0), second.to(z.dtype) @ z


def _partner_losses(z: Tensor, partner: Tensor, is_first: Tensor) -> Tensor:
    """Return the cross-entropy for finding each row's partner among those of the anchors, (B,); 0 for other rows."""
    s = z @ partner.T
    candidates = is_first | torch.eye(len(s), dtype=torch.bool, device=s.device)  # of other rows: no empty sum
    return s.masked_fill(~candidates, -torch.inf).logsumexp(1) - (z * partner).sum(1)


def _mean_of_anchors(losses: Tensor, is_anchor: Tensor) -> Tensor:
    return losses.where(is_anchor, 0).sum() / is_anchor.sum().clamp_min(1)


def _quarter_of_the_penalty(z: Tensor, y: Tensor, l2: float) -> Tensor:
    return _terms("npair", z, y, l2=l2 / 4).mean()


def _supcon(z: Tensor, y: Tensor, temperature: float) -> Tensor:
    return _terms("supcon", z, y, temperature=temperature, variant="out").mean()


def _rescaled_supcon(z: Tensor, y: Tensor, temperature: float) -> Tensor:
    return temperature / 0.07 * _supcon(z, y, temperature)


def _supcon_of_all_anchors(z: Tensor, y: Tensor, temperature: float) -> Tensor:
    positive, _ = label_masks(y, len(y))
    return _supcon(z, y, temperature) * positive.any(1).sum() / len(y)


def _pccl_with_margins(z: Tensor, y: Tensor, margin: float, temperature: float, xi: int) -> Tensor:
    return _terms("pccl_released", z, y, margin=margin, scale=1 / temperature, k=xi).mean()


DENSE: Mapping[Callable[..., Tensor], Callable[..., Tensor]] = MappingProxyType(
    {
        pairs.linear_nonzero: _linear_nonzero,
        pairs.hinge_of_squares: _hinge_of_squares,
        pairs.batch_hard_for_all: _batch_hard_for_all,
        sets.one_pair_per_class: _one_pair_per_class,
        sets.one_unit_pair_per_class: _one_unit_pair_per_class,
        sets.quarter_of_the_penalty: _quarter_of_the_penalty,
        sets.rescaled_supcon: _rescaled_supcon,
        sets.supcon_of_all_anchors: _supcon_of_all_anchors,
        sets.labels_in_denominator: _supcon,
        sets.pccl_with_margins: _pccl_with_margins,
    }
)
