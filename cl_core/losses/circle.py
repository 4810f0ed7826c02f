"""Circle loss: a pair that is far from its optimum is pulled harder, and the decision boundary becomes a circle."""

import math
from typing import Annotated

import torch
from torch import Tensor

from cl_core.losses._self_paced import Side, pair_weights, self_paced
from cl_core.losses.base import Landmarks, Paper, Preset, loss
from cl_core.losses.contrast import Contrast, Terms
from cl_core.losses.parameters import Choice, Param

PAPER = Paper(
    "Sun et al.",
    2020,
    "Circle Loss: A Unified Perspective of Pair Similarity Optimization",
    "CVPR",
    "https://arxiv.org/abs/2002.10857",
)
POOLS = {"anchor": "per anchor", "batch": "whole batch"}  # key -> title
BOUNDARY = r"s_n^2+(1-s_p)^2=2m^2\ (s_n\ge-m),\quad s_p=1-m\ (s_n<-m)"
MISREADINGS = (
    r"The circle is not the box of the margins: on the boundary with $m=0.25$, at $s_n=0$, $s_p$ is 0.646, not 0.75. "
    r"The corner $(m, 1-m)$ is one point of the circle.",
    r"$O_p=1+m$ and $O_n=-m$ are optima, not bounds: the first cannot be reached, and $s_n$ may be smaller than $-m$. "
    r"$\alpha$ are self-paced weights $\ge0$; the relaxation factor is $m$.",
    r"Training does not lead to $(0, 1)$, where the value is lowest: $\alpha$ has no gradient, so the force moves "
    r"$s_n$ on towards $-m$, and the loss may rise on the way. With a large $\gamma$ the force nearly ends just inside "
    "the arc.",
    r"The circle ends at $s_n=-m$: for smaller $s_n$, $\alpha_n=0$ and the boundary is the straight line $s_p=1-m$.",
)


def boundary(x_p: Tensor, x_n: Tensor, margin: float, **_: object) -> Tensor:
    """Return a value that is positive outside the circle, and below s_p = 1 - m where s_n < -m.

    The circle has its centre at (0, 1) and the radius sqrt(2) m.
    """
    return torch.where(x_n < -margin, 1 - margin - x_p, x_n**2 + (1 - x_p) ** 2 - 2 * margin**2)


def curve(t: Tensor, margin: float, **_: object) -> tuple[Tensor, Tensor]:
    """Return points (s_n, s_p): the straight line for t below 1/4, then the arc down to (0, 1 - r) and up to (r, 1)."""
    radius = math.sqrt(2) * margin
    angle = -math.pi / 4 + (t - 0.25).clamp(min=0) * math.pi  # from the bottom of the circle
    straight = t < 0.25
    s_n = torch.where(straight, -1 + (1 - margin) * 4 * t, radius * angle.sin())
    return s_n, torch.where(straight, 1 - margin, 1 - radius * angle.cos())


def landmarks(margin: float, **_: object) -> Landmarks:
    """Return where frozen weights lead, the place of the lowest value, the box of the margins and the whole circle."""
    radius = math.sqrt(2) * margin
    return Landmarks((-margin, 1.0), (0.0, 1.0), (-margin, margin, 1 - margin, 1.0), (0.0, 1.0, radius, radius))


def weights(s_p: Tensor, s_n: Tensor, margin: float, **_: object) -> tuple[Tensor, Tensor]:
    """Return the weights of positives at s_p and of negatives at s_n."""
    return pair_weights(s_p, s_n, 1 + margin, -margin)


@loss(
    title="Circle loss",
    formula=r"\ell_i=\log\Big(1+\sum_{n}e^{<scale>\,\alpha_n(s_{in}-<margin>)}\sum_{p}e^{-<scale>\,\alpha_p(s_{ip}-1+<margin>)}"
    r"\Big),\quad \alpha_p=[1+<margin>-s_{ip}]_+,\ \alpha_n=[s_{in}+<margin>]_+",
    paper=PAPER,
    metric="similarity",
    boundary=boundary,
    level=math.log(2),
    curve=curve,
    boundary_formula=BOUNDARY,
    landmarks=landmarks,
    weights=weights,
    presets=(
        Preset("face recognition", {"margin": 0.25, "scale": 256.0}),
        Preset("re-identification", {"margin": 0.25, "scale": 128.0}),
        Preset("fine-grained retrieval, and pytorch-metric-learning", {"margin": 0.4, "scale": 80.0}),
    ),
    relations=(
        r"With $\alpha\equiv1$ it is AM-softmax with the margin $1-2m$.",
        r"The plain form $\log(1+\sum\sum e^{\gamma(s_n-s_p+m)})$, divided by $\gamma\to\infty$, is the batch-hard "
        "triplet loss on similarities.",
        "With class weights in place of the other images it is the class-level circle loss.",
    ),
    misreadings=(
        *MISREADINGS,
        r"One group per anchor and one group per batch (as in two public programs) give very different values: 756 "
        r"and 1,139 on one random batch of 18 in three classes, at $\gamma=256$.",
    ),
)
def circle(
    c: Contrast,
    margin: Annotated[float, Param("m", 0.05, 0.5, 0.01, "how far from the best similarities a pair may stay")] = 0.25,
    scale: Annotated[
        float, Param(r"\gamma", 8.0, 512.0, 8.0, "large: only the worst pairs count", log=True, domain="> 0")
    ] = 32.0,
    pool: Annotated[
        str, Choice("G", tuple(POOLS), "one group for each anchor, or one for all pairs of the batch", POOLS)
    ] = "anchor",
) -> Terms:
    """Each pair is weighted by its distance from its own optimum, so positives and negatives are pulled unequally.

    Returns:
        Terms with one term per anchor that has positives and negatives; with pool="batch" one per batch.
    """
    positive, negative = Side(1 + margin, 1 - margin, scale), Side(-margin, margin, scale)
    return self_paced(c, positive, negative, pooled=pool == "batch")
