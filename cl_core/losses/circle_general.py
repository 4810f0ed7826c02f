"""Circle loss with optima and margins of its own for positives and negatives, and weights that can be faded out."""

import math
from collections.abc import Mapping
from typing import Annotated, Any

import torch
from torch import Tensor

from cl_core.losses._self_paced import Side, pair_weights, self_paced
from cl_core.losses.base import Landmarks, Preset, loss
from cl_core.losses.circle import PAPER
from cl_core.losses.contrast import Contrast, Terms
from cl_core.losses.parameters import Choice, Param

GRADIENTS = {"frozen": "weights frozen", "true": "true gradient"}  # key -> title
Number = float | Tensor


def _number(x: Number) -> Tensor:
    return torch.as_tensor(x, dtype=torch.float64, device=x.device if isinstance(x, Tensor) else None)


def _root(weight: Tensor, pacing: Tensor, product: Tensor) -> Tensor:
    """Return the x of least size with (weight + pacing x) x = product; 0 where both are 0."""
    discriminant = (weight**2 + 4 * pacing * product).clamp(min=0)
    return 2 * product / (weight + discriminant.sqrt()).clamp(min=1e-300)


def boundary(
    x_p: Tensor, x_n: Tensor, optimum_p: Number, optimum_n: Number, margin_p: Number, margin_n: Number,
    pacing: Number, **_: object,
) -> Tensor:  # fmt: skip
    """Return the logit of the negative minus that of the positive, without gamma: positive on the wrong side."""
    a_n = 1 - pacing + pacing * torch.relu(x_n - optimum_n)
    a_p = 1 - pacing + pacing * torch.relu(optimum_p - x_p)
    return a_n * (x_n - margin_n) - a_p * (x_p - margin_p)


