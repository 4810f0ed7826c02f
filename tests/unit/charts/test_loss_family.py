"""The diagram of how the losses are related: its families, its edges as equal numbers, and its text."""

import math
import re

import pytest
import torch
from torch.nn.functional import cross_entropy

from cl_core.charts import loss_family
from cl_core.losses import LOSSES, module
from cl_core.losses.contrast import Contrast
from cl_core.losses.distances import unit
from tests.colours import contrast

DICE = torch.Generator().manual_seed(3)
Z = torch.randn(12, 4, generator=DICE, dtype=torch.float64)
Y = torch.arange(12) % 3
U, W = unit(Z), torch.randn(3, 4, generator=DICE, dtype=torch.float64)
S_BATCH, S_CLASSES = U @ U.T, U @ unit(W).T
SAME = (Y[:, None] == Y) & ~torch.eye(12, dtype=torch.bool)
VIEWS = torch.arange(6).repeat(2)
OWN = Y[:, None] == torch.arange(3)


def of_batch(key, z=Z, y=Y, **theta):
    return float(module(key, **theta)(z, y))


def of_classes(key, z=Z, w=W, **theta):
    f = module(key, num_classes=3, embedding_dim=4, **theta).double()
    with torch.no_grad():
        f.weight.copy_(w)
    return f(z, Y).item()


def of_prototypes(key, **theta):
    """A loss of the batch, given class weights in place of the other rows."""
    return float(LOSSES[key](Contrast.of_prototypes(Z, Y, W, "similarity"), **theta).mean())


def circle(s, positive, negative, weight_p, weight_n, delta_p, delta_n, scale):
    """Circle loss of every anchor as it is printed, with weights and margins as they are passed."""
    logit_p, logit_n = -scale * weight_p * (s - delta_p), scale * weight_n * (s - delta_n)
    sums = logit_p.masked_fill(~positive, -torch.inf).logsumexp(1) + logit_n.masked_fill(
        ~negative, -torch.inf
    ).logsumexp(1)
    return torch.logaddexp(sums, torch.zeros(())).mean()


COMPUTED = {
    ("circle", "triplet"): lambda: (
        circle(S_BATCH, SAME, Y[:, None] != Y, 1, 1, 0.75, 0.25, 1e9) / 1e9,
        of_batch("triplet", margin=1 - 2 * 0.25, distance="cosine", mining="batch_hard"),
    ),
    ("npair", "info_nce"): lambda: (of_batch("npair", U / 0.3**0.5), of_batch("info_nce", temperature=0.3)),
    ("nt_xent", "supcon"): lambda: (of_batch("nt_xent"), of_batch("supcon", y=VIEWS, temperature=0.5)),
    ("supcon", "info_nce"): lambda: (
        of_batch("supcon", y=VIEWS), of_batch("info_nce", y=VIEWS)
    ),
    ("info_nce", "normface"): lambda: (of_prototypes("info_nce", temperature=0.05), of_classes("normface", scale=20.0)),
    ("softmax", "normface"): lambda: (of_classes("softmax", 20 * U, unit(W)), of_classes("normface", scale=20.0)),
    ("am_softmax", "normface"): lambda: (
        of_classes("am_softmax", margin=0.0, scale=9.0), of_classes("normface", scale=9.0)
    ),
    ("arcface", "normface"): lambda: (of_classes("arcface", margin=0.0, scale=9.0), of_classes("normface", scale=9.0)),
    ("l_softmax", "softmax"): lambda: (of_classes("l_softmax", margin=1), of_classes("softmax")),
    ("l_softmax", "sphereface"): lambda: (of_classes("l_softmax", w=unit(W)), of_classes("sphereface", margin=2)),
    ("pccl_released", "circle"): lambda: (
        of_batch("pccl_released", margin=0.25, scale=32.0, k=1), of_batch("circle", pool="batch")
    ),
    ("circle", "pccl"): lambda: (
        circle(S_BATCH, SAME, Y[:, None] != Y, (1.25 - S_BATCH).relu(), (S_BATCH + 0.25).relu(), 0, 0, 16),
        of_batch("pccl"),
    ),
    ("circle", "circle_class"): lambda: (of_prototypes("circle"), of_classes("circle_class")),
    ("circle_class", "am_softmax"): lambda: (
        circle(S_CLASSES, OWN, ~OWN, 1, 1, 0.75, 0.25, 30), of_classes("am_softmax", margin=1 - 2 * 0.25)
    ),
}  # fmt: skip


def test_families_are_told_by_what_is_compared():
    of = {title: {key for key, loss in LOSSES.items() if loss_family.family_of(loss).title == title} for title in (
        "Pairs and triplets", "One against the whole batch", "Class weights")}  # fmt: skip
    assert of["Pairs and triplets"] >= {"contrastive", "triplet"}
    assert of["One against the whole batch"] >= {"npair", "nt_xent", "supcon", "info_nce", "circle", "pccl"}
    assert of["Class weights"] == {key for key, loss in LOSSES.items() if loss.classes}
    assert set.union(*of.values()) == set(LOSSES)


@pytest.mark.parametrize("edge", loss_family.EDGES, ids=lambda e: f"{e.source}-{e.target}")
def test_an_arrow_leads_to_the_same_number(edge):
    if edge.exact:
        one, other = COMPUTED[edge.source, edge.target]()
        assert math.isclose(one, other, rel_tol=1e-6 if edge.condition.endswith("∞") else 1e-9)
    else:
        assert (edge.source, edge.target) not in COMPUTED


def test_circle_as_printed_here_is_our_circle():
    negative = Y[:, None] != Y
    printed = circle(S_BATCH, SAME, negative, (1.25 - S_BATCH).relu(), (S_BATCH + 0.25).relu(), 0.75, 0.25, 32)
    assert math.isclose(printed, of_batch("circle"), rel_tol=1e-9)
    one_hot = 30 * (S_CLASSES - torch.where(OWN, 0.75, 0.25).double())
    assert math.isclose(cross_entropy(one_hot, Y), circle(S_CLASSES, OWN, ~OWN, 1, 1, 0.75, 0.25, 30), rel_tol=1e-9)


@pytest.mark.parametrize("dark", [False, True])
def test_the_picture_names_every_loss_and_can_be_read(dark):
    text = loss_family.graphviz_dot(dark=dark)
    for key in LOSSES:
        assert re.search(rf"^{key} \[label=", text, re.MULTILINE)
    for edge in loss_family.EDGES:
        assert f"{edge.source} -> {edge.target} [" in text
        assert LOSSES[edge.source].title in loss_family.family_alt()
    ink, fills = re.search(r'fontcolor="(#\w+)"', text)[1], set(re.findall(r'fillcolor="(#\w+)"', text))
    assert all(contrast(ink, fill) > 7 for fill in fills)  # WCAG's AAA
