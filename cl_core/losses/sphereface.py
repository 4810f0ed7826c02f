"""SphereFace, also called A-softmax: L-softmax with class weights of length 1."""

import math
from typing import Annotated

import torch

from cl_core.losses._angular import BOUNDARY, MISREADINGS, SCHEDULES, boundary, curve, psi
from cl_core.losses._softmax_terms import logit_terms
from cl_core.losses.base import Paper, Preset, Recipe, loss
from cl_core.losses.contrast import Contrast, Terms
from cl_core.losses.parameters import Param


@loss(
    title="SphereFace (A-softmax)",
    aliases=("a softmax", "angular softmax"),
    formula=r"\ell_i=-\log\frac{e^{\lVert x_i\rVert\psi(\theta_y)}}"
    r"{e^{\lVert x_i\rVert\psi(\theta_y)}+\sum_{c\ne y}e^{\lVert x_i\rVert\cos\theta_c}},"
    r"\quad\psi(\theta)=\frac{<annealing>\cos\theta+(-1)^k\cos(<margin>\,\theta)-2k}{1+<annealing>}",
    paper=Paper(
        "Liu et al.",
        2017,
        "SphereFace: Deep Hypersphere Embedding for Face Recognition",
        "CVPR",
        "https://arxiv.org/abs/1704.08063",
    ),
    metric="similarity",
    boundary=boundary,
    level=math.log(2),
    curve=curve,
    boundary_formula=BOUNDARY,
    classes=True,
    lengths=True,
    schedules=SCHEDULES,
    recipe=Recipe(unit_norm=False, schedule="sphereface"),
    presets=(Preset("as published, at the end of its schedule", {"margin": 4, "annealing": 5.0}),),
    relations=("L-softmax with class weights scaled to length 1.",),
    misreadings=MISREADINGS,
)
def sphereface(
    c: Contrast,
    margin: Annotated[int, Param("m", 1, 4, 1, "factor on the angle to the correct class", domain="range")] = 4,
    annealing: Annotated[float, Param(r"\lambda", 0.0, 100.0, 0.5, "weight of plain softmax in the blend")] = 0.0,
) -> Terms:
    """L-softmax with class weights of length 1, so that only angles and the length of the embedding count.

    Returns:
        Terms with one term per row.
    """
    own = torch.where(c.positive, psi(c.value, margin, annealing), c.value)
    return logit_terms(c, c.anchor_lengths * own)
