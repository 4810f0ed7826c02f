"""Supervised contrastive loss: each positive must be found among all others, the other positives included."""

import math
from typing import Annotated

from torch import Tensor

from cl_core.losses._softmax_terms import DIAGONAL, diagonal, log_sum_exp, softmax_shares
from cl_core.losses.articles import CONTRASTING
from cl_core.losses.autograd import apply_rows
from cl_core.losses.base import Paper, Preset, loss
from cl_core.losses.contrast import Contrast, Terms
from cl_core.losses.parameters import Choice, Param

AVERAGES = {"out": "outside the log", "in": "inside the log"}  # key -> title


@loss(
    title="Supervised NT-Xent (SupCon)",
    aliases=("supervised contrastive", "supervised nt xent"),
    formula=r"\ell_i=-\frac1{|P(i)|}\sum_{p\in P(i)}"
    r"\log\frac{e^{s_{ip}/<temperature>}}{\sum_{a\ne i}e^{s_{ia}/<temperature>}}",
    paper=Paper(
        "Khosla et al.",
        2020,
        "Supervised Contrastive Learning",
        "NeurIPS",
        "https://arxiv.org/abs/2004.11362",
    ),
    metric="similarity",
    boundary=lambda x_p, x_n, **_: x_n - x_p,
    level=math.log(2),
    curve=diagonal,
    boundary_formula=DIAGONAL,
    presets=(
        Preset("the paper", {"temperature": 0.1}),
        Preset("the authors' code", {"temperature": 0.07}),
        Preset(CONTRASTING.title, {"temperature": 0.5}),
    ),
    relations=(
        "NT-Xent is SupCon on two-view labels.",
        r"$L_{in}\le L_{out}$, by Jensen's inequality.",
    ),
    misreadings=(
        r"The value of the loss does not measure the embedding: with 10 classes and a batch of 256 at $\tau=0.1$ it "
        r"cannot fall below about $\ln 24.6=3.2$, and it is $\ln 255=5.54$ if all points coincide.",
        "A positive that is closer than the other positives can be pushed *away*, which makes their similarities "
        "equal.",
        r"The factor $\tau/\tau_{base}$ of the authors' code only rescales value and gradient: 7.1 times in "
        f"{CONTRASTING.markdown}.",
        "Curves at different batch sizes cannot be compared: the largest and the lowest value both grow with the "
        "logarithm of the batch size.",
    ),
)
def supcon(
    c: Contrast,
    temperature: Annotated[
        float, Param(r"\tau", 0.01, 1.0, 0.01, "small: only the hardest negative counts", log=True, domain="> 0")
    ] = 0.1,
    variant: Annotated[
        str, Choice("L", tuple(AVERAGES), "mean over positives outside or inside the log", AVERAGES)
    ] = "out",
) -> Terms:
    """Each positive must be found among all other rows; several positives compete, so the loss never gets near 0.

    Returns:
        Terms with one term per anchor that has a positive.
    """

    def total_and_slope(value: Tensor, positive: Tensor, negative: Tensor) -> tuple[Tensor, Tensor]:
        log_sum, slope = softmax_shares(value, positive | negative, temperature)
        if variant == "out":
            share_p = positive.to(value.dtype)
            n = share_p.sum(1)
            share_p.div_(n.clamp(min=1)[:, None])
            pull = (value * share_p).sum(1).double() / temperature
        else:
            log_sum_p, share_p = softmax_shares(value, positive, temperature)
            n = positive.sum(1)
            pull = log_sum_p - n.double().log()
        # d/ds_ik = (q_ik - share of k among the positives) / temperature; a positive that has more than its share is
        # pushed away
        slope.sub_(share_p).mul_((n > 0)[:, None]).div_(temperature)
        return (log_sum - pull).where(n > 0, 0), slope

    def total(value: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        logits = value / temperature
        n = c.n_positive.clamp(min=1).to(value.dtype)
        pull = logits.where(positive, 0).sum(1) / n if variant == "out" else log_sum_exp(logits, positive) - n.log()
        return (log_sum_exp(logits, positive | negative) - pull).where(c.has_positive, 0)

    return Terms(apply_rows(c, total_and_slope, total, temperature), c.has_positive.long())
