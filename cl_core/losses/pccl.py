"""PCCL as it is described: the weights of circle loss without its margins, and one temperature each for s_p and s_n."""

import math
from typing import Annotated

import torch
from torch import Tensor

from cl_core.losses._self_paced import Side, self_paced
from cl_core.losses.base import Landmarks, Paper, Preset, loss
from cl_core.losses.circle import weights
from cl_core.losses.contrast import Contrast, Terms
from cl_core.losses.parameters import Param

PAPER = Paper(
    "Xu et al.",
    2022,
    "Making Pre-trained Language Models End-to-end Few-shot Learners with Contrastive Prompt Tuning",
    "arXiv",
    "https://arxiv.org/abs/2204.00166",
)
TWO_VARIANTS = (
    "Two losses have this name. One is rebuilt from a description of the paper that lost the formulas. The other "
    "is the loss class that the authors released, which keeps circle loss's margins."
)


def _squared_radius(margin: float, xi: int) -> float:
    """Return the squared radius of the ellipse along s_p; along s_n it is this divided by xi."""
    return (xi * margin**2 + (1 + margin) ** 2) / 4


def boundary(x_p: Tensor, x_n: Tensor, margin: float, xi: int, **_: object) -> Tensor:
    """Return a value that is positive outside the ellipse, and below s_p = 0 where s_n < -m."""
    ellipse = xi * (x_n + margin / 2) ** 2 + (x_p - (1 + margin) / 2) ** 2 - _squared_radius(margin, xi)
    return torch.where(x_n < -margin, -x_p, ellipse)


def curve(t: Tensor, margin: float, xi: int, **_: object) -> tuple[Tensor, Tensor]:
    """Return points (s_n, s_p): the straight line for t below 1/4, then the ellipse from (-m, 0) to where s_p = 1."""
    radius = _squared_radius(margin, xi) ** 0.5
    ends = ((1 + margin) / 2 / radius, (margin - 1) / 2 / radius)
    first, last = (torch.as_tensor(end, dtype=t.dtype, device=t.device).acos() for end in ends)
    angle = (t - 0.25).clamp(min=0) / 0.75 * (last + first) - first  # from the bottom of the ellipse
    straight = t < 0.25
    s_n = torch.where(straight, -1 + (1 - margin) * 4 * t, -margin / 2 + radius / math.sqrt(xi) * angle.sin())
    return s_n, torch.where(straight, 0.0, (1 + margin) / 2 - radius * angle.cos())


def landmarks(margin: float, xi: int, **_: object) -> Landmarks:
    """Return where frozen weights lead, the place of the lowest value, the intended box and the whole ellipse."""
    radius = _squared_radius(margin, xi) ** 0.5
    centre = (-margin / 2, (1 + margin) / 2)
    return Landmarks(
        (-margin, 1.0), centre, (-margin, margin, 1 - margin, 1.0), (*centre, radius / math.sqrt(xi), radius)
    )


@loss(
    title="PCCL, rebuilt from its description",
    formula=r"\ell_i=\log\Big(1+\sum_{n}e^{\alpha_n s_{in}/<temperature>}"
    r"\sum_{p}e^{-\alpha_p s_{ip}/(<xi>\cdot<temperature>)}"
    r"\Big),\quad \alpha_p=[1+<margin>-s_{ip}]_+,\ \alpha_n=[s_{in}+<margin>]_+",
    paper=PAPER,
    metric="similarity",
    boundary=boundary,
    level=math.log(2),
    curve=curve,
    boundary_formula=r"\xi\left(s_n+\tfrac m2\right)^2+\left(s_p-\tfrac{1+m}2\right)^2=\tfrac{\xi m^2+(1+m)^2}4"
    r"\ (s_n\ge-m),\quad s_p=0\ (s_n<-m)",
    landmarks=landmarks,
    weights=weights,
    presets=(Preset("as sharp as circle loss with a scale of 64", {"margin": 0.25, "temperature": 1 / 64, "xi": 1}),),
    relations=("Circle loss without its margins, and with the logits of positives divided by xi.",),
    misreadings=(
        TWO_VARIANTS,
        r"The weights alone do not demand $s_p>1-m$ and $s_n<m$: at $s_n=m=0.25$ the boundary only demands "
        r"$s_p\ge0.110$.",
        r"The value is not monotone in $s_p$: it is smallest at $s_p=(1+m)/2$, $s_n=-m/2$, so the loss may rise "
        "while the embedding improves.",
        r"Its forces lead to $s_p\to1$, $s_n\to-m$. That is correct, but nothing special: those of circle loss do too.",
        r"$\xi$ weakens the pull on positives relative to the push on negatives, but not in absolute terms: at "
        r"$s_n=-0.1$, $s_p=0.6$ ($m=0.25$, $\tau_n=1/16$) the pull of $\xi=5$ is 24 times that of $\xi=1$. It does "
        "not move the fixed point.",
        r"A larger $\xi$ moves the boundary both ways. It demands a larger $s_p$ where $s_n>0$, a smaller one where "
        r"$-m<s_n<0$, and the same at $s_n=0$ and for $s_n\le-m$.",
        r"For some negatives no $s_p$ is enough: those with $\xi s_n(s_n+m)>(1+m)^2/4$. With $\xi=5$ and $m=0.25$ "
        r"$s_n=0.2$ is an example.",
    ),
)
def pccl(
    c: Contrast,
    margin: Annotated[float, Param("m", 0.05, 0.5, 0.01, "how far beyond its goal a pair still has a force")] = 0.25,
    temperature: Annotated[
        float,
        Param(r"\tau_n", 1 / 64, 0.5, 1 / 64, "of negatives; small: only the worst count", log=True, domain="> 0"),
    ] = 1 / 16,
    xi: Annotated[
        int, Param(r"\xi", 1, 5, 1, "how many times weaker the pull is, relative to the push", domain="range")
    ] = 1,
) -> Terms:
    """The weights of circle loss without its margins; the pull on positives is xi times weaker relative to the push.

    Returns:
        Terms with one term per anchor that has positives and negatives.
    """
    return self_paced(c, Side(1 + margin, 0.0, 1 / (xi * temperature)), Side(-margin, 0.0, 1 / temperature))
