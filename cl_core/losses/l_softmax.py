"""L-softmax: a softmax loss in which the angle to the correct class is multiplied by m."""

import math
from typing import Annotated

import torch

from cl_core.losses._angular import BOUNDARY, MISREADINGS, SCHEDULES, boundary, curve, psi
from cl_core.losses._softmax_terms import logit_terms
from cl_core.losses.base import Paper, Preset, Recipe, loss
from cl_core.losses.contrast import Contrast, Terms
from cl_core.losses.parameters import Param


@loss(
    title="L-softmax",
    aliases=("large margin softmax",),
    formula=r"\ell_i=-\log\frac{e^{\lVert W_y\rVert\lVert x_i\rVert\psi(\theta_y)}}"
    r"{e^{\lVert W_y\rVert\lVert x_i\rVert\psi(\theta_y)}+"
    r"\sum_{c\ne y}e^{\lVert W_c\rVert\lVert x_i\rVert\cos\theta_c}},"
    r"\quad\psi(\theta)=\frac{<annealing>\cos\theta+(-1)^k\cos(<margin>\,\theta)-2k}{1+<annealing>}",
    paper=Paper(
        "Liu, Wen, Yu, Yang",
        2016,
        "Large-Margin Softmax Loss for Convolutional Neural Networks",
        "ICML",
        "https://arxiv.org/abs/1612.02295",
    ),
    metric="similarity",
    boundary=boundary,
    level=math.log(2),
    curve=curve,
    boundary_formula=BOUNDARY,
    classes=True,
    lengths=True,
    weight_lengths=True,
    schedules=SCHEDULES,
    recipe=Recipe(unit_norm=False, schedule="sphereface"),
    presets=(Preset("MNIST, as published", {"margin": 4, "annealing": 0.0}),),
    relations=(r"Softmax without the bias at m = 1, and at any m for $\lambda\to\infty$.",),
    misreadings=MISREADINGS,
)
def l_softmax(
    c: Contrast,
    margin: Annotated[int, Param("m", 1, 4, 1, "factor on the angle to the correct class", domain="range")] = 2,
    annealing: Annotated[float, Param(r"\lambda", 0.0, 100.0, 0.5, "weight of plain softmax in the blend")] = 0.0,
) -> Terms:
    """The angle to the correct class is multiplied by m, so an embedding must be m times nearer to it.

    Class weights and embeddings keep their lengths.

    Returns:
        Terms with one term per row.
    """
    own = torch.where(c.positive, psi(c.value, margin, annealing), c.value)
    return logit_terms(c, c.anchor_lengths * c.other_lengths * own)
