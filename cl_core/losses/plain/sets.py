"""The losses that weigh a positive against all others of the batch, in plain PyTorch, as they are handed out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, softplus

from cl_core.losses.parameters import Value
from cl_core.losses.plain.pairs import mean, pair_masks, similarity


def npair(z: Tensor, y: Tensor, l2: float) -> Tensor:
    """log(1 + sum over n of exp(z_i z_n - z_i z_p)) + l2 (|z_i|^2 + |z_p|^2), mean over ordered positive pairs."""
    positive, negative = pair_masks(y)
    s = z @ z.T  # raw inner products
    of_negatives = s.masked_fill(~negative, -torch.inf).logsumexp(1)  # (B,)
    i, p = positive.nonzero(as_tuple=True)
    square = z.square().sum(1)
    return mean(softplus(of_negatives[i] - s[i, p]) + l2 * (square[i] + square[p]))


def info_nce(z: Tensor, y: Tensor, temperature: float) -> Tensor:
    """log(1 + sum over n of exp((s_in - s_ip) / tau)), mean over ordered positive pairs."""
    positive, negative = pair_masks(y)
    s = similarity(z) / temperature
    of_negatives = s.masked_fill(~negative, -torch.inf).logsumexp(1)  # (B,)
    i, p = positive.nonzero(as_tuple=True)
    return mean(softplus(of_negatives[i] - s[i, p]))


def nt_xent(z: Tensor, temperature: float) -> Tensor:
    """Cross-entropy for finding, among all other rows, the other view: of row i that is row i + N."""
    s = (similarity(z) / temperature).fill_diagonal_(-torch.inf)  # nobody looks for itself
    other_view = torch.arange(len(z)).roll(len(z) // 2)
    return cross_entropy(s, other_view)


def supcon(z: Tensor, y: Tensor, temperature: float) -> Tensor:
    """Mean over the positives of -log of their share among all other rows; then over anchors that have a positive."""
    positive, _ = pair_masks(y)
    s = similarity(z) / temperature
    oneself = torch.eye(len(y), dtype=torch.bool)
    log_share = s - s.masked_fill(oneself, -torch.inf).logsumexp(1, keepdim=True)
    n = positive.sum(1)
    return mean(-log_share.where(positive, 0).sum(1)[n > 0] / n[n > 0])


def supcon_inside(z: Tensor, y: Tensor, temperature: float) -> Tensor:
    """-log of the mean share of the positives among all other rows; mean over anchors that have a positive."""
    positive, _ = pair_masks(y)
    s = similarity(z) / temperature
    oneself = torch.eye(len(y), dtype=torch.bool)
    log_share = s - s.masked_fill(oneself, -torch.inf).logsumexp(1, keepdim=True)
    n = positive.sum(1)
    log_sum = log_share.masked_fill(~positive, -torch.inf).logsumexp(1)
    return mean(n[n > 0].to(z).log() - log_sum[n > 0])


def circle_logits(s: Tensor, margin: float, scale: float) -> tuple[Tensor, Tensor]:
    """What each pair is worth as a positive and as a negative; the weights are constants to the derivative."""
    a_p, a_n = (1 + margin - s).relu().detach(), (s + margin).relu().detach()
    return -scale * a_p * (s - (1 - margin)), scale * a_n * (s - margin)


def circle(z: Tensor, y: Tensor, margin: float, scale: float) -> Tensor:
    """log(1 + sum over n of exp(logit_n) times sum over p of exp(logit_p)), mean over anchors that have both."""
    positive, negative = pair_masks(y)
    logit_p, logit_n = circle_logits(similarity(z), margin, scale)
    of_positives = logit_p.masked_fill(~positive, -torch.inf).logsumexp(1)
    of_negatives = logit_n.masked_fill(~negative, -torch.inf).logsumexp(1)
    both = positive.any(1) & negative.any(1)
    return mean(softplus(of_positives + of_negatives)[both])


def circle_of_batch(z: Tensor, y: Tensor, margin: float, scale: float) -> Tensor:
    """log(1 + sum of exp(logit_n) times sum of exp(logit_p)) over all pairs of the batch at once."""
    i, j = torch.triu_indices(len(y), len(y), 1)  # each pair once
    logit_p, logit_n = circle_logits(similarity(z)[i, j], margin, scale)
    same = y[i] == y[j]
    return softplus(logit_p[same].logsumexp(0) + logit_n[~same].logsumexp(0))


def pccl(z: Tensor, y: Tensor, margin: float, temperature: float, xi: int) -> Tensor:
    """Circle loss's weights without its margins, and positives pulled xi times more softly."""
    positive, negative = pair_masks(y)
    s = similarity(z)
    a_p, a_n = (1 + margin - s).relu().detach(), (s + margin).relu().detach()
    logit_p, logit_n = -a_p * s / (xi * temperature), a_n * s / temperature
    of_positives = logit_p.masked_fill(~positive, -torch.inf).logsumexp(1)
    of_negatives = logit_n.masked_fill(~negative, -torch.inf).logsumexp(1)
    both = positive.any(1) & negative.any(1)
    return mean(softplus(of_positives + of_negatives)[both])


def pccl_released(z: Tensor, y: Tensor, margin: float, scale: float, k: int) -> Tensor:
    """Circle loss over all pairs of the batch at once, the positives pulled k times more softly."""
    i, j = torch.triu_indices(len(y), len(y), 1)  # each pair once
    logit_p, logit_n = circle_logits(similarity(z)[i, j], margin, scale)
    same = y[i] == y[j]
    return softplus((logit_p[same] / k).logsumexp(0) + logit_n[~same].logsumexp(0))


SUPCON: Mapping[Value, Callable[..., Tensor]] = MappingProxyType({"out": supcon, "in": supcon_inside})
CIRCLE: Mapping[Value, Callable[..., Tensor]] = MappingProxyType({"anchor": circle, "batch": circle_of_batch})
