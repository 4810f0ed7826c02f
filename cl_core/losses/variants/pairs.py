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
        r"$d^2$ and $[m-d]_+^2$, one mean over all pairs, zeros included. So does TensorFlow Addons' contrastive_loss.",
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
        "linear, means of what is not 0",
        r"pytorch-metric-learning's ContrastiveLoss: $d$ and $[m-d]_+$ of unit vectors, not squared, and the mean over "
        "positives plus the mean over those negatives that still have a loss. So the pull does not fade near the goal.",
        function=linear_nonzero,
    ),
    Variant(
        "hinge_of_squares",
        "contrastive",
        "hinge on the squared distance",
        r"The same with its option power=2: $d^2$ and $[m-d^2]_+$, which is not $[m-d]_+^2$: the push grows with $d$ "
        "instead of fading towards the margin.",
        function=hinge_of_squares,
    ),
    Variant(
        "cosine",
        "contrastive",
        "on 1 - cosine",
        rf"A notebook of {CONTRASTING.markdown} measures $1-s$, which is half of $d^2$ of unit vectors; that squared "
        r"is $d^4/4$, and a margin of 1 is a right angle.",
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
        "squared, the semi-hard set",
        r"$d^2$ as in FaceNet, mean over all semi-hard triplets of the batch.",
        theta={**_SQUARED, "mining": "semihard"},
    ),
    Variant(
        "plain",
        "triplet",
        "plain distance, the semi-hard set",
        r"$d$ in place of $d^2$: the same number as a margin then admits other negatives, as $m$ in $d$ is "
        r"$2d_{ap}m+m^2$ in $d^2$.",
        theta={**_PLAIN, "mining": "semihard"},
    ),
    Variant(
        "all",
        "triplet",
        "mean over all triplets",
        "Zeros stay in the mean: the better the embedding, the more of them, and the smaller every step.",
        theta={**_SQUARED, "mining": "all"},
    ),
    Variant(
        "nonzero",
        "triplet",
        "plain distance, mean over what is not 0",
        "pytorch-metric-learning's TripletMarginLoss without a miner (which also scales embeddings to unit length and "
        "has a margin of 0.05 by default). The mean is over fewer and fewer triplets, so it hardly falls.",
        theta={**_PLAIN, "mining": "all_nonzero"},
    ),
    Variant(
        "tfa",
        "triplet",
        "TensorFlow Addons' semi-hard",
        "For each positive the nearest negative that is farther, at any distance, or else the farthest of all, which "
        "is a hard one; its default margin is 1. In plain distance, as its later releases have it.",
        theta={**_PLAIN, "mining": "semihard_tfa"},
    ),
    Variant(
        "tfa_09",
        "triplet",
        "TensorFlow Addons 0.9's semi-hard",
        "The same on squared distances, as releases 0.9 had it, though they called it L_2.",
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
