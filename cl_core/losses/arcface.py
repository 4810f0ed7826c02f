"""ArcFace: a softmax loss with a margin that is added to the angle of the correct class."""

import math
from typing import Annotated

import torch
from torch import Tensor

from cl_core.losses._softmax_terms import logit_terms
from cl_core.losses.am_softmax import ROUNDING
from cl_core.losses.base import Paper, Preset, loss
from cl_core.losses.contrast import Contrast, Terms
from cl_core.losses.parameters import Param


def boundary(x_p: Tensor, x_n: Tensor, margin: float, **_: object) -> Tensor:
    """Return a value that is positive where the angle to the correct class plus the margin exceeds the other angle."""
    return x_p.clamp(-1, 1).acos() + margin - x_n.clamp(-1, 1).acos()


def curve(t: Tensor, margin: float, **_: object) -> tuple[Tensor, Tensor]:
    """Return points (s_n, s_p) of theta_1 + m = theta_2 for theta_1 from 0 to pi - m."""
    own = (math.pi - margin) * t
    return (own + margin).cos(), own.cos()


def caution(dim: int, classes: int, margin: float, **_: object) -> str:
    """Return a warning if so many class weights cannot be as many radians apart as the margin, else an empty string."""
    largest = 2 * math.pi / classes if dim == 2 else math.acos(-1 / max(classes - 1, 1))
    if classes > 1 and margin > largest + ROUNDING:
        return (
            f"In {dim} dimensions {classes} classes can have a margin of {largest:.3f} radians at most; {margin:g} "
            "cannot be met for all of them. Take a smaller margin, or more dimensions."
        )
    return ""


def _sine(s: Tensor) -> Tensor:
    """Return sqrt(1 - s^2), with derivative 0 at 0; an infinite one times the zero of ds/dx would be NaN."""
    square = 1 - s * s
    inside = square > 0
    return torch.where(inside, torch.where(inside, square, 1.0).sqrt(), 0.0)


@loss(
    title="ArcFace",
    aliases=("aam softmax", "additive angular margin"),
    formula=r"\ell_i=-\log\frac{e^{<scale>\cos(\theta_y+<margin>)}}"
    r"{e^{<scale>\cos(\theta_y+<margin>)}+\sum_{c\ne y}e^{<scale>\cos\theta_c}}",
    paper=Paper(
        "Deng, Guo, Xue, Zafeiriou",
        2019,
        "ArcFace: Additive Angular Margin Loss for Deep Face Recognition",
        "CVPR",
        "https://arxiv.org/abs/1801.07698",
    ),
    metric="similarity",
    boundary=boundary,
    level=math.log(2),
    curve=curve,
    boundary_formula=r"\theta_1+m=\theta_2",
    caution=caution,
    classes=True,
    presets=(
        Preset("ArcFace", {"margin": 0.5, "scale": 64.0}),
        Preset("pytorch-metric-learning (28.6 degrees)", {"margin": math.radians(28.6), "scale": 64.0}),
    ),
    relations=("NormFace at m = 0.",),
    misreadings=(
        "The margin is in radians here: 0.5 = 28.65 degrees. pytorch-metric-learning takes degrees, and its default of "
        "28.6 is 0.4992 radians.",
        r"For angles above $\theta=\pi-m$ the formula takes $\cos\theta-m\sin m$ instead. The function jumps there: at "
        "m = 0.5 the value for the correct class drops from -1 to -1.117.",
        "No margin is applied at test time.",
    ),
)
def arcface(
    c: Contrast,
    margin: Annotated[
        float,
        Param(
            "m",
            0.0,
            1.0,
            0.01,
            "in radians: by how much the angle to the correct class must be smaller",
            limit=math.pi,
            limit_note=" (it is an angle in radians; for degrees, take math.radians(degrees))",
        ),
    ] = 0.5,
    scale: Annotated[
        float, Param("s", 1.0, 64.0, 1.0, "1 / temperature; if too small, the loss stays high", log=True, domain="> 0")
    ] = 64.0,
) -> Terms:
    """The angle to the correct class is widened by a margin before it competes with the others.

    Beyond pi - m, where cos(theta + m) would rise again, the cosine is lowered by m sin m instead.

    Returns:
        Terms with one term per row.
    """
    s = c.value
    m = torch.as_tensor(margin, dtype=s.dtype, device=s.device)
    beyond = s < -m.cos()  # theta > pi - m
    own = torch.where(beyond, s - m * m.sin(), s * m.cos() - _sine(s) * m.sin())
    return logit_terms(c, scale * torch.where(c.positive, own, s))
