"""The losses that compare a positive with all other rows of the batch, in plain PyTorch.

Functions take embeddings z (B, D), labels y (B,) and the parameters of the loss, and return the mean loss, a scalar.
Their sources are printed in example programs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, softplus

from cl_core.losses.parameters import Value
from cl_core.losses.plain.pairs import mean, pair_masks, similarity


def npair(z: Tensor, y: Tensor, l2: float) -> Tensor:
    """Return the mean over positive pairs of log(1 + sum over n of exp(z_i z_n - z_i z_p)) + l2 (|z_i|^2 + |z_p|^2)."""
    positive, negative = pair_masks(y)
    s = z @ z.T  # raw inner products
    log_sum_n = s.masked_fill(~negative, -torch.inf).logsumexp(1)  # (B,)
    i, p = positive.nonzero(as_tuple=True)
    squared_length = z.square().sum(1)
    return mean(softplus(log_sum_n[i] - s[i, p]) + l2 * (squared_length[i] + squared_length[p]))


def info_nce(z: Tensor, y: Tensor, temperature: float) -> Tensor:
    """Return the mean over ordered positive pairs of log(1 + sum over n of exp((s_in - s_ip) / tau))."""
    positive, negative = pair_masks(y)
    s = similarity(z) / temperature
    log_sum_n = s.masked_fill(~negative, -torch.inf).logsumexp(1)  # (B,)
    i, p = positive.nonzero(as_tuple=True)
    return mean(softplus(log_sum_n[i] - s[i, p]))


def nt_xent(z: Tensor, temperature: float) -> Tensor:
    """Return the cross-entropy for finding the other view, of row i that is row i + N, among all other rows."""
    s = (similarity(z) / temperature).fill_diagonal_(-torch.inf)  # no row is its own candidate
    other_view = torch.arange(len(z), device=z.device).roll(len(z) // 2)
    return cross_entropy(s, other_view)


def supcon(z: Tensor, y: Tensor, temperature: float) -> Tensor:
    """Return the mean over anchors that have a positive of the mean of -log of the share of each positive.

    The shares are the softmax over all rows but the anchor.
    """
    positive, _ = pair_masks(y)
    s = similarity(z) / temperature
    itself = torch.eye(len(y), dtype=torch.bool, device=y.device)
    log_share = s - s.masked_fill(itself, -torch.inf).logsumexp(1, keepdim=True)
    n = positive.sum(1)
    return mean(-log_share.where(positive, 0).sum(1)[n > 0] / n[n > 0])


def supcon_inside(z: Tensor, y: Tensor, temperature: float) -> Tensor:
    """Return the mean over anchors that have a positive of -log of the mean share of the positives.

    The shares are the softmax over all rows but the anchor.
    """
    positive, _ = pair_masks(y)
    s = similarity(z) / temperature
    itself = torch.eye(len(y), dtype=torch.bool, device=y.device)
    log_share = s - s.masked_fill(itself, -torch.inf).logsumexp(1, keepdim=True)
    n = positive.sum(1)
    log_sum_p = log_share.masked_fill(~positive, -torch.inf).logsumexp(1)
    return mean(n[n > 0].to(z).log() - log_sum_p[n > 0])


def circle_logits(s: Tensor, margin: float, scale: float) -> tuple[Tensor, Tensor]:
    """Return the logits of each pair as a positive and as a negative; their weights a have no gradient."""
    a_p, a_n = (1 + margin - s).relu().detach(), (s + margin).relu().detach()
    return -scale * a_p * (s - (1 - margin)), scale * a_n * (s - margin)


def circle(z: Tensor, y: Tensor, margin: float, scale: float) -> Tensor:
    """Return the mean over anchors of log(1 + sum over n of exp(logit_n) times sum over p of exp(logit_p))."""
    positive, negative = pair_masks(y)
    logit_p, logit_n = circle_logits(similarity(z), margin, scale)
    log_sum_p = logit_p.masked_fill(~positive, -torch.inf).logsumexp(1)
    log_sum_n = logit_n.masked_fill(~negative, -torch.inf).logsumexp(1)
    both = positive.any(1) & negative.any(1)
    return mean(softplus(log_sum_p + log_sum_n)[both])


def circle_of_batch(z: Tensor, y: Tensor, margin: float, scale: float) -> Tensor:
    """Return log(1 + sum of exp(logit_n) times sum of exp(logit_p)), with sums over all pairs of the batch."""
    i, j = torch.triu_indices(len(y), len(y), 1)  # each pair once
    logit_p, logit_n = circle_logits(similarity(z)[i, j], margin, scale)
    same = y[i] == y[j]
    return softplus(logit_p[same].logsumexp(0) + logit_n[~same].logsumexp(0))


def pccl(z: Tensor, y: Tensor, margin: float, temperature: float, xi: int) -> Tensor:
    """Return Circle loss without its margins, and with the logits of positives divided by xi."""
    positive, negative = pair_masks(y)
    s = similarity(z)
    a_p, a_n = (1 + margin - s).relu().detach(), (s + margin).relu().detach()
    logit_p, logit_n = -a_p * s / (xi * temperature), a_n * s / temperature
    log_sum_p = logit_p.masked_fill(~positive, -torch.inf).logsumexp(1)
    log_sum_n = logit_n.masked_fill(~negative, -torch.inf).logsumexp(1)
    both = positive.any(1) & negative.any(1)
    return mean(softplus(log_sum_p + log_sum_n)[both])


def pccl_released(z: Tensor, y: Tensor, margin: float, scale: float, k: int) -> Tensor:
    """Return Circle loss over all pairs of the batch at once, with the logits of positives divided by k."""
    i, j = torch.triu_indices(len(y), len(y), 1)  # each pair once
    logit_p, logit_n = circle_logits(similarity(z)[i, j], margin, scale)
    same = y[i] == y[j]
    return softplus((logit_p[same] / k).logsumexp(0) + logit_n[~same].logsumexp(0))


SUPCON: Mapping[Value, Callable[..., Tensor]] = MappingProxyType({"out": supcon, "in": supcon_inside})
CIRCLE: Mapping[Value, Callable[..., Tensor]] = MappingProxyType({"anchor": circle, "batch": circle_of_batch})
