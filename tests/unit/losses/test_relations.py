"""Relations of losses to each other, to pytorch-metric-learning, and to their values at collapse and at perfection."""

import itertools
import math

import pytest
import torch
from pytorch_metric_learning import distances, miners, reducers
from pytorch_metric_learning import losses as pml

from cl_core import losses
from cl_core.losses import LOSSES, module
from cl_core.losses.contrast import Contrast
from cl_core.losses.distances import unit
from tests.batches import BATCHES
from tests.unit.losses.test_losses import CORNERS, PAIR_LOSSES, value_and_gradient

GENERATOR = torch.Generator().manual_seed(7)
Z = unit(torch.randn(24, 6, generator=GENERATOR, dtype=torch.float64))
Y = torch.arange(24) % 5  # every class at least four times
VIEWS = torch.arange(12).repeat(2)
MEAN = reducers.MeanReducer()


def assert_same(key, theta, other, z=Z, y=Y):
    """Compare value and gradient; the library normalises embeddings before distances, so here they are as well."""
    f = module(key, **theta)
    own_loss = (lambda z, y: f(unit(z), y)) if key in ("triplet", "contrastive") else f
    value, gradient = value_and_gradient(own_loss, z, y)
    expected, expected_gradient = value_and_gradient(other, z, y)
    assert math.isclose(value, expected, rel_tol=1e-9)
    assert torch.allclose(gradient, expected_gradient, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_softmax_losses_agree_with_pytorch_metric_learning(temperature):
    theta = {"temperature": temperature}
    assert_same("supcon", theta, pml.SupConLoss(temperature))
    assert_same("nt_xent", theta, pml.NTXentLoss(temperature), y=VIEWS)
    assert_same("info_nce", theta, pml.NTXentLoss(temperature))  # its supervised form excludes the other positives
    inner_product = distances.DotProductSimilarity(normalize_embeddings=False)
    assert_same("npair", {}, pml.NTXentLoss(1.0, distance=inner_product), z=2 * Z)


def test_triplet_losses_agree_with_pytorch_metric_learning():
    d2 = distances.LpDistance(power=2)
    assert_same("triplet", {"distance": "euclidean", "mining": "all_nonzero"}, pml.TripletMarginLoss(0.2))
    assert_same("triplet", {"mining": "all_nonzero"}, pml.TripletMarginLoss(0.2, distance=d2))
    assert_same("triplet", {"mining": "all"}, pml.TripletMarginLoss(0.2, distance=d2, reducer=MEAN))
    for mining in ("semihard", "hard"):
        miner = miners.TripletMarginMiner(0.2, mining, distance=d2)
        mean = pml.TripletMarginLoss(0.2, distance=d2, reducer=MEAN)
        assert_same("triplet", {"mining": mining}, lambda z, y, f=mean, m=miner: f(z, y, m(z, y)))
    hardest, mean = miners.BatchHardMiner(), pml.TripletMarginLoss(0.2, reducer=MEAN)
    assert_same(
        "triplet",
        {"distance": "euclidean", "mining": "batch_hard"},
        lambda z, y: mean(z, y, hardest(z, y)),
    )


@pytest.mark.parametrize("half", [False, True])
def test_contrastive_agrees_with_pytorch_metric_learning(half):
    # its terms are d or [m - d]_+ for each ordered pair, not squared, and it averages the two kinds separately
    def squared(z, y):
        parts = pml.ContrastiveLoss(0, 1, reducer=reducers.DoNothingReducer())(z, y)
        terms = torch.cat([parts[name]["losses"] for name in ("pos_loss", "neg_loss")]).square()
        return terms.mean() * (0.5 if half else 1)

    assert_same("contrastive", {"half": half}, squared)


@pytest.mark.parametrize(("margin", "scale"), [(0.25, 32.0), (0.4, 80.0), (0.5, 8.0)])
def test_circle_agrees_with_pytorch_metric_learning(margin, scale):
    plain_mean, nonzero = pml.CircleLoss(margin, scale, reducer=MEAN), pml.CircleLoss(margin, scale)
    for other in (plain_mean, nonzero):
        other.soft_plus.threshold = 50  # from 20 on the library's softplus(x) is x, an error of e^-20
    # every anchor of this batch has positives and negatives, so that a plain mean is over the same anchors
    assert_same("circle", {"margin": margin, "scale": scale}, plain_mean)
    # the library's default mean excludes anchors whose loss is 0, and so those without positives or negatives
    assert_same("circle", {"margin": margin, "scale": scale}, nonzero, Z[:8], torch.tensor([0, 0, 1, 1, 1, 2, 3, 4]))


@pytest.mark.parametrize("margin", [0.1, 0.25, 0.5])
def test_pccl_as_released_is_batch_pooled_circle_for_k_1(margin):
    for scale in (8.0, 64.0):
        theta = {"margin": margin, "scale": scale}
        assert_same("pccl_released", {**theta, "k": 1}, module("circle", **theta, pool="batch"))


def test_circle_pools_are_equal_for_one_positive_and_one_negative():
    # log(1 + e^(l_n + l_p)) for both
    x = torch.linspace(-1, 1, 9, dtype=torch.float64)
    c = Contrast.of_pairs(x, x.flip(0))
    assert torch.equal(LOSSES["circle"](c, pool="anchor").total, LOSSES["circle"](c, pool="batch").total)


def test_softmax_losses_are_equal_for_one_positive():
    # one anchor, one positive and five negatives: no other positives to include in the sum or to exclude
    generator = torch.Generator().manual_seed(1)
    c = Contrast.of_pairs(
        *(2 * torch.rand(*shape, generator=generator, dtype=torch.float64) - 1 for shape in ((9,), (9, 5)))
    )
    expected = LOSSES["info_nce"](c, temperature=0.2).total
    for key, theta in (("nt_xent", {}), ("supcon", {}), ("supcon", {"variant": "in"})):
        assert torch.allclose(LOSSES[key](c, temperature=0.2, **theta).total, expected, rtol=1e-12)


def test_nt_xent_is_supcon_on_two_views():
    assert_same("nt_xent", {"temperature": 0.3}, module("supcon", temperature=0.3), y=VIEWS)
    assert module("nt_xent")(Z).item() == module("nt_xent")(Z, VIEWS).item()


def test_supcon_with_the_mean_inside_the_log_is_never_larger():
    # Jensen's inequality
    for b in BATCHES:
        assert module("supcon", variant="in")(b.z, b.y) <= module("supcon")(b.z, b.y) + 1e-12


def test_losses_of_a_right_angle_equal_hand_calculation():
    # a right angle: rows (1, 0), (1, 0), (0, 1), (0, 1); d^2 = 2 and s = 0 across the classes
    z, y = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]], dtype=torch.float64), torch.tensor([0, 0, 1, 1])
    assert math.isclose(module("contrastive", margin=2.0)(z, y), 4 * (2 - 2**0.5) ** 2 / 6)
    assert math.isclose(module("triplet", margin=2.5, mining="all")(z, y), 0.5)
    assert math.isclose(module("npair", l2=0.01)(z, y), math.log(1 + 2 * math.exp(-1)) + 0.02)
    assert math.isclose(module("info_nce", temperature=0.5)(z, y), math.log(1 + 2 * math.exp(-2)))
    assert math.isclose(module("supcon", temperature=0.5)(z, y), math.log(1 + 2 * math.exp(-2)))
    assert math.isclose(module("nt_xent", temperature=0.5)(z[[0, 2, 1, 3]]), math.log(1 + 2 * math.exp(-2)))


