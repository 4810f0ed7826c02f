"""What circle loss and its relatives share: a pair weighs the more, the farther it is from its optimum."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from cl_core.losses._softmax_terms import softmax_shares
from cl_core.losses.autograd import row_blocks, with_gradient
from cl_core.losses.contrast import Contrast, Terms


@dataclass(frozen=True)
class Side:
    """Of the positives, or of the negatives: their optimum, their margin and what multiplies their logits."""

    optimum: float
    margin: float
    scale: float


def self_paced(c: Contrast, positive: Side, negative: Side, *, pooled: bool = False) -> Terms:
    """log(1 + sum_n exp(scale a_n (s_n - margin)) sum_p exp(-scale a_p (s_p - margin))), the weights a frozen.

    a_p = [optimum - s_p]_+ and a_n = [s_n - optimum]_+ enter the value, but are constants to the derivative.
    One term an anchor that has both kinds. pooled: one term a batch, over all its unordered pairs; where every anchor
    is a scene of its own, as on a plane, there is nothing to pool.
    """
    value = c.value.detach()
    log_p, log_n = (torch.empty(len(value), dtype=torch.float64) for _ in range(2))
    slope = torch.empty_like(value)
    for rows in row_blocks(*value.shape):
        s, is_p, is_n = value[rows], c.positive[rows], c.negative[rows]
        a_p, a_n = (positive.optimum - s).clamp_(min=0), (s - negative.optimum).clamp_(min=0)
        log_p[rows], share_p = softmax_shares(a_p * (positive.margin - s), is_p, 1 / positive.scale)
        log_n[rows], share_n = softmax_shares(a_n * (s - negative.margin), is_n, 1 / negative.scale)
        slope[rows] = (a_n * share_n).mul_(negative.scale).sub_((a_p * share_p).mul_(positive.scale))
    if pooled and c.symmetric:
        return _pooled(c, log_p, log_n, slope)
    violation = log_p + log_n  # (A,), -inf where a kind is missing
    slope *= violation.sigmoid().to(slope.dtype)[:, None]
    both = (c.n_positive > 0) & (c.n_negative > 0)
    return Terms(with_gradient(c.value, _softplus(violation), slope), both.long())


def _pooled(c: Contrast, log_p: Tensor, log_n: Tensor, slope: Tensor) -> Terms:
    """All rows as one group, which every anchor sees as its own; slope (A, N) as it is row by row."""
    anchors = len(slope)
    all_p, all_n = log_p.logsumexp(0), log_n.logsumexp(0)
    violation = all_p + all_n - 2 * math.log(2)  # every pair stands there from both ends, and counts once
    there = bool(torch.isfinite(violation))
    if there:
        of_p, of_n = ((log - total).exp().to(slope.dtype)[:, None] for log, total in ((log_p, all_p), (log_n, all_n)))
        slope *= torch.where(c.positive, of_p, of_n) * (anchors * violation.sigmoid().item())
    else:
        slope.zero_()
    total = _softplus(violation).expand(anchors)
    return Terms(with_gradient(c.value, total, slope), torch.full((anchors,), int(there)), multiplicity=anchors)


def _softplus(x: Tensor) -> Tensor:
    return torch.logaddexp(x, torch.zeros_like(x))
