"""The multiplied angle of L-softmax and SphereFace, as the loss computes it and as it is drawn."""

import math

import torch
from torch import Tensor

from cl_core.losses.base import Schedule

# what the authors of the two papers publish with their code
SCHEDULES = {
    "l_softmax": Schedule(start=1000.0, rate=2.5e-5, power=35.0, floor=0.0),
    "sphereface": Schedule(start=1000.0, rate=0.12, power=1.0, floor=5.0),
}


def psi(s: Tensor, margin: int, annealing: float) -> Tensor:
    """psi_lambda of cosines `s`, any shape: (lambda cos t + (-1)^k cos(m t) - 2 k) / (1 + lambda), k = floor(m t / pi).

    cos(m t) by Chebyshev's recursion, so that no derivative passes an arc cosine.
    """
    k = (margin * s.detach().clamp(-1, 1).acos() / math.pi).floor().clamp(max=margin - 1)
    before, cosine = torch.ones_like(s), s
    for _ in range(margin - 1):
        before, cosine = cosine, 2 * s * cosine - before
    return (annealing * s + (1 - 2 * (k % 2)) * cosine - 2 * k) / (1 + annealing)


def psi_of_angle(angle: Tensor, margin: int, annealing: float) -> Tensor:
    """The same of angles in radians, 0 to pi, written down from its definition."""
    piece = torch.div(margin * angle, math.pi, rounding_mode="floor").clamp(0, margin - 1)
    sign = torch.where(piece.remainder(2) == 0, 1.0, -1.0).to(angle.dtype)
    falling = sign * torch.cos(margin * angle) - 2 * piece
    return falling / (1 + annealing) + torch.cos(angle) * annealing / (1 + annealing)


def boundary(x_p: Tensor, x_n: Tensor, margin: int, annealing: float) -> Tensor:
    """Positive where psi_lambda of the own class's angle is still below the other class's cosine."""
    return x_n - psi_of_angle(x_p.clamp(-1, 1).acos(), margin, annealing)


def curve(t: Tensor, margin: int, annealing: float) -> tuple[Tensor, Tensor]:
    """Points of psi_lambda(theta_1) = cos theta_2 for theta_1 from 0 on."""
    own = math.pi * t
    other = psi_of_angle(own, margin, annealing)
    return other.where(other >= -1, torch.nan), own.cos()


BOUNDARY = r"\psi_\lambda(\theta_1)=\cos\theta_2"
MISREADINGS = (
    r"Replacing $\psi(\theta)$ by $\cos m\theta$ holds only for $\theta\le\pi/m$: beyond, $\cos m\theta$ rises again "
    "and would reward the worst examples.",
    r"The limit of class 1 moves from $\Theta/2$ to $\Theta/(m+1)$, not from $\theta_1$ to $\theta_1/m$, and for equal "
    "lengths only.",
    "No margin is applied at test time: what is predicted is the largest plain logit. The several boundaries exist in "
    "training alone.",
    r"$\psi'=0$ at $\theta=k\pi/m$: there the pull vanishes, one reason why training needs the $\lambda$ blend.",
)
