"""Sentences about the contrastive loss and the triplet loss."""

import math

import pytest
import torch
from pytorch_metric_learning import distances
from pytorch_metric_learning import losses as pml

from cl_core.losses import LOSSES
from cl_core.losses.contrast import Contrast
from cl_core.losses.miners import MINERS, count_kinds, picked_triplets
from cl_core.pretrained.recordings import COLLAPSED
from cl_core.training import RunSpec, advance, snapshot, start
from tests.unit.losses.statements.backing import Y, Z, backs, batch_mean, every, gradient, grid, slopes, value

DISTANCES = LOSSES["triplet"].parameters["distance"].corners


# --- contrastive ------------------------------------------------------------------------------------------------------


@backs(
    "The triplet loss compares both distances in one hinge, while this loss has a separate term for each.",
    "Its two terms are independent: the force on a pair does not depend on any other pair.",
)
@pytest.mark.parametrize("margin", [0.3, 1.0, 2.0])
def test_contrastive_judges_apart_what_triplet_compares(margin):
    x_n, x_p = grid(0.05, 1.95)
    for theta in every(distance=("euclidean", "cosine"), half=(False, True)):
        pull, push = (part.view(41, 41) for part in slopes("contrastive", x_p, x_n, margin=margin, **theta))
        assert torch.equal(pull, pull[:1].expand(41, 41))  # rows are x_n
        assert torch.equal(push, push[:, :1].expand(41, 41))
    pull, push = slopes("triplet", x_p, x_n, margin=margin, mining="all")
    one_hinge = (x_p - x_n + margin > 0).double()
    assert torch.equal(pull, one_hinge)
    assert torch.equal(push, -one_hinge)


@backs("Pairs of one class attract at any distance; other pairs repel until they are a margin apart.")
@pytest.mark.parametrize("margin", [0.3, 1.0, 2.0])
def test_contrastive_pull_has_no_end_and_push_ends_at_margin(margin):
    x_n, x_p = grid(0.05, 3.95)
    pull, push = slopes("contrastive", x_p, x_n, margin=margin)
    assert (pull > 0).all()
    assert torch.equal(push < 0, x_n < margin)


@backs(
    "Distance and hinge are both *squared*. Texts often omit this, and pytorch-metric-learning's "
    "ContrastiveLoss is linear."
)
@pytest.mark.parametrize("margin", [0.5, 1.0, 1.5])
def test_contrastive_is_squared_and_that_of_pytorch_metric_learning_linear(margin):
    x_n, x_p = grid(0.05, 1.95)
    expected = x_p**2 + (margin - x_n).clamp(min=0) ** 2
    assert torch.allclose(value("contrastive", x_p, x_n, margin=margin), expected)

    # if all lengths are doubled, a linear loss doubles and a squared one has four times its value
    def others(m):
        return pml.ContrastiveLoss(0, m, distance=distances.LpDistance(normalize_embeddings=False))

    assert math.isclose(others(2 * margin)(2 * Z, Y), 2 * others(margin)(Z, Y), rel_tol=1e-9)
    twice = batch_mean("contrastive", 2 * Z, Y, margin=2 * margin)
    assert math.isclose(twice, 4 * batch_mean("contrastive", Z, Y, margin=margin), rel_tol=1e-9)


@backs(
    "Two images of different classes on the same point are not separated by their own pair: its gradient there is 0."
)
def test_two_classes_on_one_point_have_a_loss_and_no_gradient():
    z, y = Z[:1].repeat(2, 1), torch.tensor([0, 1])
    for theta in every(margin=(0.5, 1.0, 2.0), distance=("euclidean", "cosine"), half=(False, True)):
        assert batch_mean("contrastive", z, y, **theta) >= theta["margin"] ** 2 * 0.499
        assert gradient(lambda z, t=theta: batch_mean("contrastive", z, y, **t), z).abs().max() < 1e-9
        apart = torch.stack([Z[0], Z[0] + 0.01])
        assert gradient(lambda z, t=theta: batch_mean("contrastive", z, y, **t), apart).abs().max() > 1e-4


@backs("how far apart images of different classes must be")
def test_contrastive_margin_is_the_distance_from_which_negatives_have_no_loss():
    x = torch.linspace(0.01, 2.5, 250, dtype=torch.float64)
    for margin in (0.1, 0.73, 2.0):
        assert torch.equal(value("contrastive", 0 * x, x, margin=margin) == 0, x >= margin)


