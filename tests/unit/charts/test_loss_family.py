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

GENERATOR = torch.Generator().manual_seed(3)
Z = torch.randn(12, 4, generator=GENERATOR, dtype=torch.float64)
Y = torch.arange(12) % 3
U, W = unit(Z), torch.randn(3, 4, generator=GENERATOR, dtype=torch.float64)
S_BATCH, S_CLASSES = U @ U.T, U @ unit(W).T
SAME = (Y[:, None] == Y) & ~torch.eye(12, dtype=torch.bool)
VIEWS = torch.arange(6).repeat(2)
OWN = Y[:, None] == torch.arange(3)


def batch_loss(key, z=Z, y=Y, **theta):
    return float(module(key, **theta)(z, y))


def class_loss(key, z=Z, w=W, **theta):
    f = module(key, num_classes=3, embedding_dim=4, **theta).double()
    with torch.no_grad():
        f.weight.copy_(w)
    return f(z, Y).item()


def prototype_loss(key, **theta):
    """Return the loss of a batch with class weights as items, in place of the other images."""
    return float(LOSSES[key](Contrast.of_prototypes(Z, Y, W, "similarity"), **theta).mean())


def circle_loss(s, positive, negative, weight_p, weight_n, delta_p, delta_n, scale):
    """Return the mean circle loss over anchors by the printed formula, with given weights and margins."""
    logit_p, logit_n = -scale * weight_p * (s - delta_p), scale * weight_n * (s - delta_n)
    sums = logit_p.masked_fill(~positive, -torch.inf).logsumexp(1) + logit_n.masked_fill(
        ~negative, -torch.inf
    ).logsumexp(1)
    return torch.logaddexp(sums, torch.zeros(())).mean()


BOTH_SIDES = {
    ("circle", "triplet"): lambda: (
        circle_loss(S_BATCH, SAME, Y[:, None] != Y, 1, 1, 0.75, 0.25, 1e9) / 1e9,
        batch_loss("triplet", margin=1 - 2 * 0.25, distance="cosine", mining="batch_hard"),
    ),
    ("npair", "info_nce"): lambda: (batch_loss("npair", U / 0.3**0.5), batch_loss("info_nce", temperature=0.3)),
    ("nt_xent", "supcon"): lambda: (batch_loss("nt_xent", y=VIEWS), batch_loss("supcon", y=VIEWS, temperature=0.5)),
    ("supcon", "info_nce"): lambda: (
        batch_loss("supcon", y=VIEWS), batch_loss("info_nce", y=VIEWS)
    ),
    ("info_nce", "normface"): lambda: (
        prototype_loss("info_nce", temperature=0.05), class_loss("normface", scale=20.0)
    ),
    ("softmax", "normface"): lambda: (class_loss("softmax", 20 * U, unit(W)), class_loss("normface", scale=20.0)),
    ("am_softmax", "normface"): lambda: (
        class_loss("am_softmax", margin=0.0, scale=9.0), class_loss("normface", scale=9.0)
    ),
    ("arcface", "normface"): lambda: (class_loss("arcface", margin=0.0, scale=9.0), class_loss("normface", scale=9.0)),
    ("l_softmax", "softmax"): lambda: (class_loss("l_softmax", margin=1), class_loss("softmax")),
    ("l_softmax", "sphereface"): lambda: (class_loss("l_softmax", w=unit(W)), class_loss("sphereface", margin=2)),
    ("pccl_released", "circle"): lambda: (
        batch_loss("pccl_released", margin=0.25, scale=32.0, k=1), batch_loss("circle", pool="batch")
    ),
    ("circle", "pccl"): lambda: (
        circle_loss(S_BATCH, SAME, Y[:, None] != Y, (1.25 - S_BATCH).relu(), (S_BATCH + 0.25).relu(), 0, 0, 16),
        batch_loss("pccl"),
    ),
    ("circle", "circle_class"): lambda: (prototype_loss("circle"), class_loss("circle_class")),
    ("circle_class", "am_softmax"): lambda: (
        circle_loss(S_CLASSES, OWN, ~OWN, 1, 1, 0.75, 0.25, 30), class_loss("am_softmax", margin=1 - 2 * 0.25)
    ),
}  # fmt: skip


def test_families_group_losses_by_what_they_compare():
    members = {title: {key for key, loss in LOSSES.items() if loss_family.family_of(loss).title == title} for title in (
        "Pairs and triplets", "One against the whole batch", "Class weights")}  # fmt: skip
    assert members["Pairs and triplets"] >= {"contrastive", "triplet"}
    assert members["One against the whole batch"] >= {"npair", "nt_xent", "supcon", "info_nce", "circle", "pccl"}
    assert members["Class weights"] == {key for key, loss in LOSSES.items() if loss.classes}
    assert set.union(*members.values()) == set(LOSSES)


@pytest.mark.parametrize("edge", loss_family.EDGES, ids=lambda e: f"{e.source}-{e.target}")
def test_exact_edge_joins_losses_of_equal_value(edge):
    if edge.exact:
        source_value, target_value = BOTH_SIDES[edge.source, edge.target]()
        assert math.isclose(source_value, target_value, rel_tol=1e-6 if edge.condition.endswith("∞") else 1e-9)
    else:
        assert (edge.source, edge.target) not in BOTH_SIDES


def test_circle_loss_of_these_tests_equals_library_and_cross_entropy():
    negative = Y[:, None] != Y
    printed = circle_loss(S_BATCH, SAME, negative, (1.25 - S_BATCH).relu(), (S_BATCH + 0.25).relu(), 0.75, 0.25, 32)
    assert math.isclose(printed, batch_loss("circle"), rel_tol=1e-9)
    logits = 30 * (S_CLASSES - torch.where(OWN, 0.75, 0.25).double())
    assert math.isclose(cross_entropy(logits, Y), circle_loss(S_CLASSES, OWN, ~OWN, 1, 1, 0.75, 0.25, 30), rel_tol=1e-9)


@pytest.mark.parametrize("dark", [False, True])
def test_diagram_names_every_loss_with_enough_contrast(dark):
    text = loss_family.graphviz_dot(dark=dark)
    for key in LOSSES:
        assert re.search(rf"^{key} \[label=", text, re.MULTILINE)
    for edge in loss_family.EDGES:
        assert f"{edge.source} -> {edge.target} [" in text
        assert LOSSES[edge.source].title in loss_family.family_alt()
    ink, fills = re.search(r'fontcolor="(#\w+)"', text)[1], set(re.findall(r'fillcolor="(#\w+)"', text))
    assert all(contrast(ink, fill) > 7 for fill in fills)  # WCAG's AAA
