"""InfoNCE, the contrastive softmax: cross-entropy for finding the one positive among its negatives."""

import math
from typing import Annotated

from cl_core.losses._softmax_terms import DIAGONAL, diagonal, pair_terms
from cl_core.losses.base import Paper, Preset, loss
from cl_core.losses.contrast import Contrast, Terms
from cl_core.losses.parameters import Param


@loss(
    title="InfoNCE (contrastive softmax)",
    aliases=("cpc",),
    formula=r"\ell_{ip}=-\log\frac{e^{s_{ip}/<temperature>}}"
    r"{e^{s_{ip}/<temperature>}+\sum_{n\in N(i)}e^{s_{in}/<temperature>}}",
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
    curve=diagonal,
    boundary_formula=DIAGONAL,
    presets=(Preset("MoCo", {"temperature": 0.07}), Preset("usual", {"temperature": 0.1})),
    relations=(
        "NT-Xent with one anchor; cross-entropy over N + 1 candidates.",
        "N-pair with unit vectors and a temperature. It is not SupCon: the denominator excludes the other positives.",
        "AM-softmax at a margin of 0, with the batch in place of class weights.",
    ),
    misreadings=(
        r"A small temperature is a *large* scale: $s=1/\tau$.",
        r"Negatives do not have equal weights: at $\tau=0.07$ one with $s=0.5$ has 17 times the weight of one with "
        "$s=0.3$.",
        r"As $\tau\to0$, $\tau L$ becomes the hinge $[\max s_n-s_p]_+$: only the hardest negative counts.",
    ),
)
def info_nce(
    c: Contrast,
    temperature: Annotated[
        float, Param(r"\tau", 0.01, 1.0, 0.01, "small: only the hardest negative counts", log=True, domain="> 0")
    ] = 0.1,
) -> Terms:
    """Each positive must be found among the anchor's negatives; the other positives are left out.

    Returns:
        Terms with one term per ordered positive pair.
    """
    return pair_terms(c, temperature)