# --- forces -----------------------------------------------------------------------------------------------------------


def log_1_plus_sum_exp(logits):
    """Return log(1 + sum of exp), without overflow."""
    largest = max(0.0, *logits)
    return largest + math.log(math.exp(-largest) + sum(math.exp(x - largest) for x in logits))


def hinge(x):
    return max(0.0, x)


def self_paced(p, ns, at, m, scale_p, scale_n, opt_p, opt_n):
    """Return the loss of one positive and K negatives, with self-paced weights computed at the point `at`."""
    at_p, at_ns = at
    logit_p = -scale_p * hinge(1 + m - at_p) * (p - opt_p)
    return log_1_plus_sum_exp([logit_p + scale_n * hinge(a + m) * (n - opt_n) for n, a in zip(ns, at_ns, strict=True)])


# Every loss of one positive at p and negatives at ns, in plain numbers; `at` is the point that weights are computed at.
PLAIN_FORMULAS = [
    ("contrastive", {"margin": 1.3}, lambda p, ns, at: p**2 + sum(hinge(1.3 - n) ** 2 for n in ns)),
    ("contrastive", {"half": True}, lambda p, ns, at: (p**2 + sum(hinge(1 - n) ** 2 for n in ns)) / 2),
    ("triplet", {"mining": "all"}, lambda p, ns, at: sum(hinge(p - n + 0.2) for n in ns)),
    ("triplet", {"margin": 0.9, "mining": "batch_hard"}, lambda p, ns, at: hinge(p - min(ns) + 0.9)),
    ("npair", {}, lambda p, ns, at: log_1_plus_sum_exp([n - p for n in ns])),
    ("nt_xent", {}, lambda p, ns, at: log_1_plus_sum_exp([(n - p) / 0.5 for n in ns])),
    ("supcon", {}, lambda p, ns, at: log_1_plus_sum_exp([(n - p) / 0.1 for n in ns])),
    ("supcon", {"variant": "in"}, lambda p, ns, at: log_1_plus_sum_exp([(n - p) / 0.1 for n in ns])),
    ("info_nce", {}, lambda p, ns, at: log_1_plus_sum_exp([(n - p) / 0.1 for n in ns])),
    ("circle", {}, lambda p, ns, at: self_paced(p, ns, at, 0.25, 32, 32, 0.75, 0.25)),
    ("circle", {"margin": 0.5, "scale": 8.0}, lambda p, ns, at: self_paced(p, ns, at, 0.5, 8, 8, 0.5, 0.5)),
    ("circle", {"pool": "batch"}, lambda p, ns, at: self_paced(p, ns, at, 0.25, 32, 32, 0.75, 0.25)),
    ("pccl", {}, lambda p, ns, at: self_paced(p, ns, at, 0.25, 16, 16, 0, 0)),
    ("pccl", {"temperature": 0.1, "xi": 5}, lambda p, ns, at: self_paced(p, ns, at, 0.25, 2, 10, 0, 0)),
    ("pccl_released", {}, lambda p, ns, at: self_paced(p, ns, at, 0.4, 64, 64, 0.6, 0.4)),
    ("pccl_released", {"scale": 12.0, "k": 4}, lambda p, ns, at: self_paced(p, ns, at, 0.4, 3, 12, 0.6, 0.4)),
]


