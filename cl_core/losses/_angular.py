"""The multiplied angle psi of L-softmax and SphereFace: for the loss, for its boundary and for drawing."""

import math

import torch
from torch import Tensor

from cl_core.losses.schedule import Schedule

# from the code that the authors of the two papers published
SCHEDULES = {
    "l_softmax": Schedule(start=1000.0, rate=2.5e-5, power=35.0, floor=0.0, title="as L-softmax's authors"),
    "sphereface": Schedule(start=1000.0, rate=0.12, power=1.0, floor=5.0, title="as SphereFace's authors"),
}


def psi(s: Tensor, margin: int, annealing: float) -> Tensor:
    """Compute psi_lambda = (lambda cos t + (-1)^k cos(m t) - 2 k) / (1 + lambda) from cosines, k = floor(m t / pi).

    cos(m t) is computed by Chebyshev's recursion, so that no gradient passes through an arc cosine. Source: Liu et al.
    2016 (L-softmax), 2017 (SphereFace).

    Args:
        s: Cosines cos t, any shape.
        margin: The factor m of the angle, from 1.
        annealing: The weight lambda of the plain cosine.

    Returns:
        psi_lambda, of the shape of `s`, differentiable.
    """
    k = (margin * s.detach().clamp(-1, 1).acos() / math.pi).floor().clamp(max=margin - 1)
    previous, cosine = torch.ones_like(s), s
    for _ in range(margin - 1):
        previous, cosine = cosine, 2 * s * cosine - previous
    return (annealing * s + (1 - 2 * (k % 2)) * cosine - 2 * k) / (1 + annealing)


def psi_of_angle(angle: Tensor, margin: int, annealing: float) -> Tensor:
    """Compute psi_lambda from angles, by its definition and independently of the loss.

    Args:
        angle: Angles in radians, 0 to pi, any shape.
        margin: The factor m of the angle, from 1.
        annealing: The weight lambda of the plain cosine.

    Returns:
        psi_lambda, of the shape of `angle`.
    """
    k = torch.div(margin * angle, math.pi, rounding_mode="floor").clamp(0, margin - 1)
    sign = torch.where(k.remainder(2) == 0, 1.0, -1.0).to(angle.dtype)
    psi_0 = sign * torch.cos(margin * angle) - 2 * k  # without the plain cosine
    return psi_0 / (1 + annealing) + torch.cos(angle) * annealing / (1 + annealing)


def boundary(x_p: Tensor, x_n: Tensor, margin: int, annealing: float) -> Tensor:
    """Return a value that is positive where psi_lambda of the correct class is below the other class's cosine."""
    return x_n - psi_of_angle(x_p.clamp(-1, 1).acos(), margin, annealing)


def curve(t: Tensor, margin: int, annealing: float) -> tuple[Tensor, Tensor]:
    """Return points (s_n, s_p) of psi_lambda(theta_1) = cos theta_2 for theta_1 = pi t; NaN if there is no theta_2."""
    own = math.pi * t
    other = psi_of_angle(own, margin, annealing)
    return other.where(other >= -1, torch.nan), own.cos()


BOUNDARY = r"\psi_\lambda(\theta_1)=\cos\theta_2"
MISREADINGS = (
    r"$\psi(\theta)$ is equal to $\cos m\theta$ only for $\theta\le\pi/m$. For larger angles $\cos m\theta$ rises "
    "again, and would reward the worst examples.",
    r"The limit of class 1 moves from $\Theta/2$ to $\Theta/(m+1)$, not from $\theta_1$ to $\theta_1/m$, and only for "
    r"class weights of equal length and $\lambda=0$. At $\Theta=60°$, $m=4$ it is 12°; with $\lambda=5$ it is 21.7°.",
    "No margin is applied at test time: the prediction is the class with the largest plain logit. The separate "
    "boundary of each class exists only in training.",
    r"$\psi'=0$ at $\theta=k\pi/m$ for $0<k<m$: the gradient vanishes there, which is one reason why training needs "
    r"the $\lambda$ blend.",
)
