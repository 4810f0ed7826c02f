"""PCCL as its authors released it: circle loss over the whole batch, with the logits of positives divided by k."""

import math
from typing import Annotated

import torch
from torch import Tensor

from cl_core.losses._self_paced import Side, self_paced
from cl_core.losses.base import Landmarks, Preset, Recipe, loss
from cl_core.losses.circle import weights
from cl_core.losses.contrast import Contrast, Terms
from cl_core.losses.parameters import Param
from cl_core.losses.pccl import PAPER, TWO_VARIANTS


def boundary(x_p: Tensor, x_n: Tensor, margin: float, k: int, **_: object) -> Tensor:
    """Return a value that is positive outside the ellipse about (0, 1), and below s_p = 1 - m where s_n < -m."""
    ellipse = x_n**2 + (x_p - 1) ** 2 / k - margin**2 * (1 + 1 / k)
    return torch.where(x_n < -margin, 1 - margin - x_p, ellipse)


def _radii(margin: float, k: int) -> tuple[float, float]:
    """Return the radii of the ellipse along s_n and along s_p."""
    return margin * math.sqrt(1 + 1 / k), margin * math.sqrt(k + 1)


def curve(t: Tensor, margin: float, k: int, **_: object) -> tuple[Tensor, Tensor]:
    """Return points (s_n, s_p): the straight line for t < 1/4, then the ellipse from (-m, 1 - m) to where s_p = 1."""
    along_n, along_p = _radii(margin, k)
    first = -math.asin(1 / math.sqrt(1 + 1 / k))
    angle = first + (t - 0.25).clamp(min=0) / 0.75 * (math.pi / 2 - first)  # from the bottom of the ellipse
    straight = t < 0.25
    s_n = torch.where(straight, -1 + (1 - margin) * 4 * t, along_n * angle.sin())
    return s_n, torch.where(straight, 1 - margin, 1 - along_p * angle.cos())


def landmarks(margin: float, k: int, **_: object) -> Landmarks:
    """Return where frozen weights lead, the place of the lowest value, the box of the margins and the whole ellipse."""
    return Landmarks((-margin, 1.0), (0.0, 1.0), (-margin, margin, 1 - margin, 1.0), (0.0, 1.0, *_radii(margin, k)))


@loss(
    title="PCCL, as released",
    formula=r"\ell=\log\Big(1+\sum_{i<j,\,y_i\ne y_j}e^{<scale>\,\alpha_n(s_{ij}-<margin>)}"
    r"\sum_{i<j,\,y_i=y_j}e^{-<scale>\,\alpha_p(s_{ij}-1+<margin>)/<k>}\Big)",
    paper=PAPER,
    metric="similarity",
    boundary=boundary,
    level=math.log(2),
    curve=curve,
    boundary_formula=r"s_n^2+\tfrac{(s_p-1)^2}k=m^2\left(1+\tfrac1k\right)\ (s_n\ge-m),\quad s_p=1-m\ (s_n<-m)",
    landmarks=landmarks,
    weights=weights,
    recipe=Recipe(batch=256),
    presets=(Preset("as released with EasyNLP", {"margin": 0.4, "scale": 64.0, "k": 1}),),
    relations=("At k = 1 it is circle loss with all pairs of the batch in one group.",),
    misreadings=(
        TWO_VARIANTS,
        r"For every $k$ the boundary passes through $(m, 1-m)$. A larger $k$ demands less $s_p$ at $s_n=0$: 0.646 at "
        r"$k=1$, 0.388 at "
        r"$k=5$ ($m=0.25$).",
    ),
)
def pccl_released(
    c: Contrast,
    margin: Annotated[float, Param("m", 0.05, 0.5, 0.01, "how far from the best similarities a pair may stay")] = 0.4,
    scale: Annotated[
        float, Param(r"\gamma", 8.0, 512.0, 8.0, "large: only the worst pairs count", log=True, domain="> 0")
    ] = 64.0,
    k: Annotated[
        int, Param("k", 1, 5, 1, "how many times weaker the pull is, relative to the push", domain="range")
    ] = 1,
) -> Terms:
    """Circle loss over all pairs of a batch; the pull on positives is k times weaker relative to the push.

    Returns:
        Terms with one term per batch that has positives and negatives.
    """
    return self_paced(c, Side(1 + margin, 1 - margin, scale / k), Side(-margin, margin, scale), pooled=True)
