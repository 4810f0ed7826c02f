"""AM-softmax, also called CosFace: the correct class must be nearer than the others by a margin in cosine."""

import math
from typing import Annotated

import torch
from torch import Tensor

from cl_core.losses._softmax_terms import logit_terms
from cl_core.losses.base import Landmarks, Paper, Preset, loss
from cl_core.losses.contrast import Contrast, Terms
from cl_core.losses.parameters import Param

ROUNDING = 1e-9  # 1 - cos(2 pi / 6) is 0.4999..., and a margin of 0.5 can be met


def boundary(x_p: Tensor, x_n: Tensor, margin: float, **_: object) -> Tensor:
    """Return a value that is positive where the cosine of the correct class is not larger by the margin."""
    return x_n + margin - x_p


def curve(t: Tensor, margin: float, **_: object) -> tuple[Tensor, Tensor]:
    """Return points (s_n, s_p) of the line s_p = s_n + m for t from 0 to 1."""
    s_n = -1 + (2 - margin) * t
    return s_n, s_n + margin


def largest_margin(dim: int, classes: int) -> float:
    """Return the largest margin in cosine that all classes can have.

    It is that of class weights evenly on a circle in 2-D, and of the corners of a regular simplex otherwise.
    """
    return 1 - math.cos(2 * math.pi / classes) if dim == 2 else classes / (classes - 1)


def caution(dim: int, classes: int, margin: float, **_: object) -> str:
    """Return a warning if so many class weights cannot be as far apart as the margin, else an empty string."""
    if classes > 1 and margin > largest_margin(dim, classes) + ROUNDING:
        return (
            f"In {dim} dimensions {classes} classes can have a margin of {largest_margin(dim, classes):.3f} at most; "
            f"{margin:g} cannot be met for all of them. Take a smaller margin, or more dimensions."
        )
    return ""


@loss(
    title="AM-softmax (CosFace)",
    aliases=("cosface", "lmcl", "large margin cosine", "additive margin softmax"),
    formula=r"\ell_i=-\log\frac{e^{<scale>(\cos\theta_y-<margin>)}}"
    r"{e^{<scale>(\cos\theta_y-<margin>)}+\sum_{c\ne y}e^{<scale>\cos\theta_c}}",
    paper=Paper(
        "Wang, Cheng, Liu, Liu",
        2018,
        "Additive Margin Softmax for Face Verification",
        "IEEE Signal Processing Letters",
        "https://arxiv.org/abs/1801.05599",
    ),
    metric="similarity",
    boundary=boundary,
    level=math.log(2),
    curve=curve,
    boundary_formula=r"\cos\theta_1-m=\cos\theta_2",
    landmarks=lambda **_: Landmarks(),
    caution=caution,
    classes=True,
    presets=(
        Preset("AM-softmax", {"margin": 0.35, "scale": 30.0}),
        Preset("CosFace", {"margin": 0.35, "scale": 64.0}),
    ),
    relations=(
        r"InfoNCE with $s_p$ shifted by $m$.",
        r"Circle loss with $\alpha\equiv1$ is AM-softmax with the margin $1-2m$.",
        "NormFace at m = 0.",
    ),
    misreadings=(
        r"A *large* temperature does not amplify differences: the formula divides by $\tau$. To amplify them, take a "
        r"small $\tau$, that is a large scale $s=1/\tau$.",
        "The popular picture in two dimensions is impossible with m = 0.35: ten classes on a circle allow at most "
        "0.191.",
        "No margin is applied at test time.",
    ),
)
def am_softmax(
    c: Contrast,
    margin: Annotated[
        float, Param("m", 0.0, 0.5, 0.01, "by how much the correct class's cosine must be larger")
    ] = 0.35,
    scale: Annotated[
        float, Param("s", 1.0, 64.0, 1.0, "1 / temperature; if too small, the loss stays high", log=True, domain="> 0")
    ] = 30.0,
) -> Terms:
    """The cosine of the correct class is lowered by a margin before it competes with the others.

    Returns:
        Terms with one term per row.
    """
    return logit_terms(c, scale * torch.where(c.positive, c.value - margin, c.value))
