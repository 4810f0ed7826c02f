"""The self-paced weighting of circle loss and its variants: a pair weighs more, the farther it is from its optimum."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from cl_core.losses._softmax_terms import log_sum_exp, softmax_shares, softplus
from cl_core.losses.autograd import is_fast, map_rows, with_fast_gradient, with_gradient
from cl_core.losses.contrast import Contrast, Terms


@dataclass(frozen=True)
class Side:
    """Constants of the positives or of the negatives.

    Attributes:
        optimum: Similarity at which a pair has weight 0.
        margin: Similarity that is subtracted from that of a pair in its logit.
        scale: Factor of the logits.
        pacing: From 0, where every pair has the weight 1, to 1, where the weight is the distance from the optimum; None
            is 1 without a multiplication.
    """

    optimum: float
    margin: float
    scale: float
    pacing: float | None = None

    def weight(self, distance: Tensor) -> Tensor:
        """Return the weight of pairs by their distance from the optimum, which is 0 beyond it."""
        return distance if self.pacing is None else distance * self.pacing + (1 - self.pacing)


def pair_weights(
    s_p: Tensor, s_n: Tensor, optimum_p: float | Tensor, optimum_n: float | Tensor, pacing: float | Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return the weights of positives at s_p and of negatives at s_n, for pictures."""
    weights = (optimum_p - s_p).clamp(min=0), (s_n - optimum_n).clamp(min=0)
    return weights if pacing is None else (1 - pacing + pacing * weights[0], 1 - pacing + pacing * weights[1])


def self_paced(c: Contrast, positive: Side, negative: Side, *, pooled: bool = False, frozen: bool = True) -> Terms:
    """Compute log(1 + sum_n exp(scale_n a_n (s_n - margin_n)) sum_p exp(-scale_p a_p (s_p - margin_p))).

    The weights a_p = [optimum_p - s_p]_+ and a_n = [s_n - optimum_n]_+ enter the value, but are constants for the
    derivative. Source: Sun et al. 2020, Circle Loss.

    Args:
        c: Similarities of anchors and items.
        positive: Constants of the positives.
        negative: Constants of the negatives.
        pooled: Whether all unordered pairs of the batch form one group. This needs a symmetric Contrast; in others, as
            on a plane, every anchor is a scene of its own and there is nothing to pool.
        frozen: Whether the weights are constants for the derivative; else it is that of the value.

    Returns:
        Terms with one term per anchor that has positives and negatives; if pooled, one per batch.
    """
    pooled = pooled and c.symmetric
    has_positive, has_negative = c.has_positive, c.has_negative
    if pooled:
        count = (has_positive.any() & has_negative.any()).long().expand(len(c.value))
    else:
        count = (has_positive & has_negative).long()
    if not frozen:
        total, _ = _dense_terms(c, c.value, positive, negative, pooled)
    elif is_fast(c, *vars(positive).values(), *vars(negative).values()):
        total = _fast_total(c, positive, negative, pooled)
    else:
        total = _dense_total(c, c.value, positive, negative, pooled)
    return Terms(total, count, multiplicity=len(count) if pooled else 1)


def _dense_total(c: Contrast, value: Tensor, positive: Side, negative: Side, pooled: bool) -> Tensor:
    """Return the term of each anchor (A,); the masks are those of `c`.

    The value is computed from detached similarities and the derivative by its formula: the weights are constant for the
    first derivative only.
    """
    total, _ = _dense_terms(c, value.detach(), positive, negative, pooled)
    _, slope = _dense_terms(c, value, positive, negative, pooled)
    return with_gradient(value, total, slope)


def _dense_terms(c: Contrast, s: Tensor, positive: Side, negative: Side, pooled: bool) -> tuple[Tensor, Tensor]:
    """Return the term of each anchor (A,) and its derivative (A, N) by the similarities `s`, both differentiable."""
    a_p = positive.weight((positive.optimum - s).clamp(min=0))
    a_n = negative.weight((s - negative.optimum).clamp(min=0))
    logits_p = positive.scale * a_p * (positive.margin - s)
    logits_n = negative.scale * a_n * (s - negative.margin)
    log_p, log_n = _log_sums(logits_p, c.positive, pooled), _log_sums(logits_n, c.negative, pooled)  # (A,) or (1,)
    violation = log_p + log_n - (2 * math.log(2) if pooled else 0)  # pooled: every pair is stored from both ends
    share_p = (logits_p.masked_fill(~c.positive, -torch.inf) - _finite(log_p)[:, None]).exp()
    share_n = (logits_n.masked_fill(~c.negative, -torch.inf) - _finite(log_n)[:, None]).exp()
    slope = negative.scale * a_n * share_n - positive.scale * a_p * share_p
    factor = len(s) if pooled else 1  # the mean is over all anchors, which share one term
    return softplus(violation).expand(len(s)), factor * violation.sigmoid()[:, None] * slope


def _log_sums(logits: Tensor, mask: Tensor, pooled: bool) -> Tensor:
    return log_sum_exp(logits.reshape(1, -1), mask.reshape(1, -1)) if pooled else log_sum_exp(logits, mask)


def _finite(x: Tensor) -> Tensor:
    return x.masked_fill(x == -torch.inf, 0)


def _fast_total(c: Contrast, positive: Side, negative: Side, pooled: bool) -> Tensor:
    """Return the term of each anchor (A,), by blocks of rows and with an analytic derivative."""

    def shares_and_slope(s: Tensor, is_p: Tensor, is_n: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        a_p = positive.weight((positive.optimum - s).clamp_(min=0))
        a_n = negative.weight((s - negative.optimum).clamp_(min=0))
        log_p, share_p = softmax_shares(a_p * (positive.margin - s), is_p, 1 / positive.scale)
        log_n, share_n = softmax_shares(a_n * (s - negative.margin), is_n, 1 / negative.scale)
        return log_p, log_n, a_n.mul_(share_n).mul_(negative.scale).sub_(a_p.mul_(share_p).mul_(positive.scale))

    log_p, log_n, slope = map_rows(c, shares_and_slope)
    if pooled:
        violation, slope = _pooled(c, log_p, log_n, slope)
    else:
        violation = log_p + log_n  # (A,), -inf for an anchor without positives or without negatives
        slope *= violation.sigmoid().to(slope.dtype)[:, None]
    return with_fast_gradient(
        c.value,
        softplus(violation).expand(len(slope)),
        slope,
        lambda value: _dense_total(c, value, positive, negative, pooled),
    )


def _pooled(c: Contrast, log_p: Tensor, log_n: Tensor, slope: Tensor) -> tuple[Tensor, Tensor]:
    """Combine all rows into one group; return its violation, a scalar, and the derivative from that of single rows."""
    all_p, all_n = log_p.logsumexp(0), log_n.logsumexp(0)
    violation = all_p + all_n - 2 * math.log(2)  # every pair is stored from both ends, but counts once
    if not torch.isfinite(violation):
        return violation, slope.zero_()
    # share of each row in the sum over all rows
    row_p, row_n = ((log - total).exp().to(slope.dtype)[:, None] for log, total in ((log_p, all_p), (log_n, all_n)))
    slope *= torch.where(c.positive, row_p, row_n) * (len(slope) * violation.sigmoid().item())
    return violation, slope
