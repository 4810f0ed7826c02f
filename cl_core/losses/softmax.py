"""The softmax loss of a linear classifier, from which the losses with margins are derived."""

import math

from torch import Tensor

from cl_core.losses._softmax_terms import DIAGONAL, diagonal, pair_terms
from cl_core.losses.base import Paper, Recipe, loss
from cl_core.losses.contrast import Contrast, Terms


def boundary(x_p: Tensor, x_n: Tensor) -> Tensor:
    """Return a value that is positive where another class has the larger logit."""
    return x_n - x_p


@loss(
    title="Softmax",
    aliases=("cross entropy", "ce"),
    formula=r"\ell_i=-\log\frac{e^{W_y\cdot x_i+b_y}}{\sum_c e^{W_c\cdot x_i+b_c}}",
    paper=Paper(
        "Bridle",
        1989,
        "Training Stochastic Model Recognition Algorithms as Networks Can Lead to Maximum Mutual Information "
        "Estimation of Parameters",
        "NIPS",
        "https://papers.nips.cc/paper/195-training-stochastic-model-recognition-algorithms-as-networks-can-lead-to-"
        "maximum-mutual-information-estimation-of-parameters",
    ),
    metric="dot",
    boundary=boundary,
    level=math.log(2),
    curve=diagonal,
    boundary_formula=DIAGONAL,
    classes=True,
    bias=True,
    lengths=True,
    weight_lengths=True,
    recipe=Recipe(unit_norm=False),
    relations=(
        "L-softmax at m = 1 is softmax without the bias.",
        "One positive and N negatives: InfoNCE is this cross-entropy, with the batch in place of class weights.",
    ),
    misreadings=(
        r"It does not treat easy and hard examples equally: the gradient scales with $1-q_y$ and $q_c$. But pull and "
        r"push have equal sums: $|\partial L/\partial s_p|=\sum|\partial L/\partial s_n|$.",
    ),
)
def softmax(c: Contrast) -> Terms:
    """Cross-entropy of a linear layer: the logit of the correct class should be the largest.

    The bias is part of the values of the Contrast.

    Returns:
        Terms with one term per row.
    """
    return pair_terms(c, temperature=1.0)