@backs("Euclidean distance, or 1 - cosine", "squared Euclidean, Euclidean, or 1 - cosine")
def test_distances_are_what_their_names_say():
    u, v = 3 * Z[:4], 2 * Z[4:8]
    d = (u[:, None] - v[None]).norm(dim=2)
    expected = {"euclidean": d, "sqeuclidean": d**2, "cosine": 1 - Z[:4] @ Z[4:8].T}
    both = torch.cat([u, v])
    for key, options in (("contrastive", ("euclidean", "cosine")), ("triplet", DISTANCES)):
        assert LOSSES[key].parameters["distance"].spec.options == options
        for distance in options:
            c = LOSSES[key].contrast(both, torch.arange(8), {"distance": distance})
            assert torch.allclose(c.value[:4, 4:], expected[distance])


@backs("the factor 1/2 of the paper on both branches")
def test_half_halves_both_branches():
    x_n, x_p = grid(0.05, 1.95)
    whole, halved = (slopes("contrastive", x_p, x_n, half=half) for half in (False, True))
    assert all(torch.equal(a, 2 * b) for a, b in zip(whole, halved, strict=True))
    assert torch.equal(value("contrastive", x_p, x_n), 2 * value("contrastive", x_p, x_n, half=True))


# --- triplet ----------------------------------------------------------------------------------------------------------


@backs("A negative should be farther than a positive, by a margin; beyond it the force stops.",
       "how much farther a negative must be")  # fmt: skip
@pytest.mark.parametrize("margin", [0.0, 0.2, 1.0, 2.0])
def test_triplet_force_ends_where_the_negative_is_farther_by_the_margin(margin):
    x_n, x_p = grid(0.0, 4.0)
    pull, push = slopes("triplet", x_p, x_n, margin=margin, mining="all")
    decided = (x_n - x_p - margin).abs() > 1e-9
    assert torch.equal((pull > 0)[decided], (x_n < x_p + margin)[decided])
    assert torch.equal((push < 0)[decided], (x_n < x_p + margin)[decided])


@backs(
    "Circle loss's plain form, divided by its scale, becomes the batch-hard triplet loss on similarities as the scale "
    "grows.",
    r"The plain form $\log(1+\sum\sum e^{\gamma(s_n-s_p+m)})$, divided by $\gamma\to\infty$, is the batch-hard "
    "triplet loss on similarities.",
)
@pytest.mark.parametrize("margin", [0.0, 0.25, 1.0])
def test_plain_circle_over_its_scale_tends_to_batch_hard_triplets(margin):
    s = Z @ Z.T
    positive = (Y[:, None] == Y) ^ torch.eye(24, dtype=torch.bool)
    hard = batch_mean("triplet", Z, Y, margin=margin, distance="cosine", mining="batch_hard")
    for scale in (10.0, 1e3, 1e5):
        terms = []
        for a in range(24):
            gap = s[a][Y[a] != Y][None] - s[a][positive[a]][:, None] + margin
            terms.append(torch.nn.functional.softplus((scale * gap).logsumexp((0, 1))) / scale)
        error = torch.stack(terms).mean() - hard
        assert -1e-12 <= error <= math.log(1 + 4 * 20) / scale
    undivided = scale * torch.stack(terms).mean()
    assert undivided > 100 * hard  # without the division it grows with its scale


@backs("With d and with d squared the same triplets are hard, but not the same triplets are semi-hard.")
@pytest.mark.parametrize("margin", [0.1, 0.2, 1.0])
def test_hard_triplets_are_the_same_for_d_and_d_squared_and_semihard_ones_not(margin):
    plain, squared = (Contrast.of_batch(Z, Y, metric) for metric in ("euclidean", "sqeuclidean"))
    for mining, equal in (("hard", True), ("semihard", False)):
        chosen = [[picked_triplets(c, margin, mining, anchor).chosen for anchor in range(24)] for c in (plain, squared)]
        assert all(torch.equal(a, b) for a, b in zip(*chosen, strict=True)) is equal


