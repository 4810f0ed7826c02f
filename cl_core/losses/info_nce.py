"""Contrastive softmax: cross-entropy for finding the one positive among its negatives."""

import math
from typing import Annotated

from cl_core.contrast import Contrast, Terms
from cl_core.losses.softmax import pair_terms
from cl_core.spec import Paper, Param, loss


@loss(
    title="InfoNCE (contrastive softmax)",
    formula=r"\ell_{ip}=-\log\frac{e^{s_{ip}/\tau}}{e^{s_{ip}/\tau}+\sum_{n\in N(i)}e^{s_{in}/\tau}}",
    paper=Paper(
        "van den Oord, Li, Vinyals",
        2018,
        "Representation Learning with Contrastive Predictive Coding",
        "arXiv",
        "https://arxiv.org/abs/1807.03748",
    ),
    metric="similarity",
    boundary=lambda x_p, x_n, **_: x_n - x_p,
    level=math.log(2),
)
def info_nce(
    c: Contrast,
    temperature: Annotated[
        float, Param(r"\tau", 0.01, 1.0, 0.01, "small: only the hardest negative counts", log=True, domain="> 0")
    ] = 0.1,
) -> Terms:
    """Each positive must be found among the anchor's negatives; the other positives stay out of it.

    One term an ordered positive pair.
    """
    return pair_terms(c, temperature)
