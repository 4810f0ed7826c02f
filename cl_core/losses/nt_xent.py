"""NT-Xent: find the other view of the same image among everything else in the batch, without labels."""

import math
from typing import Annotated

from torch import Tensor

from cl_core.losses._softmax_terms import DIAGONAL, diagonal, log_sum_exp, softmax_shares
from cl_core.losses.autograd import apply_rows
from cl_core.losses.base import Paper, Preset, Recipe, loss
from cl_core.losses.contrast import Contrast, Terms
from cl_core.losses.parameters import Param


@loss(
    title="NT-Xent (SimCLR)",
    aliases=("simclr", "normalized temperature scaled cross entropy"),
    formula=r"\ell_i=-\log\frac{e^{s_{i,j(i)}/<temperature>}}{\sum_{k\ne i}e^{s_{ik}/<temperature>}}",
    paper=Paper(
        "Chen, Kornblith, Norouzi, Hinton",
        2020,
        "A Simple Framework for Contrastive Learning of Visual Representations",
        "ICML",
        "https://arxiv.org/abs/2002.05709",
    ),
    metric="similarity",
    boundary=lambda x_p, x_n, **_: x_n - x_p,
    level=math.log(2),
    curve=diagonal,
    boundary_formula=DIAGONAL,
    presets=(Preset("SimCLR on small images", {"temperature": 0.5}), Preset("sharper", {"temperature": 0.1})),
    relations=("SupCon on two-view labels, exactly.", "InfoNCE with one anchor."),
    misreadings=(
        "Of $2N$ views, without the anchor and its positive, $2N-2$ are negatives, not $2N-1$.",
        "Images of the same class count as negatives too: the loss knows no classes, only which two rows are one "
        "image.",
        r"For a collapsed network its value is $\log(2N-1)$. Values at different batch sizes cannot be compared.",
    ),
    views=True,
    recipe=Recipe(encoder="cnn"),
)
def nt_xent(
    c: Contrast,
    temperature: Annotated[
        float, Param(r"\tau", 0.05, 1.0, 0.01, "small: only the hardest negative counts", log=True, domain="> 0")
    ] = 0.5,
) -> Terms:
    """The other view of an image must be found among all other views of the batch, those of its own class included.

    Returns:
        Terms with one term per view that has a second view.
    """

    def total_and_slope(value: Tensor, positive: Tensor, negative: Tensor) -> tuple[Tensor, Tensor]:
        log_sum, slope = softmax_shares(value, positive | negative, temperature)
        is_p = positive.to(value.dtype)
        n = is_p.sum(1)
        pull = (value * is_p).sum(1).double() / temperature
        # d/ds_k = (q_k - [k is the positive]) / temperature
        slope.mul_(n[:, None]).sub_(is_p).div_(temperature)
        return (log_sum * n).where(n > 0, 0) - pull, slope

    def total(value: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        logits = value / temperature
        return (log_sum_exp(logits, positive | negative)[:, None] - logits).where(positive, 0).sum(1)

    return Terms(apply_rows(c, total_and_slope, total, temperature), c.n_positive)