@pytest.mark.parametrize("negatives", [1, 4])
@pytest.mark.parametrize(("key", "theta", "formula"), PLAIN_FORMULAS, ids=lambda x: str(x) if not callable(x) else "")
def test_forces_equal_central_differences_of_the_formula_with_weights_held_fixed(key, theta, formula, negatives):
    generator = torch.Generator().manual_seed(negatives)
    low, high = {"contrastive": (0.1, 2.0), "triplet": (0.1, 4.0)}.get(key, (-1.0, 1.0))
    x = low + (high - low) * torch.rand(25, 1 + negatives, generator=generator, dtype=torch.float64)
    x_p, x_n = x[:, 0].clone().requires_grad_(), x[:, 1:].clone().requires_grad_()
    total = LOSSES[key](Contrast.of_pairs(x_p, x_n), **theta).total
    pull, push = torch.autograd.grad(total.sum(), [x_p, x_n])
    h = 1e-6
    for i, (p, *ns) in enumerate(x.tolist()):
        assert math.isclose(total[i], formula(p, ns, (p, ns)), rel_tol=1e-9, abs_tol=1e-12)
        slopes = [(formula(p + h, ns, (p, ns)) - formula(p - h, ns, (p, ns))) / (2 * h)]
        for k in range(negatives):
            up, down = ([n + e * (j == k) for j, n in enumerate(ns)] for e in (h, -h))
            slopes.append((formula(p, up, (p, ns)) - formula(p, down, (p, ns))) / (2 * h))
        for slope, force in zip(slopes, [pull[i], *push[i]], strict=True):
            assert math.isclose(force, slope, rel_tol=1e-5, abs_tol=1e-6)


def test_plain_formulas_are_of_losses_without_class_weights():
    assert {key for key, _, _ in PLAIN_FORMULAS} <= set(PAIR_LOSSES)


