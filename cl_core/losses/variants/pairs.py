"""Variants of the contrastive loss and of the triplet loss.

Functions take embeddings z (B, D), labels y (B,) and parameters of the loss, and return the mean loss, a scalar. Their
sources are printed in example programs.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import normalize

from cl_core.losses.articles import CONTRASTING
from cl_core.losses.plain.pairs import euclidean, mean, pair_masks
from cl_core.losses.variants.base import Variant


def linear_nonzero(z: Tensor, y: Tensor, margin: float) -> Tensor:
    """Return the mean of d over positive pairs plus the mean of [m - d]_+ over negative pairs, on unit vectors.

    Both means leave out zeros.
    """
    positive, negative = pair_masks(y)
    d = euclidean(normalize(z, dim=1))
    pull, push = d[positive], (margin - d[negative]).relu()
    return mean(pull[pull > 0]) + mean(push[push > 0])


def hinge_of_squares(z: Tensor, y: Tensor, margin: float) -> Tensor:
    """Return the mean of d^2 over positive pairs plus the mean of [m - d^2]_+ over negative pairs, on unit vectors.

    Both means leave out zeros.
    """
    positive, negative = pair_masks(y)
    d = euclidean(normalize(z, dim=1))
    pull, push = d[positive].square(), (margin - d[negative].square()).relu()
    return mean(pull[pull > 0]) + mean(push[push > 0])


CONTRASTIVE = (
    Variant(
        "here",
        "contrastive",
        "squared, over all pairs",
        r"$d^2$ and $[m-d]_+^2$, with one mean over all pairs, also those with a loss of 0. TensorFlow Addons' "
        "contrastive_loss is the same.",
        theta={"distance": "euclidean", "half": False},
    ),
    Variant(
        "half",
        "contrastive",
        "with the paper's 1/2",
        r"Hadsell et al. put $\tfrac12$ before both branches: half the value and half the gradient.",
        theta={"distance": "euclidean", "half": True},
    ),
    Variant(
        "linear_nonzero",
        "contrastive",
        "linear, means over nonzero terms",
        r"pytorch-metric-learning's ContrastiveLoss: $d$ and $[m-d]_+$ of unit vectors, not squared. It is the mean "
        "over positives plus the mean over the negatives that still have a loss. So the force does not fade near the "
        "goal.",
        function=linear_nonzero,
    ),
    Variant(
        "hinge_of_squares",
        "contrastive",
        "hinge on the squared distance",
        r"The same with its option power=2: $d^2$ and $[m-d^2]_+$. That differs from $[m-d]_+^2$: the push grows with "
        r"$d$ instead of fading towards the margin.",
        function=hinge_of_squares,
    ),
    Variant(
        "cosine",
        "contrastive",
        "on 1 - cosine",
        rf"A notebook of {CONTRASTING.markdown} uses $1-s$ as the distance, which is half of $d^2$ of unit vectors. "
        r"Its square is $d^4/4$, and a margin of 1 is a right angle.",
        theta={"distance": "cosine", "half": False},
    ),
)

# --- triplet ----------------------------------------------------------------------------------------------------------


def batch_hard_for_all(z: Tensor, y: Tensor, margin: float) -> Tensor:
    """Return the batch-hard triplet loss in which an anchor without a positive stays in the mean, with d_ap = 0."""
    positive, negative = pair_masks(y)
    d = euclidean(z)
    d_ap = d.where(positive, 0).amax(1)
    d_an = d.where(negative, torch.inf).amin(1)
    return (d_ap - d_an + margin).relu().mean()


_SQUARED = {"distance": "sqeuclidean"}
_PLAIN = {"distance": "euclidean"}
TRIPLET = (
    Variant(
        "here",
        "triplet",
        "squared Euclidean, all semi-hard",
        r"$d^2$ as in FaceNet, mean over all semi-hard triplets of the batch.",
        theta={**_SQUARED, "mining": "semihard"},
    ),
    Variant(
        "plain",
        "triplet",
        "Euclidean, all semi-hard",
        r"$d$ in place of $d^2$: the same margin then selects other negatives, because $m$ in $d$ is $2d_{ap}m+m^2$ in "
        r"$d^2$.",
        theta={**_PLAIN, "mining": "semihard"},
    ),
    Variant(
        "all",
        "triplet",
        "mean over all triplets",
        "Triplets without a loss stay in the mean as zeros. The better the embedding, the more zeros there are, and "
        "the smaller the gradient.",
        theta={**_SQUARED, "mining": "all"},
    ),
    Variant(
        "nonzero",
        "triplet",
        "Euclidean, mean over nonzero terms",
        "pytorch-metric-learning's TripletMarginLoss without a miner. (By default it also scales embeddings to unit "
        "length and has a margin of 0.05.) Fewer and fewer triplets are in the mean, so it hardly falls.",
        theta={**_PLAIN, "mining": "all_nonzero"},
    ),
    Variant(
        "tfa",
        "triplet",
        "TensorFlow Addons' semi-hard",
        "For each positive it takes the nearest negative that is farther away, at any distance. If there is none, it "
        "takes the farthest negative, which is hard. Its default margin is 1. Later releases use Euclidean distance.",
        theta={**_PLAIN, "mining": "semihard_tfa"},
    ),
    Variant(
        "tfa_09",
        "triplet",
        "TensorFlow Addons 0.9's semi-hard",
        "The same with squared distances, as in releases 0.9, although they called it L_2.",
        theta={**_SQUARED, "mining": "semihard_tfa"},
    ),
    Variant(
        "tfa_hard",
        "triplet",
        "TensorFlow Addons' batch-hard",
        r"triplet_hard_loss keeps anchors without a positive in the mean, with $d_{ap}=0$; here they are left out.",
        function=batch_hard_for_all,
    ),
)
