"""The losses with class weights on a batch, in plain PyTorch: cross-entropy over modified logits.

Functions take embeddings z (B, D), labels y (B,), class weights (C, D), a bias (C,) and the parameters of the loss, and
return the mean loss, a scalar. Their sources are printed in example programs.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize


def cosines(z: Tensor, weight: Tensor) -> Tensor:
    """Return the cosines (B, C) of embeddings and class weights."""
    return normalize(z, dim=1) @ normalize(weight, dim=1).T


def softmax(z: Tensor, y: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return the cross-entropy of a linear layer."""
    return cross_entropy(z @ weight.T + bias, y)


def normface(z: Tensor, y: Tensor, weight: Tensor, scale: float) -> Tensor:
    """Return the cross-entropy of cosines times a scale."""
    return cross_entropy(scale * cosines(z, weight), y)


def am_softmax(z: Tensor, y: Tensor, weight: Tensor, margin: float, scale: float) -> Tensor:
    """Return the cross-entropy with the cosine of the correct class lowered by the margin."""
    s = cosines(z, weight)
    own = s.gather(1, y[:, None])  # (B, 1)
    return cross_entropy(scale * s.scatter(1, y[:, None], own - margin), y)


def arcface_cosine(s: Tensor, margin: float) -> Tensor:
    """Return cos(theta + m) for s = cos(theta); beyond theta = pi - m, where that would rise again, s - m sin m."""
    sine = (1 - s * s).clamp(min=1e-30).sqrt()  # the gradient of sqrt at 0 is infinite
    beyond = s < -math.cos(margin)
    return torch.where(beyond, s - margin * math.sin(margin), s * math.cos(margin) - sine * math.sin(margin))


def arcface(z: Tensor, y: Tensor, weight: Tensor, margin: float, scale: float) -> Tensor:
    """Return the cross-entropy with the angle to the correct class widened by the margin, in radians."""
    s = cosines(z, weight)
    own = s.gather(1, y[:, None])  # (B, 1)
    return cross_entropy(scale * s.scatter(1, y[:, None], arcface_cosine(own, margin)), y)


def psi(s: Tensor, margin: int, annealing: float) -> Tensor:
    """Return (lambda cos t + (-1)^k cos(m t) - 2 k) / (1 + lambda), k = floor(m t / pi), for s = cos(t)."""
    k = (margin * s.detach().clamp(-1, 1).acos() / math.pi).floor().clamp(max=margin - 1)
    previous, cosine = torch.ones_like(s), s
    for _ in range(margin - 1):
        previous, cosine = cosine, 2 * s * cosine - previous  # cos(m t), without an arc cosine
    return (annealing * s + (-1) ** k * cosine - 2 * k) / (1 + annealing)


def l_softmax(z: Tensor, y: Tensor, weight: Tensor, margin: int, annealing: float) -> Tensor:
    """Return the cross-entropy with the angle to the correct class counted m times; all lengths are kept."""
    s = cosines(z, weight)
    own = s.gather(1, y[:, None])  # (B, 1)
    s = s.scatter(1, y[:, None], psi(own, margin, annealing))
    return cross_entropy(z.norm(dim=1)[:, None] * weight.norm(dim=1) * s, y)


def sphereface(z: Tensor, y: Tensor, weight: Tensor, margin: int, annealing: float) -> Tensor:
    """Return the cross-entropy with the angle to the correct class counted m times; class weights have length 1."""
    s = cosines(z, weight)
    own = s.gather(1, y[:, None])  # (B, 1)
    s = s.scatter(1, y[:, None], psi(own, margin, annealing))
    return cross_entropy(z.norm(dim=1)[:, None] * s, y)


def circle_class(z: Tensor, y: Tensor, weight: Tensor, margin: float, scale: float) -> Tensor:
    """Return Circle loss on classes: cosines weighted by their distance from their optimum, with constant weights."""
    s = cosines(z, weight)
    own = y[:, None] == torch.arange(len(weight), device=y.device)  # (B, C)
    a_p, a_n = (1 + margin - s).relu().detach(), (s + margin).relu().detach()
    return cross_entropy(scale * torch.where(own, a_p * (s - (1 - margin)), a_n * (s - margin)), y)
