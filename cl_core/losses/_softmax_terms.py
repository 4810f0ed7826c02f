"""Terms of the softmax losses: the softmax of a row of values, and the log-sum-exp of their logits.

A logit is never exponentiated as it is: the largest logit of the row is subtracted first, so a temperature of 0.01 is
as safe as one of 1.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from cl_core.losses.autograd import apply_rows
from cl_core.losses.contrast import Contrast, Terms

DIAGONAL = "s_p=s_n"  # the boundary where one positive and one negative have equal shares


def diagonal(t: Tensor, **_: object) -> tuple[Tensor, Tensor]:
    """Return the points (s_n, s_p) of the line s_p = s_n for t from 0 to 1."""
    return 2 * t - 1, 2 * t - 1


def softmax_shares(value: Tensor, mask: Tensor, temperature: float | Tensor) -> tuple[Tensor, Tensor]:
    """Compute log-sum-exp and softmax of value / temperature over the masked entries of each row.

    Args:
        value: (A, N) values.
        mask: (A, N) bool, the entries that count.
        temperature: Divides the values, greater than 0.

    Returns:
        The log-sum-exp (A,) in float64, -inf for an empty row, and the softmax (A, N), 0 outside the mask.
    """
    share = value.detach().masked_fill(~mask, -torch.inf)  # the only temporary; all further operations are in place
    top = share.amax(1)
    top.masked_fill_(top == -torch.inf, 0)
    share.sub_(top[:, None]).div_(temperature).exp_()
    total = share.sum(1)
    share.mul_(total.reciprocal().masked_fill_(total == 0, 0)[:, None])
    return top.double() / temperature + total.double().log(), share


def log_sum_exp(logits: Tensor, mask: Tensor) -> Tensor:
    """Compute log-sum-exp over the masked entries of each row; the dense form of `softmax_shares`.

    Args:
        logits: (A, N) logits, finite.
        mask: (A, N) bool, the entries that count.

    Returns:
        (A,) -inf with a gradient of zeros for an empty row; differentiable any number of times.
    """
    masked = logits.masked_fill(~mask, -torch.inf)
    top = masked.detach().amax(1, keepdim=True)
    top = top.masked_fill(top == -torch.inf, 0)
    total = (masked - top).exp().sum(1)
    empty = total == 0
    return (total.masked_fill(empty, 1).log() + top[:, 0]).masked_fill(empty, -torch.inf)


def softplus(x: Tensor) -> Tensor:
    """Compute log(1 + exp(x)) exactly over its whole range, -inf included; differentiable any number of times."""
    return -functional.logsigmoid(-x)


def pair_terms(contrast: Contrast, temperature: float | Tensor) -> Terms:
    """Compute one term per positive pair: log(1 + sum over n of exp((v_n - v_p) / temperature)).

    Args:
        contrast: Similarities or logits v of anchors and items.
        temperature: Divides the values, greater than 0.

    Returns:
        Terms with one term per positive pair, against all negatives of its anchor.
    """

    def total_and_slope(value: Tensor, positive: Tensor, negative: Tensor) -> tuple[Tensor, Tensor]:
        log_sum, slope = softmax_shares(value, negative, temperature)
        a, p = positive.nonzero(as_tuple=True)
        violation = log_sum[a] - value[a, p].double() / temperature  # (pairs,)
        term = torch.logaddexp(violation, torch.zeros_like(violation))  # softplus
        # d/dv_p = -sigmoid(violation) / temperature; the negatives divide the sum over the anchor's positives
        pull = violation.sigmoid_().div_(temperature)
        slope *= torch.zeros_like(log_sum).index_add_(0, a, pull).to(slope.dtype)[:, None]
        slope[a, p] = -pull.to(slope.dtype)
        return torch.zeros_like(log_sum).index_add_(0, a, term), slope

    def total(value: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        logits = value / temperature
        return softplus(log_sum_exp(logits, negative)[:, None] - logits).where(positive, 0).sum(1)

    return Terms(apply_rows(contrast, total_and_slope, total, temperature), contrast.n_positive)


def logit_terms(contrast: Contrast, logits: Tensor) -> Terms:
    """Compute the cross-entropy of each anchor over given logits.

    Args:
        contrast: Masks of positives and negatives.
        logits: (A, N) logits that replace the values of `contrast`.

    Returns:
        Terms with one term per positive pair, against all negatives of its anchor.
    """
    return pair_terms(replace(contrast, value=logits), temperature=1.0)
