"""Variants of the losses that compare a positive with all other rows of the batch.

Functions take embeddings z (B, D), labels y (B,) and parameters of the loss, and return the mean loss, a scalar. Their
sources are printed in example programs.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize, softplus

from cl_core.losses.articles import CONTRASTING
from cl_core.losses.plain.pairs import mean, pair_masks, similarity
from cl_core.losses.plain.sets import circle_logits, info_nce, npair, pccl_released, supcon
from cl_core.losses.variants.base import Variant


def soft_labels(z: Tensor, y: Tensor) -> Tensor:
    """Return the cross-entropy of each row of inner products, with equal target shares for the rows of its class.

    The anchor is one of them.
    """
    same = (y[:, None] == y).to(z)
    return cross_entropy(z @ z.T, same / same.sum(1, keepdim=True))


def first_pairs(y: Tensor) -> tuple[Tensor, Tensor]:
    """Return the numbers of the first and the second row of each class that has two rows, both (C,)."""
    first, second = [], []
    for c in y.unique():
        rows = (y == c).nonzero()[:, 0]
        if len(rows) > 1:
            first.append(rows[0])
            second.append(rows[1])
    a, p = (torch.tensor(rows, dtype=torch.long, device=y.device) for rows in (first, second))
    return a, p


def one_pair_per_class(z: Tensor, y: Tensor, l2: float) -> Tensor:
    """Return the cross-entropy for finding the partner of each anchor among the partners of all classes."""
    a, p = first_pairs(y)
    s = z[a] @ z[p].T  # (C, C)
    terms = s.logsumexp(1) - s.diagonal()
    return mean(terms + l2 * (z[a].square().sum(1) + z[p].square().sum(1)))


def one_unit_pair_per_class(z: Tensor, y: Tensor) -> Tensor:
    """Return the cross-entropy for finding the partner of each anchor among those of all classes, on unit vectors."""
    a, p = first_pairs(y)
    s = normalize(z[a], dim=1) @ normalize(z[p], dim=1).T  # (C, C)
    return mean(s.logsumexp(1) - s.diagonal())


def quarter_of_the_penalty(z: Tensor, y: Tensor, l2: float) -> Tensor:
    """Return the N-pair loss with a quarter of the price of long embeddings."""
    return npair(z, y, l2 / 4)


NPAIR = (
    Variant(
        "here",
        "npair",
        "every positive pair, without the anchor",
        "Form with labels: one term for each ordered positive pair, against all negatives of its anchor.",
        theta={},
    ),
    Variant(
        "one_pair",
        "npair",
        "one pair per class",
        "Sohn's batch has one pair of each class, so an anchor has as many negatives as there are other classes. Here "
        "the pairs are the first two rows of each class.",
        function=one_pair_per_class,
    ),
    Variant(
        "one_unit_pair",
        "npair",
        "one pair per class, unit length",
        "pytorch-metric-learning's NPairsLoss scales embeddings to unit length by default. Then no logit exceeds 1, "
        "and the loss stays high.",
        function=one_unit_pair_per_class,
    ),
    Variant(
        "quarter_l2",
        "npair",
        "a quarter of the length penalty",
        r"TensorFlow's npairs_loss, and most programs after it, multiply the squared lengths by $\lambda/4$: their "
        r"$\lambda=0.002$ is 0.0005 here, and the published 0.002 is four times as strong here.",
        function=quarter_of_the_penalty,
    ),
    Variant(
        "soft_labels",
        "npair",
        "with the anchor itself, and soft labels",
        "TensorFlow Addons' npairs_loss on the matrix of inner products: the anchor is its own positive and a "
        "candidate, and all rows of its class share the label. It is another loss with the same name.",
        function=soft_labels,
    ),
)


def rescaled_supcon(z: Tensor, y: Tensor, temperature: float) -> Tensor:
    """Return SupCon times tau / 0.07."""
    return temperature / 0.07 * supcon(z, y, temperature)


def supcon_of_all_anchors(z: Tensor, y: Tensor, temperature: float) -> Tensor:
    """Return SupCon with a mean over all anchors; one without a positive counts as 0."""
    positive, _ = pair_masks(y)
    return supcon(z, y, temperature) * positive.any(1).sum() / len(y)


SUPCON = (
    Variant(
        "here",
        "supcon",
        "mean outside the logarithm",
        r"$L_{out}$ of the paper, over the anchors that have a positive.",
        theta={"variant": "out"},
    ),
    Variant(
        "inside",
        "supcon",
        "mean inside the logarithm",
        r"The paper's other form, $L_{in}$. By Jensen's inequality it is never larger. It was worse in the "
        "experiments.",
        theta={"variant": "in"},
    ),
    Variant(
        "base",
        "supcon",
        "times τ / 0.07",
        r"The authors' code multiplies by $\tau/\tau_{base}$ with $\tau_{base}=0.07$: at $\tau=0.5$ that is 7.1 times "
        "the value and, with plain gradient descent, 7.1 times the learning rate.",
        function=rescaled_supcon,
    ),
    Variant(
        "all_anchors",
        "supcon",
        "anchors without a positive count as 0",
        "The authors' code keeps them in the mean (earlier versions gave NaN), so the value falls with every class "
        r"that has a single image in the batch. It is shown without its factor $\tau/0.07$.",
        function=supcon_of_all_anchors,
    ),
)


def labels_as_positives(z: Tensor, y: Tensor, temperature: float) -> Tensor:
    """Return NT-Xent with labels: each positive against all negatives, the other positives left out of the sum."""
    return info_nce(z, y, temperature)


def labels_in_denominator(z: Tensor, y: Tensor, temperature: float) -> Tensor:
    """Return NT-Xent with labels: each positive against all other rows, the other positives included in the sum."""
    return supcon(z, y, temperature)


NT_XENT = (
    Variant(
        "here",
        "nt_xent",
        "two views, no labels",
        "SimCLR: row i and row i + N are views of one image. All other rows are negatives, whatever their class.",
        theta={},
    ),
    Variant(
        "labels",
        "nt_xent",
        "positives by label",
        "pytorch-metric-learning's NTXentLoss takes labels. It compares each positive with the negatives, and leaves "
        "out the other positives. Here this is called InfoNCE.",
        function=labels_as_positives,
    ),
    Variant(
        "labels_in_the_sum",
        "nt_xent",
        "positives by label, all in the denominator",
        f"The supervised NT-Xent of {CONTRASTING.markdown}. With the other positives in the denominator it is SupCon.",
        function=labels_in_denominator,
    ),
)


def one_direction(z: Tensor, temperature: float) -> Tensor:
    """Return InfoNCE of pairs (i, i + N): each row of the first half must find its partner in the second half."""
    u = normalize(z, dim=1)
    n = len(u) // 2
    return cross_entropy(u[:n] @ u[n : 2 * n].T / temperature, torch.arange(n, device=z.device))


def two_directions(z: Tensor, temperature: float) -> Tensor:
    """Return InfoNCE of pairs (i, i + N): each row must find its partner among the rows of the other half only."""
    u = normalize(z, dim=1)
    n = len(u) // 2
    s = u[:n] @ u[n : 2 * n].T / temperature
    partner = torch.arange(n, device=z.device)
    return (cross_entropy(s, partner) + cross_entropy(s.T, partner)) / 2


INFO_NCE = (
    Variant(
        "here",
        "info_nce",
        "every positive pair of a labelled batch",
        "One term for each ordered positive pair, against all negatives of its anchor.",
        theta={},
    ),
    Variant(
        "one_direction",
        "info_nce",
        "rows i and i + N, in one direction",
        "As in CPC, and in MoCo with its queue: only the first half are anchors, the second half are candidates. "
        "Labels are not used.",
        function=one_direction,
    ),
    Variant(
        "two_directions",
        "info_nce",
        "rows i and i + N, in both directions",
        "As for pairs of image and text: each row is compared only with the rows of the other half, and labels are not "
        "used. An anchor has N - 1 negatives, while in NT-Xent it has 2N - 2.",
        function=two_directions,
    ),
    Variant(
        "in_the_sum",
        "info_nce",
        "the other positives in the denominator",
        "That makes it SupCon: the positives compete, and with two or more of them the loss cannot come near 0.",
        function=labels_in_denominator,
    ),
)

# --- circle and PCCL --------------------------------------------------------------------------------------------------


def circle_of_all_anchors(z: Tensor, y: Tensor, margin: float, scale: float) -> Tensor:
    """Return Circle loss with a mean over all anchors; one without a positive or without a negative counts as 0."""
    positive, negative = pair_masks(y)
    logit_p, logit_n = circle_logits(similarity(z), margin, scale)
    log_sum_p = logit_p.masked_fill(~positive, -torch.inf).logsumexp(1)
    log_sum_n = logit_n.masked_fill(~negative, -torch.inf).logsumexp(1)
    return softplus(log_sum_p + log_sum_n).mean()


CIRCLE = (
    Variant(
        "here",
        "circle",
        "one group per anchor",
        "The paper's form: an anchor's positives against its negatives, mean over the anchors that have both.",
        theta={"pool": "anchor"},
    ),
    Variant(
        "batch",
        "circle",
        "one group per batch",
        "Two public programs (one that is often copied, and EasyNLP's) put all pairs of the batch into one group. The "
        "value grows with the batch size, and only the worst pairs have a force.",
        theta={"pool": "batch"},
    ),
    Variant(
        "all_anchors",
        "circle",
        "anchors without partners count as 0",
        "pytorch-metric-learning's CircleLoss with a plain mean as its reducer. Its default mean is over nonzero "
        r"terms, which is the same as here unless perfect anchors underflow: in float32 from $\gamma m^2=52$ on.",
        function=circle_of_all_anchors,
    ),
)


def pccl_with_margins(z: Tensor, y: Tensor, margin: float, temperature: float, xi: int) -> Tensor:
    """Return PCCL with the margins of Circle loss, and all pairs of the batch in one group."""
    return pccl_released(z, y, margin, 1 / temperature, xi)


PCCL = (
    Variant(
        "here",
        "pccl",
        "without margins, one group per anchor",
        "Rebuilt from a description of the paper: the weights of circle loss without its margins, and separate "
        "temperatures for positives and negatives.",
        theta={},
    ),
    Variant(
        "released",
        "pccl",
        "with margins, one group per batch",
        r"The authors' released code keeps circle loss's margins and pools the whole batch. At $\gamma=1/\tau_n$, "
        r"$k=\xi$.",
        function=pccl_with_margins,
    ),
)
