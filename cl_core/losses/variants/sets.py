"""Conventions of the losses that weigh a positive against all others of the batch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize, softplus

from cl_core.losses.plain.pairs import mean, pair_masks, similarity
from cl_core.losses.plain.sets import circle_logits, info_nce, pccl_released, supcon
from cl_core.losses.variants.base import Variant


def soft_labels(z: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy of each row of inner products against equal shares for its class, the anchor itself included."""
    same = (y[:, None] == y).to(z)
    return cross_entropy(z @ z.T, same / same.sum(1, keepdim=True))


def first_pairs(y: Tensor) -> tuple[Tensor, Tensor]:
    """The first two rows (C,) and (C,) of each class that has two."""
    first, second = [], []
    for c in y.unique():
        rows = (y == c).nonzero()[:, 0]
        if len(rows) > 1:
            first.append(rows[0])
            second.append(rows[1])
    return torch.tensor(first, dtype=torch.long), torch.tensor(second, dtype=torch.long)


def one_pair_a_class(z: Tensor, y: Tensor, l2: float) -> Tensor:
    """Cross-entropy for finding the anchor's own partner among the partners of all classes."""
    a, p = first_pairs(y)
    s = z[a] @ z[p].T  # (C, C)
    terms = s.logsumexp(1) - s.diagonal()
    return mean(terms + l2 * (z[a].square().sum(1) + z[p].square().sum(1)))


def one_unit_pair_a_class(z: Tensor, y: Tensor) -> Tensor:
    """The same on unit vectors, without a price of length."""
    a, p = first_pairs(y)
    s = normalize(z[a], dim=1) @ normalize(z[p], dim=1).T  # (C, C)
    return mean(s.logsumexp(1) - s.diagonal())


NPAIR = (
    Variant(
        "here",
        "npair",
        "every positive pair, without oneself",
        "Label form: one term for each ordered positive pair, against all negatives of its anchor.",
        theta={},
    ),
    Variant(
        "one_pair",
        "npair",
        "one pair a class",
        "Sohn's batch has one pair of each class, so an anchor has as many negatives as there are other classes. Taken "
        "here: the first two rows of each class.",
        function=one_pair_a_class,
    ),
    Variant(
        "one_unit_pair",
        "npair",
        "one pair a class, unit length",
        "pytorch-metric-learning's NPairsLoss scales embeddings to unit length unless told otherwise. Then no logit "
        "exceeds 1, and the loss stays high.",
        function=one_unit_pair_a_class,
    ),
    Variant(
        "soft_labels",
        "npair",
        "with oneself, and soft labels",
        "TensorFlow Addons' npairs_loss on the matrix of inner products: the anchor is a positive of its own and a "
        "candidate, and all of its class share the label. Another loss by the same name.",
        function=soft_labels,
    ),
)


def rescaled(z: Tensor, y: Tensor, temperature: float) -> Tensor:
    """Times tau / 0.07."""
    return temperature / 0.07 * supcon(z, y, temperature)


def all_anchors(z: Tensor, y: Tensor, temperature: float) -> Tensor:
    """An anchor without a positive counts, and counts as 0."""
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
        r"The paper's other form, $L_{in}$. Never larger, by Jensen's inequality, and worse in its experiments.",
        theta={"variant": "in"},
    ),
    Variant(
        "base",
        "supcon",
        r"times $\tau/0.07$",
        r"The authors' code multiplies by $\tau/\tau_{base}$ with $\tau_{base}=0.07$: at $\tau=0.5$ that is 7.1 times "
        "the value and, for plain gradient descent, the learning rate.",
        function=rescaled,
    ),
    Variant(
        "all_anchors",
        "supcon",
        "anchors without a positive count as 0",
        "The authors' code now keeps them in the mean (and once gave NaN), so the value falls with every class that "
        r"has a single image in the batch. Shown without its factor $\tau/0.07$.",
        function=all_anchors,
    ),
)


def labels_as_positives(z: Tensor, y: Tensor, temperature: float) -> Tensor:
    """Each of one's class in turn against all negatives; the rest of the class left out of the sum."""
    return info_nce(z, y, temperature)


