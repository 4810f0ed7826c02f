"""Variants of the losses with class weights.

Functions take embeddings z (B, D), labels y (B,), class weights (C, D), a bias (C,) and parameters of the loss, and
return the mean loss, a scalar. Their sources are printed in example programs.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from cl_core.losses._angular import SCHEDULES
from cl_core.losses.articles import CONTRASTING
from cl_core.losses.plain.classes import cosines
from cl_core.losses.variants.base import Variant


def softmax_without_bias(z: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    """Return the cross-entropy of the inner products of embeddings and class weights."""
    return cross_entropy(z @ weight.T, y)


def softmax_twice(z: Tensor, y: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return the cross-entropy with probabilities in place of logits."""
    return cross_entropy((z @ weight.T + bias).softmax(1), y)


SOFTMAX = (
    Variant("here", "softmax", "with a bias", "A linear layer, as in every library.", theta={}),
    Variant(
        "without_bias",
        "softmax",
        "without a bias",
        "The papers with margins omit the bias, so that only angles and lengths count.",
        function=softmax_without_bias,
    ),
    Variant(
        "twice",
        "softmax",
        "softmax applied twice",
        f"A common mistake: a softmax layer before a loss that expects logits. The classifiers of "
        f"{CONTRASTING.markdown} have it. With 10 classes the loss cannot fall below 1.461, even if all are correct.",
        function=softmax_twice,
    ),
)

_FINAL_LAMBDA = SCHEDULES["sphereface"].floor
L_SOFTMAX = (
    Variant(
        "here",
        "l_softmax",
        "no blend, λ = 0",
        "The loss as in the paper, and at the end of its published schedule. pytorch-metric-learning has only this.",
        theta={"annealing": 0.0},
    ),
    Variant(
        "blend",
        "l_softmax",
        rf"at the end of SphereFace's schedule, $\lambda={_FINAL_LAMBDA:g}$",
        r"$\psi_\lambda$ is then five parts cosine and one part $\psi$, so the margin is far smaller than $m$ "
        "suggests.",
        theta={"annealing": _FINAL_LAMBDA},
    ),
)
SPHEREFACE = (
    Variant(
        "here",
        "sphereface",
        "no blend, λ = 0",
        "The loss as in the paper, and in pytorch-metric-learning. The authors never train with it.",
        theta={"annealing": 0.0},
    ),
    Variant(
        "blend",
        "sphereface",
        rf"at the end of its schedule, $\lambda={_FINAL_LAMBDA:g}$",
        rf"The authors' schedule falls to $\lambda={_FINAL_LAMBDA:g}$ and stays there: their published loss is five "
        r"parts plain cosine and one part $\psi$.",
        theta={"annealing": _FINAL_LAMBDA},
    ),
)


def cosine_everywhere(z: Tensor, y: Tensor, weight: Tensor, margin: float, scale: float) -> Tensor:
    """Return ArcFace with cos(theta + m) for all angles, also beyond theta = pi - m."""
    s = cosines(z, weight)
    own = s.gather(1, y[:, None])  # (B, 1)
    widened = (own.clamp(-1, 1).acos() + margin).cos()
    return cross_entropy(scale * s.scatter(1, y[:, None], widened), y)


def easy_margin(z: Tensor, y: Tensor, weight: Tensor, margin: float, scale: float) -> Tensor:
    """Return ArcFace with cos(theta + m) only for angles below a right angle, and cos(theta) beyond."""
    s = cosines(z, weight)
    own = s.gather(1, y[:, None])  # (B, 1)
    m = torch.as_tensor(margin, dtype=z.dtype, device=z.device)
    widened = own * m.cos() - (1 - own * own).clamp(min=1e-30).sqrt() * m.sin()
    return cross_entropy(scale * s.scatter(1, y[:, None], torch.where(own > 0, widened, own)), y)


ARCFACE = (
    Variant(
        "here",
        "arcface",
        "radians, two branches",
        r"The margin is in radians. For angles above $\theta=\pi-m$ the cosine is lowered by $m\sin m$ instead.",
        theta={},
    ),
    Variant(
        "degrees",
        "arcface",
        "28.6 degrees",
        "pytorch-metric-learning takes degrees, and its default of 28.6 is 0.4992 radians. A value of 0.5 there means "
        "almost no margin.",
        theta={"margin": math.radians(28.6)},
    ),
    Variant(
        "cosine_everywhere",
        "arcface",
        "one branch",
        r"InsightFace's newer PyTorch code uses $\cos(\theta+m)$ for all angles, with the derivative of $\cos\theta$. "
        r"Above $\pi-m$ the logit then rises again. Here it has its true derivative.",
        function=cosine_everywhere,
    ),
    Variant(
        "easy_margin",
        "arcface",
        "easy margin",
        r"An option of the authors' code: the margin applies only for $\theta$ below 90°, and the plain cosine above.",
        function=easy_margin,
    ),
)