@pytest.mark.parametrize(("margin", "scale"), [(0.05, 8.0), (0.25, 32.0), (0.25, 256.0), (0.5, 512.0)])
def test_circle_force_is_at_most_scale_times_2_plus_margin(margin, scale):
    # 576 for the setting of face recognition (0.25, 256); a positive at s_p = -1 has it
    s = torch.linspace(-1, 1, 21, dtype=torch.float64)
    s_p, s_n = (x.ravel().clone().requires_grad_() for x in torch.meshgrid(s, s, indexing="ij"))
    total = LOSSES["circle"](Contrast.of_pairs(s_p, s_n), margin=margin, scale=scale).total
    pull, push = torch.autograd.grad(total.sum(), [s_p, s_n])
    assert (pull <= 0).all()
    assert (push >= 0).all()
    assert -pull.min() <= scale * (2 + margin) + 1e-9
    assert math.isclose(-pull.min(), scale * (2 + margin), rel_tol=1e-3)
    assert push.max() <= scale * (1 + margin) + 1e-9


# --- convergence of circle and PCCL -----------------------------------------------------------------------------------


def follow_gradient(total_of, s_n, s_p, rate, steps):
    """Run gradient descent on a pair of similarities, clamped to [-1, 1]; return the last (s_n, s_p) and all losses."""
    at, history = torch.tensor([s_n, s_p], dtype=torch.float64), []
    for _ in range(steps):
        at.requires_grad_()
        total = total_of(at[1:], at[:1])
        history.append(total.item())
        at = (at - rate * torch.autograd.grad(total, at)[0]).detach().clamp(-1, 1)
    return at.tolist(), history


def loss_of_pair(key, **theta):
    return lambda s_p, s_n: LOSSES[key](Contrast.of_pairs(s_p, s_n), **theta).total.sum()


def test_circle_converges_to_minus_m_and_1_where_its_value_is_not_lowest():
    # from (s_n, s_p) = (0.5, 0.2), m = 0.25; the loss falls below 0.224 and rises above it again, and at the end
    # alpha_n = 0, so that the loss is log(1 + e^(-16 / 16)) = 0.313
    (s_n, s_p), history = follow_gradient(loss_of_pair("circle", scale=16.0), 0.5, 0.2, rate=0.01, steps=500)
    assert math.isclose(s_n, -0.25, abs_tol=1e-4)
    assert math.isclose(s_p, 1.0, abs_tol=1e-4)
    assert math.isclose(history[-1], math.log(1 + math.exp(-1)), abs_tol=1e-4)
    assert round(history[-1], 3) == 0.313
    lowest = history.index(min(history))
    assert min(history) < 0.224
    assert all(before >= after for before, after in itertools.pairwise(history[: lowest + 1]))
    assert all(before <= after for before, after in itertools.pairwise(history[lowest:]))
    assert any(loss > 0.224 for loss in history[:lowest])
    assert any(before <= 0.224 <= after for before, after in itertools.pairwise(history[lowest:]))


def test_circle_with_differentiated_weights_would_converge_to_0_and_1():
    # for s_n >= -m the logits simplify to gamma (s_n^2 - m^2) and gamma ((s_p - 1)^2 - m^2)
    def differentiated(s_p, s_n):
        logit = 16 * (s_n**2 - 0.25**2 + (s_p - 1) ** 2 - 0.25**2)
        return torch.nn.functional.softplus(logit).sum()

    s_p, s_n = (torch.rand(50, generator=torch.Generator().manual_seed(i), dtype=torch.float64) for i in (0, 1))
    assert torch.allclose(differentiated(s_p, s_n), loss_of_pair("circle", scale=16.0)(s_p, s_n))
    (s_n, s_p), _ = follow_gradient(differentiated, 0.5, 0.2, rate=0.01, steps=500)
    assert math.isclose(s_n, 0.0, abs_tol=1e-4)
    assert math.isclose(s_p, 1.0, abs_tol=1e-4)


def test_circle_at_a_large_scale_stops_just_inside_its_arc():
    # gamma = 256: Z = 1 - e^-L has fallen below 1e-5 near (s_n, s_p) = (0.107, 0.750)
    (s_n, s_p), history = follow_gradient(loss_of_pair("circle", scale=256.0), 0.5, 0.2, rate=2e-3, steps=1500)
    assert math.isclose(s_n, 0.107, abs_tol=0.01)
    assert math.isclose(s_p, 0.750, abs_tol=0.01)
    assert s_n**2 + (1 - s_p) ** 2 < 2 * 0.25**2
    assert 1 - math.exp(-history[-1]) < 1e-5


