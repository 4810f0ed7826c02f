"""How losses are related to each other, to a well-known library and to their own two ends: collapse and perfection."""

import math

import pytest
import torch
from pytorch_metric_learning import distances, miners, reducers
from pytorch_metric_learning import losses as pml

from cl_core import losses
from cl_core.contrast import unit
from cl_core.losses import LOSSES, module
from tests.batches import BATCHES
from tests.test_losses import CORNERS, value_and_gradient

DICE = torch.Generator().manual_seed(7)
Z = unit(torch.randn(24, 6, generator=DICE, dtype=torch.float64))
Y = torch.arange(24) % 5  # every class at least four times
VIEWS = torch.arange(12).repeat(2)
MEAN = reducers.MeanReducer()


def same(key, theta, other, z=Z, y=Y):
    """Equal value and gradient; that library normalises embeddings before it takes a distance, so ours are too."""
    f = module(key, **theta)
    ours = (lambda z, y: f(unit(z), y)) if key in ("triplet", "contrastive") else f
    value, gradient = value_and_gradient(ours, z, y)
    expected, slope = value_and_gradient(other, z, y)
    assert math.isclose(value, expected, rel_tol=1e-9)
    assert torch.allclose(gradient, slope, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_softmax_losses_agree_with_pytorch_metric_learning(temperature):
    theta = {"temperature": temperature}
    same("supcon", theta, pml.SupConLoss(temperature))
    same("nt_xent", theta, pml.NTXentLoss(temperature), y=VIEWS)
    same("info_nce", theta, pml.NTXentLoss(temperature))  # its supervised form keeps the other positives out
    inner = distances.DotProductSimilarity(normalize_embeddings=False)
    same("npair", {}, pml.NTXentLoss(1.0, distance=inner), z=2 * Z)


def test_triplet_losses_agree_with_pytorch_metric_learning():
    d2 = distances.LpDistance(power=2)
    same("triplet", {"distance": "euclidean", "mining": "all_nonzero"}, pml.TripletMarginLoss(0.2))
    same("triplet", {"mining": "all_nonzero"}, pml.TripletMarginLoss(0.2, distance=d2))
    same("triplet", {"mining": "all"}, pml.TripletMarginLoss(0.2, distance=d2, reducer=MEAN))
    for mining in ("semihard", "hard"):
        miner = miners.TripletMarginMiner(0.2, mining, distance=d2)
        mean = pml.TripletMarginLoss(0.2, distance=d2, reducer=MEAN)
        same("triplet", {"mining": mining}, lambda z, y, f=mean, m=miner: f(z, y, m(z, y)))
    hardest, mean = miners.BatchHardMiner(), pml.TripletMarginLoss(0.2, reducer=MEAN)
    same(
        "triplet",
        {"distance": "euclidean", "mining": "batch_hard"},
        lambda z, y: mean(z, y, hardest(z, y)),
    )


@pytest.mark.parametrize("half", [False, True])
def test_contrastive_agrees_with_pytorch_metric_learning(half):
    # there each ordered pair costs d or [m - d]_+, not squared, and the two kinds are averaged apart
    def squared(z, y):
        parts = pml.ContrastiveLoss(0, 1, reducer=reducers.DoNothingReducer())(z, y)
        terms = torch.cat([parts[name]["losses"] for name in ("pos_loss", "neg_loss")]).square()
        return terms.mean() * (0.5 if half else 1)

    same("contrastive", {"half": half}, squared)


def test_nt_xent_is_supcon_on_two_views():
    same("nt_xent", {"temperature": 0.3}, module("supcon", temperature=0.3), y=VIEWS)
    assert module("nt_xent")(Z).item() == module("nt_xent")(Z, Y).item()  # labels are not looked at


def test_the_mean_inside_the_log_is_never_larger():
    # Jensen's inequality
    for b in BATCHES:
        assert module("supcon", variant="in")(b.z, b.y) <= module("supcon")(b.z, b.y) + 1e-12


def test_the_formulas_on_numbers_one_can_check_by_hand():
    # a right angle: rows (1, 0), (1, 0), (0, 1), (0, 1); d^2 = 2 and s = 0 across the classes
    z, y = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]], dtype=torch.float64), torch.tensor([0, 0, 1, 1])
    assert math.isclose(module("contrastive", margin=2.0)(z, y), 4 * (2 - 2**0.5) ** 2 / 6)
    assert math.isclose(module("triplet", margin=2.5, mining="all")(z, y), 0.5)
    assert math.isclose(module("npair", l2=0.01)(z, y), math.log(1 + 2 * math.exp(-1)) + 0.02)
    assert math.isclose(module("info_nce", temperature=0.5)(z, y), math.log(1 + 2 * math.exp(-2)))
    assert math.isclose(module("supcon", temperature=0.5)(z, y), math.log(1 + 2 * math.exp(-2)))
    assert math.isclose(module("nt_xent", temperature=0.5)(z[[0, 2, 1, 3]]), math.log(1 + 2 * math.exp(-2)))