def circle_of(
    optimum_p: Tensor, optimum_n: Tensor, margin_p: Tensor, margin_n: Tensor, pacing: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the circle whose arc is the boundary; with self-pacing below 1 the optima are farther away.

    Returns:
        Centre (s_n, s_p) and C, the squared radius; infinite without self-pacing.
    """
    farther = (1 - pacing) / pacing
    far_n, far_p = optimum_n - farther, optimum_p + farther
    return (far_n + margin_n) / 2, (far_p + margin_p) / 2, ((far_n - margin_n) ** 2 + (far_p - margin_p) ** 2) / 4


def curve(
    t: Tensor, optimum_p: Number, optimum_n: Number, margin_p: Number, margin_n: Number, pacing: Number, **_: object
) -> tuple[Tensor, Tensor]:
    """Return points (s_n, s_p) of the boundary: for t below 1/4 the part with s_n < O_n, then the arc up to s_p = 1.

    Left of O_n the weight of a negative is constant, which gives a parabola, or a line where that weight is 0 or the
    self-pacing is. The arc is that of a circle through (Delta_n, Delta_p), by the distance from there: that is finite
    without self-pacing too, where the radius is not.
    """
    o_p, o_n, d_p, d_n = map(_number, (optimum_p, optimum_n, margin_p, margin_n))
    k = _number(pacing)
    constant = 1 - k
    w_n, w_p = constant + k * (d_n - o_n), constant + k * (o_p - d_p)  # the weights at (Delta_n, Delta_p)
    left = -1 + (o_n + 1) * (4 * t).clamp(max=1)
    left_p = d_p + _root(w_p, -k, constant * (left - d_n))
    # from (O_n, ...) to (..., 1), as signed distances from (Delta_n, Delta_p), which are chords of the circle
    first_n, first_p = o_n - d_n, _root(w_p, -k, constant * (o_n - d_n))
    last_n, last_p = _root(w_n, k, (constant + k * (o_p - 1)) * (1 - d_p)), 1 - d_p
    first, last = -((first_n**2 + first_p**2).sqrt()), (last_n**2 + last_p**2).sqrt()
    chord = first + ((t - 0.25).clamp(min=0) / 0.75) * (last - first)
    diameter = (w_n**2 + w_p**2).sqrt().clamp(min=1e-300)  # times the self-pacing
    sine = (chord * k / diameter).clamp(-1, 1)  # of half the angle at the centre
    cosine = (1 - sine**2).sqrt()
    straight = t < 0.25
    s_n = torch.where(straight, left, d_n + chord * (w_p * cosine - w_n * sine) / diameter)
    s_p = torch.where(straight, left_p, d_p + chord * (w_n * cosine + w_p * sine) / diameter)
    return s_n, s_p


def landmarks(
    optimum_p: float, optimum_n: float, margin_p: float, margin_n: float, pacing: float, gradient: str, **_: object
) -> Landmarks:
    """Return where the forces lead, the box of the margins and the whole circle."""
    o_p, o_n, d_p, d_n, k = map(_number, (optimum_p, optimum_n, margin_p, margin_n, pacing))
    c_n, c_p, squared = circle_of(o_p, o_n, d_p, d_n, k)
    target_n, target_p = torch.where(k < 1, -1.0, o_n), torch.ones_like(k)
    if gradient == "true":  # it vanishes at the centre, if that is right of O_n; left of O_n the weight is constant
        target_n, target_p = torch.where(c_n >= o_n, c_n, -1.0), c_p.clamp(max=1)
    numbers: tuple[Any, ...] = (target_n, target_p, c_n, c_p, squared.sqrt())  # tensors for compilers
    if not isinstance(pacing, Tensor):
        numbers = tuple(map(float, numbers))
    target_n, target_p, c_n, c_p, radius = numbers
    return Landmarks(
        target=(target_n, target_p),
        box=(optimum_n, margin_n, margin_p, 1.0),
        ellipse=(c_n, c_p, radius, radius) if isinstance(pacing, Tensor) or pacing > 0 else None,
    )


def circle_notes(
    optimum_p: float, optimum_n: float, margin_p: float, margin_n: float, pacing: float, **_: object
) -> tuple[str, ...]:
    """Return sentences on the boundary and its circle, with their numbers."""
    if pacing == 0:
        return (
            "All weights are 1: the boundary is AM-softmax's line, a circle with an infinite radius, "
            rf"$s_p-s_n=\Delta_p-\Delta_n={margin_p - margin_n:.4g}$.",
        )
    constants = map(_number, (optimum_p, optimum_n, margin_p, margin_n, pacing))
    c_n, c_p, squared = map(float, circle_of(*constants))
    centre = r"\left(\tfrac{O_n+\Delta_n}2,\ \tfrac{O_p+\Delta_p}2\right)"
    if pacing < 1:
        far = rf"$O_n={optimum_n - (1 - pacing) / pacing:.4g}$ and $O_p={optimum_p + (1 - pacing) / pacing:.4g}$"
        first = (
            rf"Constant weights move the optima away by $\tfrac{{1-\kappa}}\kappa={(1 - pacing) / pacing:.4g}$, as if "
            rf"{far}. The boundary is an arc of the circle about $({c_n:.4g},\ {c_p:.4g})$."
        )
    else:
        first = rf"The boundary is an arc of the circle about ${centre}=({c_n:.4g},\ {c_p:.4g})$."
    return (
        first,
        rf"Its squared radius is $C={squared:.4g}$, so the radius is ${math.sqrt(squared):.4g}$.",
        rf"For every self-pacing it passes through $(\Delta_n,\Delta_p)=({margin_n:g},\ {margin_p:g})$.",
    )


def _theta(
    optimum_p: float, optimum_n: float, margin_p: float, margin_n: float, **others: float
) -> Mapping[str, float]:
    return {"optimum_p": optimum_p, "optimum_n": optimum_n, "margin_p": margin_p, "margin_n": margin_n, **others}


@loss(
    title="Circle loss, general form",
    aliases=("general circle", "unified loss", "generalised circle loss", "generalized circle loss"),
    formula=r"\ell_i=\log\Big(1+\sum_{n}e^{<scale>\,\alpha_n(s_{in}-<margin_n>)}"
    r"\sum_{p}e^{-<scale>\,\alpha_p(s_{ip}-<margin_p>)}\Big),\quad \alpha_p=1-\kappa+\kappa\,[<optimum_p>-s_{ip}]_+"
    r",\quad \alpha_n=1-\kappa+\kappa\,[s_{in}-(<optimum_n>)]_+,\quad \kappa=<pacing>",
    paper=PAPER,
    metric="similarity",
    boundary=boundary,
    level=math.log(2),
    curve=curve,
    boundary_formula=r"\alpha_n(s_n-\Delta_n)=\alpha_p(s_p-\Delta_p),\quad "
    r"\left(s_n-\tfrac{O_n+\Delta_n}2\right)^2+\left(s_p-\tfrac{O_p+\Delta_p}2\right)^2=C,\quad "
    r"C=\tfrac14\left((O_n-\Delta_n)^2+(O_p-\Delta_p)^2\right)",
    landmarks=landmarks,
    boundary_notes=circle_notes,
    weights=lambda s_p, s_n, optimum_p, optimum_n, pacing, **_: pair_weights(s_p, s_n, optimum_p, optimum_n, pacing),
    presets=(
        Preset("the paper's four, from m = 0.25", _theta(1.25, -0.25, 0.75, 0.25)),
        Preset("the paper's four, from m = 0.4", _theta(1.4, -0.4, 0.6, 0.4)),
        Preset("PCCL: no margins", _theta(1.25, -0.25, 0.0, 0.0)),
        Preset("AM-softmax: constant weights", _theta(1.25, -0.25, 0.75, 0.25, pacing=0.0)),
    ),
    relations=(
        r"With $O_p=1+m$, $O_n=-m$, $\Delta_p=1-m$, $\Delta_n=m$ and $\kappa=1$ it is circle loss.",
        r"With $\Delta_p=\Delta_n=0$ it is PCCL at $\xi=1$.",
        r"With $\kappa=0$ it is AM-softmax with the margin $\Delta_p-\Delta_n$, for any number of positives.",
    ),
    misreadings=(
        r"The four numbers are not free of each other in the paper: one $m$ sets them all, which gives the centre "
        r"$(0, 1)$ and $C=2m^2$.",
        r"The true gradient is not the paper's. It also moves a pair by the change of its weight, stops at the centre "
        r"of the circle, and pushes a pair inside it back: at $s_n=0$, $s_p=1$ ($m=0.25$) it is zero, where frozen "
        r"weights still push $s_n$ towards $-m$.",
        r"$C$ is never negative: it is a sum of squares. The circle shrinks to a point where both optima equal their "
        "margins.",
    ),
)
def circle_general(
    c: Contrast,
    optimum_p: Annotated[
        float, Param("O_p", 1.0, 2.0, 0.01, "similarity at which a positive has no self-paced weight", domain="range")
    ] = 1.25,
    optimum_n: Annotated[
        float, Param("O_n", -1.0, 0.0, 0.01, "similarity at which a negative has no self-paced weight", domain="range")
    ] = -0.25,
    margin_p: Annotated[
        float, Param(r"\Delta_p", 0.0, 1.0, 0.01, "similarity that a positive should exceed", domain="range")
    ] = 0.75,
    margin_n: Annotated[
        float, Param(r"\Delta_n", 0.0, 1.0, 0.01, "similarity that a negative should stay below", domain="range")
    ] = 0.25,
    scale: Annotated[
        float, Param(r"\gamma", 8.0, 512.0, 8.0, "the larger, the sharper", log=True, domain="> 0")
    ] = 32.0,
    pacing: Annotated[
        float, Param(r"\kappa", 0.0, 1.0, 0.01, "0: constant weights, 1: the distance from the optimum", domain="range")
    ] = 1.0,
    gradient: Annotated[
        str,
        Choice(
            "\\nabla",
            tuple(GRADIENTS),
            "whether the weights are constants for the gradient, or change with it",
            GRADIENTS,
        ),
    ] = "frozen",
) -> Terms:
    """Optima and margins are set one by one, and the weights fade from constant ones to self-paced ones.

    Returns:
        Terms with one term per anchor that has positives and negatives.
    """
    positive, negative = Side(optimum_p, margin_p, scale, pacing), Side(optimum_n, margin_n, scale, pacing)
    return self_paced(c, positive, negative, frozen=gradient == "frozen")
