"""What the softmax losses share: how much of a row's attention each candidate gets, and the log of their sum.

Logits are never exponentiated as they are: the largest of a row is taken off first, so a temperature of 0.01 is as
safe as one of 1.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from cl_core.losses.autograd import apply_rows
from cl_core.losses.contrast import Contrast, Terms

DIAGONAL = "s_p=s_n"  # where one positive and one negative have equal shares


def diagonal(t: Tensor, **_: object) -> tuple[Tensor, Tensor]:
    """Points of s_p = s_n for t from 0 to 1."""
    return 2 * t - 1, 2 * t - 1


def softmax_shares(value: Tensor, mask: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Log-sum-exp (A,) of value / temperature over `mask` (A, N), in float64, and its softmax (A, N).

    An empty row has log-sum-exp -inf and shares of 0.
    """
    share = value.detach().masked_fill(~mask, -torch.inf)  # the one temporary; everything else is in place
    top = share.amax(1)
    top.masked_fill_(top == -torch.inf, 0)
    share.sub_(top[:, None]).div_(temperature).exp_()
    total = share.sum(1)
    share.mul_(total.reciprocal().masked_fill_(total == 0, 0)[:, None])
    return top.double() / temperature + total.double().log(), share


def pair_terms(contrast: Contrast, temperature: float) -> Terms:
    """One term a positive pair: log(1 + sum over n of exp((v_n - v_p) / temperature)), all negatives of its anchor."""

    def of_rows(value: Tensor, positive: Tensor, negative: Tensor) -> tuple[Tensor, Tensor]:
        log_sum, slope = softmax_shares(value, negative, temperature)
        a, p = positive.nonzero(as_tuple=True)
        violation = log_sum[a] - value[a, p].double() / temperature  # (pairs,)
        term = torch.logaddexp(violation, torch.zeros_like(violation))  # softplus
        # d/dv_p = -sigmoid(violation) / temperature; the negatives share what the anchor's positives get
        pull = violation.sigmoid_().div_(temperature)
        slope *= torch.zeros_like(log_sum).index_add_(0, a, pull).to(slope.dtype)[:, None]
        slope[a, p] = -pull.to(slope.dtype)
        return torch.zeros_like(log_sum).index_add_(0, a, term), slope

    return Terms(apply_rows(contrast, of_rows), contrast.n_positive)


def logit_terms(contrast: Contrast, logits: Tensor) -> Terms:
    """Cross-entropy of each anchor over its `logits` (A, N): one term a positive, against all negatives."""
    return pair_terms(replace(contrast, value=logits), temperature=1.0)
