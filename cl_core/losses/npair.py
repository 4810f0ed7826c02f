"""The N-pair loss: one positive against all negatives at once, on raw inner products."""

import math
from typing import Annotated

from torch import Tensor

from cl_core.losses._softmax_terms import DIAGONAL, diagonal, pair_terms
from cl_core.losses.base import Paper, Preset, Recipe, loss
from cl_core.losses.contrast import Contrast, Terms
from cl_core.losses.execution import without_autocast
from cl_core.losses.parameters import Param


@loss(
    title="Multi-class N-pair",
    aliases=("multi class npair", "mc npair"),
    formula=r"\ell_{ip}=\log\Big(1+\sum_{n\in N(i)}e^{f_i\cdot f_n-f_i\cdot f_p}\Big)"
    r"+<l2>\big(\lVert f_i\rVert^2+\lVert f_p\rVert^2\big)",
    paper=Paper(
        "Sohn",
        2016,
        "Improved Deep Metric Learning with Multi-class N-pair Loss Objective",
        "NIPS",
        "https://papers.nips.cc/paper/6200-improved-deep-metric-learning-with-multi-class-n-pair-loss-objective",
    ),
    metric="dot",
    boundary=lambda x_p, x_n, **_: x_n - x_p,
    level=math.log(2),
    curve=diagonal,
    boundary_formula=DIAGONAL,
    presets=(Preset("without length penalty", {"l2": 0.0}), Preset("as published", {"l2": 0.002})),
    relations=(
        "InfoNCE on raw inner products, with a temperature of 1 and without scaling to unit length.",
        "With unit vectors it is pytorch-metric-learning's NTXentLoss with labels and a temperature of 1.",
    ),
    misreadings=(
        "An anchor has $N-1$ negatives, one of each other pair; in the two-view form $2N-2$, not $2N-1$.",
        "On unit vectors without a temperature the loss cannot fall below $\\ln(1+Ne^{-2})$: 5.63 at 2,046 "
        "negatives. That is why temperature was introduced.",
        "TensorFlow Addons' npairs_loss counts the anchor as its own positive and as a candidate, so it is another "
        "loss.",
    ),
    lengths=True,
    recipe=Recipe(unit_norm=False),
)
def npair(
    c: Contrast,
    l2: Annotated[float, Param(r"\lambda", 0.0, 0.02, 0.001, "penalty on the length of embeddings")] = 0.0,
) -> Terms:
    """One positive is compared with all negatives at once, by inner products, so long embeddings may count for more.

    The penalty l2 on the length needs embeddings; it is omitted where there are only values, as on a plane.

    Returns:
        Terms with one term per ordered positive pair.
    """
    terms = pair_terms(c, temperature=1.0)
    if c.anchors is None or c.others is None or (not isinstance(l2, Tensor) and l2 == 0):
        return terms
    r_a, r_p = c.anchors.square().sum(1), c.others.square().sum(1)  # (A,), (N,)
    with without_autocast(r_p.device):
        penalty = c.n_positive * r_a + c.positive.to(r_p.dtype) @ r_p
    return Terms(terms.total + l2 * penalty, terms.count)