@backs(
    "A semi-hard negative is ranked *correctly*: it is farther than the positive, but inside the margin.",
    "the negative is farther than the positive, but not by the margin",
)
@pytest.mark.parametrize("margin", [0.1, 0.2, 1.0])
def test_semihard_is_ranked_rightly_and_inside_the_margin(margin):
    for distance in DISTANCES:
        c = Contrast.of_batch(Z, Y, distance)
        for anchor in range(24):
            picked = picked_triplets(c, margin, "semihard", anchor)
            d_ap, d_an = c.value[anchor][picked.positives][:, None], c.value[anchor][picked.negatives]
            assert torch.equal(picked.chosen, (d_an > d_ap) & (d_an < d_ap + margin))
            assert ((d_ap - d_an + margin)[picked.chosen] > 0).all()  # so it has a loss


IN_PRACTICE = (
    "A loss that stays at exactly its margin is not a coincidence: positives and negatives are equally far. In "
    "practice every distance is then 0."
)


@backs(
    "The hardest negative is not the best one: if it is always chosen early in training, the network "
    "collapses to a point.",
    IN_PRACTICE,
)
@pytest.mark.parametrize("mining", ["batch_hard", "hard", "semihard"])
def test_hardest_negatives_collapse_a_new_net_and_semihard_ones_do_not(mining):
    z, spread = _embedding_after_20_steps(mining)
    assert (spread < COLLAPSED) == (mining != "semihard")
    # in practice a loss that is its margin means distances of 0
    assert (torch.cdist(z, z).square().mean() < 0.005) == (mining != "semihard")
    loss = batch_mean("triplet", z, torch.arange(len(z)) % 10, margin=0.2, mining=mining)
    assert math.isclose(loss, 0.2, rel_tol=0.02) == (mining != "semihard")


def _embedding_after_20_steps(mining):
    theta = {"margin": 0.2, "distance": "sqeuclidean", "mining": mining}
    z = snapshot(advance(start(RunSpec(loss="triplet", theta=theta, batch=128)), steps=20), 200).z
    z = torch.tensor(z, dtype=torch.float64)
    return z, z.var(dim=0, correction=0).sum().sqrt()


@backs("A margin $m$ in $d$ is $2d_{ap}m+m^2$ in $d^2$: the same number selects other negatives.")
@pytest.mark.parametrize("margin", [0.1, 0.3, 0.7])
def test_margin_in_d_is_another_one_in_d_squared(margin):
    d_an, d_ap = grid(0.0, 2.0, 201)
    inside = d_an < d_ap + margin
    decided = (d_an - d_ap - margin).abs() > 1e-9
    assert torch.equal(inside[decided], (d_an**2 < d_ap**2 + 2 * d_ap * margin + margin**2)[decided])
    assert not torch.equal(inside, d_an**2 < d_ap**2 + margin)


@backs(IN_PRACTICE)
@pytest.mark.parametrize("margin", [0.05, 0.2, 1.0, 2.0])
def test_triplet_loss_is_its_margin_where_positives_and_negatives_are_equally_far(margin):
    y = torch.arange(12) % 3
    for distance in DISTANCES:
        # that needs no collapse: at the corners of a simplex all distances are equal, and not 0
        for z in (torch.ones(12, 4, dtype=torch.float64) / 2, torch.eye(12, dtype=torch.float64)):
            for mining in ("all", "all_nonzero", "hard", "semihard_tfa", "batch_hard"):
                loss = batch_mean("triplet", z, y, margin=margin, distance=distance, mining=mining)
                assert math.isclose(loss, margin, rel_tol=1e-9)
        # a loss of hard triplets that is the margin has no triplet whose distances differ
        contrast = LOSSES["triplet"].contrast(Z, Y, {"distance": distance})
        assert batch_mean("triplet", Z, Y, margin=margin, distance=distance, mining="hard") > margin + 0.01
        assert count_kinds(contrast, margin)[2] > 0