def labels_in_the_sum(z: Tensor, y: Tensor, temperature: float) -> Tensor:
    """Each of one's class against all other rows, the rest of the class included."""
    return supcon(z, y, temperature)


NT_XENT = (
    Variant(
        "here",
        "nt_xent",
        "two views, no labels",
        "SimCLR: row i and row i + N are views of one image; the rest of the batch, of whatever class, is negative.",
        theta={},
    ),
    Variant(
        "labels",
        "nt_xent",
        "labels say who is positive",
        "pytorch-metric-learning's NTXentLoss takes labels. Given classes, each positive in turn is compared with the "
        "negatives, and the other positives are left out: what is called InfoNCE here.",
        function=labels_as_positives,
    ),
    Variant(
        "labels_in_the_sum",
        "nt_xent",
        "labels, and positives compete",
        "The first article's supervised NT-Xent: with the other positives in the denominator, that is SupCon.",
        function=labels_in_the_sum,
    ),
)


def two_directions(z: Tensor, temperature: float) -> Tensor:
    """Rows i and i + N as pairs of two kinds: each half looks for its partner in the other half only."""
    u = normalize(z, dim=1)
    n = len(u) // 2
    s = u[:n] @ u[n : 2 * n].T / temperature
    partner = torch.arange(n)
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
        "two_directions",
        "info_nce",
        "rows i and i + N, each half in the other",
        "As for pairs of image and text: a row looks for its partner among the other half only, and labels are not "
        "used. N - 1 negatives in place of NT-Xent's 2N - 2.",
        function=two_directions,
    ),
    Variant(
        "in_the_sum",
        "info_nce",
        "the other positives in the denominator",
        "That makes it SupCon: the positives compete, and the loss can no longer reach 0.",
        function=labels_in_the_sum,
    ),
)

# --- circle and PCCL --------------------------------------------------------------------------------------------------


def circle_all_anchors(z: Tensor, y: Tensor, margin: float, scale: float) -> Tensor:
    """Circle loss of each anchor, 0 for one without a positive or without a negative; mean over all."""
    positive, negative = pair_masks(y)
    logit_p, logit_n = circle_logits(similarity(z), margin, scale)
    of_positives = logit_p.masked_fill(~positive, -torch.inf).logsumexp(1)
    of_negatives = logit_n.masked_fill(~negative, -torch.inf).logsumexp(1)
    return softplus(of_positives + of_negatives).mean()


CIRCLE = (
    Variant(
        "here",
        "circle",
        "one group an anchor",
        "The paper's form: an anchor's positives against its negatives, mean over the anchors that have both.",
        theta={"pool": "anchor"},
    ),
    Variant(
        "batch",
        "circle",
        "one group a batch",
        "Two public programs (a much-copied one, and EasyNLP's) put all pairs of the batch into one group. The value "
        "grows with the batch, and only its worst pairs feel anything.",
        theta={"pool": "batch"},
    ),
    Variant(
        "all_anchors",
        "circle",
        "anchors without partners count as 0",
        "pytorch-metric-learning's CircleLoss with a plain mean as its reducer. Its own mean is over what is not 0, "
        r"which is the same as here unless perfect anchors underflow: in float32 from $\gamma m^2=52$ on.",
        function=circle_all_anchors,
    ),
)


def pccl_with_margins(z: Tensor, y: Tensor, margin: float, temperature: float, xi: int) -> Tensor:
    """Circle loss's margins kept, and all pairs of the batch in one group."""
    return pccl_released(z, y, margin, 1 / temperature, xi)


PCCL = (
    Variant(
        "here",
        "pccl",
        "without margins, one group an anchor",
        "Rebuilt from a description of the paper: circle loss's weights alone, and a temperature of its own a side.",
        theta={},
    ),
    Variant(
        "released",
        "pccl",
        "with margins, one group a batch",
        r"The code that the authors released keeps circle loss's margins and pools the batch. At $\gamma=1/\tau_n$, "
        r"$k=\xi$.",
        function=pccl_with_margins,
    ),
)