@pytest.mark.parametrize("xi", [1, 5])
def test_pccl_converges_to_minus_m_and_1_for_any_xi(xi):
    (s_n, s_p), history = follow_gradient(loss_of_pair("pccl", xi=xi), 0.5, 0.2, rate=0.05, steps=800)
    assert math.isclose(s_n, -0.25, abs_tol=1e-4)
    assert math.isclose(s_p, 1.0, abs_tol=1e-4)
    assert history[-1] > min(history)


def test_pccl_value_is_not_monotone_in_s_p():
    # at s_n = 0.1, m = 0.25, tau = 1/16
    values = [
        loss_of_pair("pccl")(*(torch.tensor([s], dtype=torch.float64) for s in (s_p, 0.1))) for s_p in (0.25, 0.625, 1)
    ]
    assert [round(float(v), 4) for v in values] == [0.0316, 0.0034, 0.0316]


def test_pccl_value_is_lowest_at_half_of_1_plus_m_and_half_of_minus_m():
    s = torch.linspace(-1, 1, 401, dtype=torch.float64)
    s_n, s_p = (x.ravel() for x in torch.meshgrid(s, s, indexing="ij"))
    lowest = LOSSES["pccl"](Contrast.of_pairs(s_p, s_n)).total.argmin()
    assert math.isclose(s_n[lowest], -0.125, abs_tol=1e-9)
    assert math.isclose(s_p[lowest], 0.625, abs_tol=1e-9)


@pytest.mark.parametrize(
    ("key", "theta", "points"),
    [
        # circle, m = 0.25: the arc's lower end, the corner (m, 1 - m) of the box, (0, 1 - sqrt(2) m), and left of -m
        ("circle", {}, [(-0.25, 0.75), (0.25, 0.75), (0.0, 1 - 0.25 * 2**0.5), (-0.7, 0.75)]),
        # PCCL without margins: through (0, 0) and (-m, 0), s_p = 0 left of -m; only 0.110 at s_n = m; on s_p = 1
        ("pccl", {}, [(0.0, 0.0), (-0.25, 0.0), (-0.7, 0.0), ((-0.25 + (0.25**2 + 1) ** 0.5) / 2, 1.0)]),
        ("pccl", {}, [(0.25, (1.25 - (1.25**2 - 4 * 0.125) ** 0.5) / 2)]),
        ("pccl", {"xi": 5}, [((-0.25 + (0.25**2 + 0.2) ** 0.5) / 2, 1.0)]),
        # as released, m = 0.4: every k passes (m, 1 - m); at s_n = 0 s_p = 1 - m sqrt(k + 1), 0.434 for k = 1
        ("pccl_released", {}, [(0.4, 0.6), (0.0, 1 - 0.4 * 2**0.5), (-0.8, 0.6)]),
        ("pccl_released", {"k": 3}, [(0.4, 0.6), (0.0, 1 - 0.4 * 4**0.5), (-0.8, 0.6)]),
        ("pccl_released", {"margin": 0.25, "k": 5}, [(0.0, 1 - 0.25 * 6**0.5)]),
    ],
)
def test_loss_at_boundary_points_solved_by_hand_is_log_2(key, theta, points):
    for s_n, s_p in points:
        value = loss_of_pair(key, **theta)(*(torch.tensor([s], dtype=torch.float64) for s in (s_p, s_n)))
        assert math.isclose(value, math.log(2), rel_tol=1e-9)


# --- collapse and floor values, the lines on the live curve -----------------------------------------------------------


def test_collapse_and_floor_values_equal_the_loss_of_such_embeddings():
    y = torch.arange(20) % 4
    point = torch.ones(20, 6, dtype=torch.float64) / 6**0.5
    corners = (torch.eye(4, dtype=torch.float64) - 0.25)[y]
    corners = corners / corners.norm(dim=1, keepdim=True)  # a regular simplex: s = -1/3
    for key, loss in PAIR_LOSSES.items():
        for theta in CORNERS[key]:
            if loss.views:
                continue
            f = module(key, **theta)
            if f(point, y) > 0 and theta.get("l2", 0) == 0:
                assert math.isclose(losses.collapse_value(key, theta, y), f(point, y), rel_tol=1e-9)
            if key != "npair" and theta.get("distance") != "cosine":  # 1 - s of equal points is not always exactly 0
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


