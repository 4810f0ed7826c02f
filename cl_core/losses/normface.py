"""NormFace: softmax over cosines, with a scale in place of the lengths of embeddings and class weights."""

import math
from typing import Annotated

from torch import Tensor

from cl_core.losses._softmax_terms import DIAGONAL, diagonal, pair_terms
from cl_core.losses.base import Paper, Preset, loss
from cl_core.losses.contrast import Contrast, Terms
from cl_core.losses.parameters import Param


def boundary(x_p: Tensor, x_n: Tensor, **_: object) -> Tensor:
    """Return a value that is positive where another class is nearer."""
    return x_n - x_p


def caution(classes: int, scale: float, **_: object) -> str:
    """Return a warning if even perfect classes cannot reach a probability of P = 0.9, else an empty string.

    This needs scale >= (C-1)/C ln((C-1) P/(1-P)) for C classes.
    """
    needed = (classes - 1) / classes * math.log(max(9 * (classes - 1), 1))
    if scale < needed:
        return (
            f"With unit-length features and {classes} equally frequent classes, a scale of at least {needed:.2f} is "
            "needed to give the correct class a probability of 0.9. With a smaller scale the loss stays high."
        )
    return ""


@loss(
    title="NormFace",
    aliases=("normalized softmax",),
    formula=r"\ell_i=-\log\frac{e^{<scale>\cos\theta_y}}{\sum_c e^{<scale>\cos\theta_c}}",
    paper=Paper(
        "Wang, Xiang, Cheng, Yuille",
        2017,
        "NormFace: L2 Hypersphere Embedding for Face Verification",
        "ACM Multimedia",
        "https://arxiv.org/abs/1704.06369",
    ),
    metric="similarity",
    boundary=boundary,
    level=math.log(2),
    curve=diagonal,
    boundary_formula=DIAGONAL,
    caution=caution,
    classes=True,
    presets=(Preset("pytorch-metric-learning (temperature 0.05)", {"scale": 20.0}),),
    relations=("AM-softmax and ArcFace at m = 0.", "Softmax with weights and embeddings of length 1, times a scale."),
    misreadings=(
        r"With unit-length features and no scale the loss stays high: with 10 equally frequent classes and $s=1$ it "
        "cannot fall below 1.377.",
    ),
)
def normface(
    c: Contrast,
    scale: Annotated[
        float, Param("s", 1.0, 64.0, 1.0, "1 / temperature; if too small, the loss stays high", log=True, domain="> 0")
    ] = 20.0,
) -> Terms:
    """Softmax over the angles alone: class weights and embeddings have length 1, and a scale replaces their lengths.

    Returns:
        Terms with one term per row.
    """
    return pair_terms(c, temperature=1 / scale)