@backs(
    "This is FaceNet's formula. LMNN (Weinberger et al. 2006), which is often named with it, pulls target "
    "neighbours and pushes others with a margin of 1, for a linear map."
)
@pytest.mark.parametrize("seed", range(3))
def test_lmnn_pulls_where_facenets_formula_is_silent(seed):
    x = torch.randn(12, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    y = torch.arange(12) % 3

    def pull_and_push(linear):
        d = (x @ linear.T)[:, None] - (x @ linear.T)[None]
        d2 = d.square().sum(2)
        pairs = [(a, p) for a in range(12) for p in range(12) if a != p and y[a] == y[p]]
        push = [(1 + d2[a, p] - d2[a, y != y[a]]).clamp(min=0) for a, p in pairs]
        return torch.stack([d2[a, p] for a, p in pairs]).sum(), torch.cat(push)

    linear = torch.eye(4, dtype=torch.float64)
    _, push = pull_and_push(linear)
    facenet = batch_mean("triplet", x, y, margin=1.0, distance="sqeuclidean", mining="all")
    assert math.isclose(facenet, push.mean(), rel_tol=1e-9)  # the push is FaceNet's formula at m = 1
    far = 100 * torch.nn.functional.one_hot(y, 3).double() + 0.1 * x[:, :3]  # every triplet is easy
    assert batch_mean("triplet", far, y, margin=1.0, mining="all") == 0
    pull, _ = pull_and_push(linear.requires_grad_())
    assert torch.autograd.grad(pull, linear)[0].abs().max() > 1  # and the pull never ends


@backs(
    "TensorFlow Addons' semi-hard mining takes the nearest negative that is farther than the positive, at any "
    "distance. If there is none, it takes the farthest negative, which is hard.",
    "for each positive the nearest negative that is farther away; if there is none, the farthest negative",
)
@pytest.mark.parametrize("margin", [0.05, 0.2])
def test_tfa_semihard_takes_the_nearest_farther_negative_or_the_farthest(margin):
    without, beyond = 0, 0
    for distance in DISTANCES:
        c = LOSSES["triplet"].contrast(Z, Y, {"distance": distance})
        for anchor in range(24):
            picked = picked_triplets(c, margin, "semihard_tfa", anchor)
            assert (picked.chosen.sum(1) == 1).all()
            d_an = c.value[anchor][picked.negatives]
            for p, row in zip(picked.positives, picked.chosen, strict=True):
                d_ap, chosen = c.value[anchor, p], d_an[row].item()
                farther = d_an[d_an > d_ap]
                assert chosen == (farther.min() if len(farther) else d_an.max())
                without += len(farther) == 0
                assert len(farther) or chosen <= d_ap  # hard
                beyond += chosen >= d_ap + margin
    assert without > 0
    assert beyond > 0


@backs("which triplets the loss uses", "every valid triplet; easy ones count as 0", "every triplet that is not easy",
       "the negative is no farther than the positive")  # fmt: skip
@pytest.mark.parametrize("margin", [0.05, 0.3, 1.0])
def test_rules_of_miners_select_what_their_help_says(margin):
    rules = {
        "all": lambda d_ap, d_an: d_an == d_an,
        "all_nonzero": lambda d_ap, d_an: d_an < d_ap + margin,
        "hard": lambda d_ap, d_an: d_an <= d_ap,
    }
    assert LOSSES["triplet"].parameters["mining"].spec.options == tuple(MINERS)
    for distance in DISTANCES:
        c = LOSSES["triplet"].contrast(Z, Y, {"distance": distance})
        for mining, rule in rules.items():
            terms = []
            for anchor in range(24):
                picked = picked_triplets(c, margin, mining, anchor)
                d_ap, d_an = c.value[anchor][picked.positives][:, None], c.value[anchor][picked.negatives][None]
                expected = rule(d_ap, d_an) & (d_ap == d_ap)
                assert torch.equal(picked.chosen, expected)
                terms.append((d_ap - d_an + margin).clamp(min=0)[expected])
            mean = batch_mean("triplet", Z, Y, margin=margin, distance=distance, mining=mining)
            assert math.isclose(mean, torch.cat(terms).mean(), rel_tol=1e-9)


@backs(
    "for each positive the nearest semi-hard negative", "for each anchor the farthest positive and the nearest negative"
)
@pytest.mark.parametrize("margin", [0.05, 0.3, 1.0])
def test_choices_of_miners_are_what_their_help_says(margin):
    c = Contrast.of_batch(Z, Y, "sqeuclidean")
    for anchor in range(24):
        picked = picked_triplets(c, margin, "semihard_near", anchor)
        d_an = c.value[anchor][picked.negatives]
        for p, row in zip(picked.positives, picked.chosen, strict=True):
            semihard = d_an[(d_an > c.value[anchor, p]) & (d_an < c.value[anchor, p] + margin)]
            assert d_an[row].tolist() == ([semihard.min().item()] if len(semihard) else [])
        picked = picked_triplets(c, margin, "batch_hard", anchor)
        (p, n), d = picked.chosen.nonzero().tolist()[0], c.value[anchor]
        assert picked.chosen.sum() == 1
        assert d[picked.positives[p]] == d[picked.positives].max()
        assert d[picked.negatives[n]] == d[picked.negatives].min()
