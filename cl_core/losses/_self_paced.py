"""The self-paced weighting of circle loss and its variants: a pair weighs more, the farther it is from its optimum."""

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
    """Constants of the positives or of the negatives.

    Attributes:
        optimum: Similarity at which a pair has weight 0.
        margin: Similarity that is subtracted from that of a pair in its logit.
        scale: Factor of the logits.
    """

    optimum: float
    margin: float
    scale: float


def self_paced(c: Contrast, positive: Side, negative: Side, *, pooled: bool = False) -> Terms:
    """Compute log(1 + sum_n exp(scale_n a_n (s_n - margin_n)) sum_p exp(-scale_p a_p (s_p - margin_p))).

    The weights a_p = [optimum_p - s_p]_+ and a_n = [s_n - optimum_n]_+ enter the value, but are constants for the
    derivative. Source: Sun et al. 2020, Circle Loss.

    Args:
        c: Similarities of anchors and items.
        positive: Constants of the positives.
        negative: Constants of the negatives.
        pooled: Whether all unordered pairs of the batch form one group. This needs a symmetric Contrast; in others, as
            on a plane, every anchor is a scene of its own and there is nothing to pool.

    Returns:
        Terms with one term per anchor that has positives and negatives; if pooled, one per batch.
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
    violation = log_p + log_n  # (A,), -inf for an anchor without positives or without negatives
    slope *= violation.sigmoid().to(slope.dtype)[:, None]
    has_both = (c.n_positive > 0) & (c.n_negative > 0)
    return Terms(with_gradient(c.value, _softplus(violation), slope), has_both.long())


def _pooled(c: Contrast, log_p: Tensor, log_n: Tensor, slope: Tensor) -> Terms:
    """Combine all rows into one group with the same term for every anchor; slope (A, N) is that of single rows."""
    anchors = len(slope)
    all_p, all_n = log_p.logsumexp(0), log_n.logsumexp(0)
    violation = all_p + all_n - 2 * math.log(2)  # every pair is stored from both ends, but counts once
    has_both = bool(torch.isfinite(violation))
    if has_both:
        # share of each row in the sum over all rows
        row_p, row_n = ((log - total).exp().to(slope.dtype)[:, None] for log, total in ((log_p, all_p), (log_n, all_n)))
        slope *= torch.where(c.positive, row_p, row_n) * (anchors * violation.sigmoid().item())
    else:
        slope.zero_()
    total = _softplus(violation).expand(anchors)
    return Terms(with_gradient(c.value, total, slope), torch.full((anchors,), int(has_both)), multiplicity=anchors)


def _softplus(x: Tensor) -> Tensor:
    return torch.logaddexp(x, torch.zeros_like(x))