# --- the lines on the live curve --------------------------------------------------------------------------------------


def test_collapse_and_floor_are_what_the_loss_shows_there():
    y = torch.arange(20) % 4
    point = torch.ones(20, 6, dtype=torch.float64) / 6**0.5
    corners = (torch.eye(4, dtype=torch.float64) - 0.25)[y]
    corners = corners / corners.norm(dim=1, keepdim=True)  # a regular simplex: s = -1/3
    for key, loss in LOSSES.items():
        for theta in CORNERS[key]:
            if loss.views:
                continue
            f = module(key, **theta)
            if f(point, y) > 0 and theta.get("l2", 0) == 0:
                assert math.isclose(losses.collapse_value(key, theta, y), f(point, y), rel_tol=1e-9)
            if key != "npair" and theta.get("distance") != "cosine":  # 1 - 1 is not always 0 in binary
                floor = losses.floor_value(key, theta, y)
                assert math.isclose(floor, f(corners, y), rel_tol=1e-6, abs_tol=1e-6)
    assert losses.floor_value("npair", {}, y) == 0.0


def test_collapse_values_in_closed_form():
    # all s = 1 and all d = 0 in the formulas; 20 rows, 4 classes of 5
    y = torch.arange(20) % 4
    value = losses.collapse_value
    assert math.isclose(value("supcon", {}, y), math.log(19))
    assert math.isclose(value("nt_xent", {}, y), math.log(19))
    assert math.isclose(value("npair", {}, y), math.log(1 + 15))
    assert math.isclose(value("info_nce", {}, y), math.log(1 + 15))
    assert math.isclose(value("contrastive", {"margin": 0.5}, y), 150 * 0.25 / 190)  # 150 of 190 pairs are negative
    for mining in LOSSES["triplet"].parameters["mining"].spec.options:
        assert math.isclose(value("triplet", {"mining": mining}, y), 0.2, abs_tol=1e-8)


def test_floor_values_in_closed_form():
    # positives at s = 1, d = 0 and classes at s = -1/3, d^2 = 8/3
    y = torch.arange(20) % 4
    floor = losses.floor_value
    assert math.isclose(floor("supcon", {"temperature": 0.5}, y), math.log(4 + 15 * math.exp(-(4 / 3) / 0.5)))
    assert math.isclose(floor("nt_xent", {}, y), math.log(1 + 18 * math.exp(-(1 + 1 / 9) / 0.5)))  # ten images
    assert math.isclose(floor("info_nce", {"temperature": 0.5}, y), math.log(1 + 15 * math.exp(-(4 / 3) / 0.5)))
    assert math.isclose(floor("contrastive", {"margin": 2.0}, y), 150 * (2 - (8 / 3) ** 0.5) ** 2 / 190)
    assert math.isclose(floor("triplet", {"margin": 3.0, "mining": "all"}, y), 3 - 8 / 3)
    assert floor("triplet", {}, y) == 0.0
    assert floor("supcon", {}, torch.zeros(4, dtype=torch.int64)) == pytest.approx(math.log(3))  # one class