def test_collapse_and_floor_values_of_class_losses_equal_the_loss_of_such_embeddings():
    y = torch.arange(20) % 4
    point = torch.ones(20, 6, dtype=torch.float64) / 6**0.5
    corners = torch.eye(4, dtype=torch.float64) - 0.25
    corners = corners / corners.norm(dim=1, keepdim=True)
    for key, loss in LOSSES.items():
        for theta in CORNERS[key] if loss.classes else ():
            collapsed = module(key, num_classes=4, embedding_dim=6, **theta).double()
            perfect = module(key, num_classes=4, embedding_dim=4, **theta).double()
            with torch.no_grad():
                collapsed.weight.copy_(point[:4])
                perfect.weight.copy_(corners)
            assert math.isclose(losses.collapse_value(key, theta, y), collapsed(point, y), rel_tol=1e-9)
            if key not in ("softmax", "l_softmax", "sphereface"):  # their floor is the limit of long vectors
                floor = losses.floor_value(key, theta, y)
                assert math.isclose(floor, perfect(corners[y], y), rel_tol=1e-6, abs_tol=1e-6)


def test_collapse_and_floor_of_class_losses_in_closed_form():
    y = torch.arange(20) % 4
    collapse, floor = losses.collapse_value, losses.floor_value
    # all s = 1: log(1 + 3 e^(f_c - f_y))
    for key in ("softmax", "normface", "l_softmax", "sphereface"):
        assert math.isclose(collapse(key, {}, y), math.log(4))
    assert math.isclose(collapse("am_softmax", {"margin": 0.2, "scale": 5.0}, y), math.log(1 + 3 * math.exp(5 * 0.2)))
    assert math.isclose(
        collapse("arcface", {"margin": 0.2, "scale": 5.0}, y),
        math.log(1 + 3 * math.exp(5 * (1 - math.cos(0.2)))),
        rel_tol=1e-3,  # sqrt(1 - s^2) is clamped at s = 1
    )
    gap = (1 + 0.2) * (1 - 0.2) - 0.2 * 0.2
    assert math.isclose(collapse("circle_class", {"margin": 0.2, "scale": 5.0}, y), math.log(1 + 3 * math.exp(5 * gap)))
    # s_y = 1 and s_c = -1/(C - 1): log(1 + (C - 1) e^(-s C/(C - 1) [+ s m])), 1.377 for s = 1 and C = 10
    ten = torch.arange(20) % 10
    assert round(floor("normface", {"scale": 1.0}, ten), 3) == 1.377
    assert math.isclose(floor("normface", {"scale": 5.0}, y), math.log(1 + 3 * math.exp(-5 * 4 / 3)))
    am = floor("am_softmax", {"margin": 0.2, "scale": 5.0}, y)
    assert math.isclose(am, math.log(1 + 3 * math.exp(-5 * 4 / 3 + 5 * 0.2)))
    # with 10 classes the label can have a probability of 0.9 from a scale of 3.96 on, and of 0.99 from 6.11 on
    for printed, certain in ((3.96, 0.9), (6.11, 0.99)):
        scale = 0.9 * math.log(9 * certain / (1 - certain))
        assert round(scale, 2) == printed
        assert math.isclose(math.exp(-floor("normface", {"scale": scale}, ten)), certain, rel_tol=1e-9)
    # where the length is in the logits, long embeddings bring the loss to 0
    for key in ("softmax", "l_softmax", "sphereface"):
        assert floor(key, {}, y) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("pool", ["anchor", "batch"])
def test_collapse_and_floor_of_circle_in_closed_form(pool):
    # 20 rows, 4 classes of 5: 4 positives and 15 negatives per anchor, 40 and 150 pairs in all
    y = torch.arange(20) % 4
    pairs = 4 * 15 if pool == "anchor" else 40 * 150
    theta = {"margin": 0.25, "scale": 4.0, "pool": pool}
    collapsed = 4 * (1.25 * 0.75) - 4 * (0.25 * 0.25)  # all s = 1: l_n + l_p
    assert math.isclose(losses.collapse_value("circle", theta, y), math.log(1 + pairs * math.exp(collapsed)))
    # s_n = -1/3 is left of -m, where negatives have weight 0; at s_p = 1 only l_p remains
    assert math.isclose(losses.floor_value("circle", theta, y), math.log(1 + pairs * math.exp(-4 * 0.25 * 0.25)))
