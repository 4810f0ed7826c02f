"""Sentences about the variants of losses."""

import itertools
import math

import pytest
import torch
from pytorch_metric_learning import losses as pml
from pytorch_metric_learning import reducers
from pytorch_metric_learning.distances import LpDistance
from torch.nn.functional import cross_entropy, relu, softplus

from cl_core.losses import LOSSES, _angular, variants
from cl_core.losses.articles import CONTRASTING
from cl_core.losses.distances import unit
from tests.unit.losses.statements.backing import (
    VIEWS,
    Y,
    Z,
    backs,
    batch_mean,
    class_weights,
    gradient,
    same,
    simplex,
)

EYE = torch.eye(24, dtype=torch.bool)
POSITIVE = (Y[:, None] == Y) ^ EYE
NEGATIVE = Y[:, None] != Y
WEIGHT, BIAS = class_weights(), torch.linspace(-1, 1, 5, dtype=torch.float64)
MEAN = reducers.MeanReducer()


def of(loss, key, z=Z, y=Y, weight=None, bias=None, **theta):
    """Return the value of a batch by a variant."""
    return variants.variant_value(variants.get_variant(loss, key), z, y, theta, weight, bias)


def own(loss, theta):
    """Return whether the library's default definition is what `theta` says."""
    default = variants.default_variant(loss)
    return default.key == "here" and default.check({}) == LOSSES[loss].check({**default.theta, **theta})


def distance(z):
    """Return distances (B, B), which have no infinite derivative at 0."""
    square = (z[:, None] - z[None]).square().sum(2)
    return torch.where(square > 0, square.where(square > 0, 1).sqrt(), 0)


# --- contrastive ------------------------------------------------------------------------------------------------------


@backs(
    "$d^2$ and $[m-d]_+^2$, with one mean over all pairs, also those with a loss of 0. TensorFlow Addons' "
    "contrastive_loss is the same.",
    r"Hadsell et al. put $\tfrac12$ before both branches: half the value and half the gradient.",
)
@pytest.mark.parametrize("margin", [0.5, 1.0, 1.7])
def test_contrastive_here_and_in_its_paper(margin):
    def formula(z):
        d = distance(z)
        terms = torch.where(POSITIVE, d**2, relu(margin - d) ** 2)
        return terms[~EYE].mean()

    assert own("contrastive", {"distance": "euclidean", "half": False})
    assert same(lambda z: batch_mean("contrastive", z, Y, margin=margin), formula)
    half = variants.get_variant("contrastive", "half").check({"margin": margin})
    assert same(lambda z: batch_mean("contrastive", z, Y, **half), lambda z: formula(z) / 2)


@backs(
    "pytorch-metric-learning's ContrastiveLoss: $d$ and $[m-d]_+$ of unit vectors, not squared. It is the "
    "mean over positives plus the mean over the negatives that still have a loss. So the force does not fade "
    "near the goal.",
    "The same with its option power=2: $d^2$ and $[m-d^2]_+$. That differs from $[m-d]_+^2$: the push grows "
    "with $d$ instead of fading towards the margin.",
)
@pytest.mark.parametrize("margin", [0.5, 1.0, 1.7])
def test_contrastive_loss_of_pytorch_metric_learning(margin):
    for key, power in (("linear_nonzero", 1), ("hinge_of_squares", 2)):
        d = distance(Z) ** power
        push = (margin - d)[NEGATIVE]
        expected = d[POSITIVE].mean() + (push[push > 0].mean() if (push > 0).any() else 0)
        found = of("contrastive", key, 3 * Z, margin=margin)
        library = pml.ContrastiveLoss(0, margin, distance=LpDistance(power=power))(3 * Z, Y)
        assert math.isclose(found, expected, rel_tol=1e-9)
        assert math.isclose(found, library, rel_tol=1e-9)

    def force(key, d, equal):  # on one pair of unit vectors at a distance of d
        angle = 2 * math.asin(d / 2)
        z = torch.tensor([[1.0, 0.0], [math.cos(angle), math.sin(angle)]], dtype=torch.float64)
        f = variants.get_variant("contrastive", key).bound_function({"margin": margin})
        slope = gradient(lambda z: f(z, torch.tensor([0, 0 if equal else 1])), z)
        return slope.norm().item() / math.cos(angle / 2)  # what is left of it along the sphere

    pull = [force("linear_nonzero", d, True) for d in (0.001, 0.1, 0.4)]
    assert max(pull) < 1.001 * min(pull)  # does not fade
    push = [force("hinge_of_squares", r * math.sqrt(margin), False) for r in (0.2, 0.6, 0.99)]
    assert push == sorted(push)
    assert push[-1] > 4 * push[0]


@backs(
    f"A notebook of {CONTRASTING.markdown} uses $1-s$ as the distance, which is half of $d^2$ of unit vectors. Its "
    "square is $d^4/4$, and a margin of 1 is a right angle."
)
def test_contrastive_on_1_minus_cosine():
    d = distance(Z)
    assert torch.allclose(1 - Z @ Z.T, d**2 / 2, atol=1e-12)
    for margin in (0.5, 1.0):
        terms = torch.where(POSITIVE, d**4 / 4, relu(margin - d**2 / 2) ** 2)
        assert math.isclose(of("contrastive", "cosine", margin=margin), terms[~EYE].mean(), rel_tol=1e-9)
    for degrees, silent in ((89, False), (90, True), (91, True)):
        angle = math.radians(degrees)
        z = torch.tensor([[1.0, 0.0], [math.cos(angle), math.sin(angle)]], dtype=torch.float64)
        assert (of("contrastive", "cosine", z, torch.tensor([0, 1]), margin=1.0) < 1e-12) == silent


# --- triplet ----------------------------------------------------------------------------------------------------------


def hinges(z, margin, power):
    d = distance(z) ** power
    gaps = d[:, :, None] - d[:, None, :] + margin  # (a, p, n)
    return gaps, d, POSITIVE[:, :, None] & NEGATIVE[:, None, :]


@backs(
    r"$d^2$ as in FaceNet, mean over all semi-hard triplets of the batch.",
    "$d$ in place of $d^2$: the same margin then selects other negatives, because $m$ in $d$ is "
    "$2d_{ap}m+m^2$ in $d^2$.",
)
@pytest.mark.parametrize("margin", [0.1, 0.2, 1.0])
def test_triplet_here_and_in_plain_distance(margin):
    assert own("triplet", {"distance": "sqeuclidean", "mining": "semihard"})
    chosen = {}
    for key, power in (("here", 2), ("plain", 1)):
        gaps, d, valid = hinges(Z, margin, power)
        chosen[power] = valid & (gaps > 0) & (d[:, :, None] < d[:, None, :])
        theta = (
            variants.default_variant("triplet").theta if key == "here" else variants.get_variant("triplet", key).theta
        )
        found = batch_mean("triplet", Z, Y, margin=margin, **theta)
        assert math.isclose(found, gaps[chosen[power]].mean(), rel_tol=1e-9)
    assert not torch.equal(chosen[1], chosen[2])
    gaps, d, valid = hinges(Z, margin, 1)
    equivalent = valid & (d[:, None, :] ** 2 < (d**2 + 2 * d * margin + margin**2)[:, :, None])
    assert torch.equal(equivalent & (d[:, :, None] < d[:, None, :]), chosen[1])


@backs(
    "Triplets without a loss stay in the mean as zeros. The better the embedding, the more zeros there are, "
    "and the smaller the gradient.",
    "pytorch-metric-learning's TripletMarginLoss without a miner. (By default it also scales embeddings to "
    "unit length and has a margin of 0.05.) Fewer and fewer triplets are in the mean, so it hardly falls.",
)
def test_means_over_all_and_over_what_is_not_0():
    library = pml.TripletMarginLoss()
    assert library.margin == 0.05
    assert math.isclose(library(3 * Z, Y), of("triplet", "nonzero", margin=0.05), rel_tol=1e-9)
    corner = simplex(6)[:5][Y]
    values, steps, zeros = {"all": [], "nonzero": []}, [], []
    for progress in (0.0, 0.3, 0.5, 0.65):  # a better embedding each
        z = unit((1 - progress) * Z + progress * corner)
        for key, found in values.items():
            found.append(of("triplet", key, z, margin=0.2))
        theta = variants.get_variant("triplet", "all").check({"margin": 0.2})
        steps.append(gradient(lambda z, t=theta: batch_mean("triplet", z, Y, **t), z).norm().item())
        gaps, _, valid = hinges(z, 0.2, 2)
        zeros.append((gaps[valid] <= 0).double().mean().item())
    assert zeros == sorted(zeros)
    assert zeros[0] < 0.5 < 0.95 < zeros[-1] < 1
    assert steps == sorted(steps, reverse=True)
    assert values["all"][-1] < 0.05 * values["all"][0]
    assert values["nonzero"][-1] > 4 * values["all"][-1] / values["all"][0] * values["nonzero"][0]


@backs(
    "For each positive it takes the nearest negative that is farther away, at any distance. If there is none, "
    "it takes the farthest negative, which is hard. Its default margin is 1. Later releases use Euclidean "
    "distance.",
    "The same with squared distances, as in releases 0.9, although they called it L_2.",
)
def test_semihard_of_tensorflow_addons():
    preset = next(preset for preset in LOSSES["triplet"].presets if preset.title == "TensorFlow Addons")
    assert preset.theta == {"margin": 1.0, "distance": "euclidean", "mining": "semihard_tfa"}
    for key, power in (("tfa", 1), ("tfa_09", 2)):
        d, terms, fallbacks = distance(Z) ** power, [], 0
        for a, p in POSITIVE.nonzero().tolist():
            d_an = d[a][NEGATIVE[a]]
            farther = d_an[d_an > d[a, p]]
            fallbacks += len(farther) == 0
            terms.append(relu(d[a, p] - (farther.min() if len(farther) else d_an.max()) + 1))
        assert fallbacks > 0
        assert math.isclose(of("triplet", key, margin=1.0), torch.stack(terms).mean(), rel_tol=1e-9)


@backs("triplet_hard_loss keeps anchors without a positive in the mean, with $d_{ap}=0$; here they are left out.")
def test_batch_hard_of_tensorflow_addons():
    y = torch.cat([Y[:20], torch.arange(90, 94)])  # four anchors without a positive
    d = distance(Z)
    equal = (y[:, None] == y) & ~EYE
    d_ap, d_an = d.where(equal, 0).amax(1), d.where(y[:, None] != y, 9).amin(1)
    terms = relu(d_ap - d_an + 1)
    assert math.isclose(of("triplet", "tfa_hard", y=y, margin=1.0), terms.mean(), rel_tol=1e-9)
    ours = batch_mean("triplet", Z, y, margin=1.0, distance="euclidean", mining="batch_hard")
    assert math.isclose(ours, terms[:20].mean(), rel_tol=1e-9)


# --- losses of a positive against the batch ---------------------------------------------------------------------------


@backs(
    "Form with labels: one term for each ordered positive pair, against all negatives of its anchor.",
    "One term for each ordered positive pair, against all negatives of its anchor.",
    "pytorch-metric-learning's NTXentLoss takes labels. It compares each positive with the negatives, and "
    "leaves out the other positives. Here this is called InfoNCE.",
)
@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_label_forms_have_a_term_for_each_positive_pair(temperature):
    for key, s in (("npair", 4 * Z @ Z.T), ("info_nce", Z @ Z.T / temperature)):
        terms = [softplus(s[a][NEGATIVE[a]].logsumexp(0) - s[a, p]) for a, p in POSITIVE.nonzero().tolist()]
        theta = {} if key == "npair" else {"temperature": temperature}
        assert own(key, {})
        assert math.isclose(batch_mean(key, 2 * Z, Y, **theta), torch.stack(terms).mean(), rel_tol=1e-9)
        loss = LOSSES[key]
        assert loss(loss.contrast(2 * Z, Y, theta), **theta).n_terms == len(terms)
    labels = of("nt_xent", "labels", temperature=temperature)
    assert math.isclose(labels, torch.stack(terms).mean(), rel_tol=1e-9)
    assert math.isclose(labels, pml.NTXentLoss(temperature)(Z, Y), rel_tol=1e-9)


@backs(
    "Sohn's batch has one pair of each class, so an anchor has as many negatives as there are other classes. "
    "Here the pairs are the first two rows of each class.",
    "pytorch-metric-learning's NPairsLoss scales embeddings to unit length by default. Then no logit exceeds "
    "1, and the loss stays high.",
)
def test_one_pair_a_class():
    anchors, positives = torch.arange(5), torch.arange(5, 10)  # rows of classes 0..4
    for key, z in (("one_pair", 2 * Z), ("one_unit_pair", Z)):
        expected = cross_entropy(z[anchors] @ z[positives].T, torch.arange(5))
        assert math.isclose(of("npair", key, 2 * Z), expected, rel_tol=1e-9)
    assert math.isclose(of("npair", "one_unit_pair", 2 * Z), pml.NPairsLoss()(2 * Z, Y), rel_tol=1e-9)
    collapsed = torch.ones_like(Z)
    assert math.isclose(of("npair", "one_pair", collapsed), math.log(1 + 4), rel_tol=1e-9)  # four other classes
    perfect = 10 * simplex(5)[Y]
    assert of("npair", "one_pair", perfect) < 1e-9
    assert of("npair", "one_unit_pair", perfect) > math.log(1 + 4 * math.exp(-2))  # no difference exceeds 2


@backs(
    r"TensorFlow's npairs_loss, and most programs after it, multiply the squared lengths by $\lambda/4$: their "
    r"$\lambda=0.002$ is 0.0005 here, and the published 0.002 is four times as strong here."
)
def test_quarter_of_the_price_of_length():
    z = 2 * Z
    free = batch_mean("npair", z, Y)
    assert math.isclose(of("npair", "quarter_l2", z, l2=0.002), batch_mean("npair", z, Y, l2=0.0005), rel_tol=1e-9)
    cost, others = batch_mean("npair", z, Y, l2=0.002) - free, of("npair", "quarter_l2", z, l2=0.002) - free
    assert math.isclose(cost, 4 * others, rel_tol=1e-9)
    # TensorFlow's: 0.25 l2 (mean of |a|^2 + mean of |p|^2)
    assert math.isclose(others, 0.25 * 0.002 * (4 + 4), rel_tol=1e-9)


@backs("SimCLR: row i and row i + N are views of one image. All other rows are negatives, whatever their class.")
def test_nt_xent_here_takes_rows_i_and_i_plus_n_for_views():
    s = (Z @ Z.T / 0.5).fill_diagonal_(-torch.inf)
    expected = cross_entropy(s, (torch.arange(24) + 12) % 24)
    assert own("nt_xent", {})
    assert math.isclose(batch_mean("nt_xent", Z, None, temperature=0.5), expected, rel_tol=1e-9)
    assert math.isclose(batch_mean("nt_xent", Z, VIEWS, temperature=0.5), expected, rel_tol=1e-9)


@backs(
    f"The supervised NT-Xent of {CONTRASTING.markdown}. With the other positives in the denominator it is SupCon.",
    "That makes it SupCon: the positives compete, and with two or more of them the loss cannot come near 0.",
)
@pytest.mark.parametrize("temperature", [0.1, 0.5])
def test_positives_in_the_denominator_make_it_supcon(temperature):
    supcon = batch_mean("supcon", Z, Y, temperature=temperature)
    assert math.isclose(of("nt_xent", "labels_in_the_sum", temperature=temperature), supcon, rel_tol=1e-9)
    assert math.isclose(of("info_nce", "in_the_sum", temperature=temperature), supcon, rel_tol=1e-9)
    s = (Z @ Z.T / temperature).fill_diagonal_(-torch.inf)
    shares = s.log_softmax(1)
    terms = [-shares[a][POSITIVE[a]].mean() for a in range(24)]
    assert math.isclose(supcon, torch.stack(terms).mean(), rel_tol=1e-9)
    corners = simplex(5)
    for positives in (1, 2, 5):
        y = torch.arange(5).repeat(positives + 1)
        found = of("info_nce", "in_the_sum", corners[y], y, temperature=0.01)
        assert found >= math.log(positives) - 1e-9
        assert (found < 1e-6) == (positives == 1)  # with one positive it does come near 0


@backs("The paper's other form, $L_{in}$. By Jensen's inequality it is never larger. It was worse in the experiments.")
@pytest.mark.parametrize("temperature", [0.05, 0.1, 1.0])
def test_mean_inside_the_logarithm_is_another_and_no_larger(temperature):
    q = (Z @ Z.T / temperature).fill_diagonal_(-torch.inf).softmax(1)
    expected = torch.stack([-q[a][POSITIVE[a]].mean().log() for a in range(24)]).mean()
    found = of("supcon", "inside", temperature=temperature)
    assert math.isclose(found, expected, rel_tol=1e-9)
    assert found < batch_mean("supcon", Z, Y, temperature=temperature)


@backs(
    "The authors' code keeps them in the mean (earlier versions gave NaN), so the value falls with every "
    r"class that has a single image in the batch. It is shown without its factor $\tau/0.07$."
)
def test_anchors_without_a_positive_lower_the_mean():
    y, found = Y.clone(), []
    for alone in range(4):
        y[:alone] = torch.arange(90, 90 + alone)
        ours = batch_mean("supcon", Z, y)
        found.append(of("supcon", "all_anchors", y=y) / ours)
        assert math.isclose(found[-1], (24 - alone) / 24, rel_tol=1e-9)
        assert math.isclose(of("supcon", "all_anchors", y=y), pml.SupConLoss(0.1, reducer=MEAN)(Z, y), rel_tol=1e-9)


@backs(
    "As in CPC, and in MoCo with its queue: only the first half are anchors, the second half are candidates. "
    "Labels are not used.",
    "As for pairs of image and text: each row is compared only with the rows of the other half, and labels "
    "are not used. An anchor has N - 1 negatives, while in NT-Xent it has 2N - 2.",
)
def test_halves_that_look_for_their_partners():
    s = Z[:12] @ Z[12:].T / 0.1
    first, second = (cross_entropy(x, torch.arange(12)) for x in (s, s.T))
    for labels in (Y, None, Y.flip(0)):
        assert math.isclose(of("info_nce", "one_direction", y=labels), first, rel_tol=1e-9)
        assert math.isclose(of("info_nce", "two_directions", y=labels), (first + second) / 2, rel_tol=1e-9)
    point = torch.ones_like(Z)
    assert math.isclose(of("info_nce", "two_directions", point), math.log(1 + (12 - 1)), rel_tol=1e-9)
    assert math.isclose(batch_mean("nt_xent", point, None), math.log(1 + (2 * 12 - 2)), rel_tol=1e-9)


@backs(
    "Two public programs (one that is often copied, and EasyNLP's) put all pairs of the batch into one group. "
    "The value grows with the batch size, and only the worst pairs have a force."
)
def test_one_group_grows_with_the_batch_and_moves_its_worst_pairs():
    z = unit(torch.randn(256, 8, generator=torch.Generator().manual_seed(2), dtype=torch.float64))
    y = torch.arange(256) % 4
    found = [batch_mean("circle", z[:b], y[:b], pool="batch").item() for b in (16, 64, 256)]
    assert found == sorted(found)
    assert found[-1] > found[0] + 10

    def moved(pool):
        """Return the share of rows that get a hundredth of the largest force or more."""
        force = gradient(lambda z: batch_mean("circle", z, y, pool=pool), z).norm(dim=1)
        return (force > 0.01 * force.max()).double().mean()

    assert moved("batch") < 0.2
    assert moved("anchor") > 0.9


@backs(
    "pytorch-metric-learning's CircleLoss with a plain mean as its reducer. Its default mean is over nonzero "
    r"terms, which is the same as here unless perfect anchors underflow: in float32 from $\gamma m^2=52$ on."
)
def test_circle_loss_of_pytorch_metric_learning():
    y = torch.cat([Y[:20], torch.arange(90, 94)])  # four anchors without a positive
    plain, nonzero = pml.CircleLoss(0.25, 32, reducer=MEAN), pml.CircleLoss(0.25, 32)
    for loss in (plain, nonzero):
        loss.soft_plus.threshold = 50  # from 20 on the library's softplus(x) is x
    assert math.isclose(of("circle", "all_anchors", y=y), plain(Z, y), rel_tol=1e-9)
    assert math.isclose(batch_mean("circle", Z, y), nonzero(Z, y), rel_tol=1e-9)
    perfect, labels = torch.eye(2)[torch.tensor([0, 0, 1, 1])], torch.tensor([0, 0, 1, 1])
    for product, underflow in ((40, False), (51, False), (52, True), (60, True)):
        scale = (product + math.log(2) / 2) / 0.25**2  # each has two negatives
        library = pml.CircleLoss(0.25, scale, reducer=reducers.DoNothingReducer())(perfect, labels)
        assert (library["loss"]["losses"] == 0).all() == underflow


# --- class weights ----------------------------------------------------------------------------------------------------


@backs(
    "A linear layer, as in every library.",
    "The papers with margins omit the bias, so that only angles and lengths count.",
)
def test_softmax_with_and_without_a_bias():
    with_bias = cross_entropy(torch.nn.functional.linear(Z, WEIGHT, BIAS), Y)
    loss = LOSSES["softmax"]
    assert own("softmax", {})
    assert math.isclose(loss(loss.contrast(Z, Y, {}, WEIGHT, BIAS)).mean(), with_bias, rel_tol=1e-9)
    cosines = unit(Z) @ unit(WEIGHT).T
    lengths = Z.norm(dim=1, keepdim=True) * WEIGHT.norm(dim=1)
    without = of("softmax", "without_bias", weight=WEIGHT, bias=BIAS)
    assert math.isclose(without, cross_entropy(lengths * cosines, Y), rel_tol=1e-9)
    for key in ("l_softmax", "sphereface", "am_softmax", "arcface", "normface", "circle_class"):
        assert not LOSSES[key].bias


@backs(
    "A common mistake: a softmax layer before a loss that expects logits. The classifiers of "
    f"{CONTRASTING.markdown} have it. With 10 classes the loss cannot fall below 1.461, even if all are correct."
)
def test_softmax_applied_twice_has_a_floor():
    floor = math.log(1 + 9 * math.exp(-1))
    assert round(floor, 3) == 1.461
    z, bias = torch.eye(10, dtype=torch.float64), torch.zeros(10, dtype=torch.float64)
    found = [of("softmax", "twice", z, torch.arange(10), scale * z, bias) for scale in (0.0, 1.0, 10.0, 1000.0)]
    assert found == sorted(found, reverse=True)
    assert all(value >= floor - 1e-12 for value in found)
    assert math.isclose(found[-1], floor, rel_tol=1e-9)


@backs(
    "The loss as in the paper, and at the end of its published schedule. pytorch-metric-learning has only this.",
    r"$\psi_\lambda$ is then five parts cosine and one part $\psi$, so the margin is far smaller than $m$ "
    "suggests.",
    "The loss as in the paper, and in pytorch-metric-learning. The authors never train with it.",
    r"The authors' schedule falls to $\lambda=5$ and stays there: their published loss is five parts plain cosine "
    r"and one part $\psi$.",
)
@pytest.mark.parametrize(
    ("key", "library"), [("l_softmax", pml.LargeMarginSoftmaxLoss), ("sphereface", pml.SphereFaceLoss)]
)
def test_annealed_multiplied_angles(key, library):
    assert own(key, {"annealing": 0.0})
    z, y = 2 * Z, Y
    for margin in (1, 2, 3, 4):
        others = library(5, 6, margin=margin, scale=1).double()
        others.W.data.copy_(WEIGHT.T)
        assert math.isclose(batch_mean(key, z, y, WEIGHT, margin=margin), others(z, y).item(), rel_tol=1e-6)
    schedule = _angular.SCHEDULES[key]
    steps = [schedule.at(t) for t in (1, 100, 10_000, 100_000)]
    assert steps == sorted(steps, reverse=True)
    assert math.isclose(steps[-1], 0 if key == "l_softmax" else 5, abs_tol=1e-9)
    blend = variants.get_variant(key, "blend").theta
    assert blend == {"annealing": 5.0}
    s = torch.linspace(-1, 1, 50, dtype=torch.float64)
    assert torch.allclose(_angular.psi(s, 4, 5.0), (5 * s + _angular.psi(s, 4, 0.0)) / 6)
    # what it asks of an image at s_n = 0: m = 4 asks for an angle below 22.5 degrees and m = 2 below 45
    asked = [LOSSES[key].boundary(s_p := torch.linspace(-1, 1, 20001).double(), 0 * s_p, margin=m, annealing=a) <= 0
             for m, a in ((4, 5.0), (4, 0.0), (2, 0.0))]  # fmt: skip
    degrees = [math.degrees(s_p[ok][0].acos().item()) for ok in asked]
    assert degrees == pytest.approx([degrees[0], 22.5, 45], abs=0.1)
    assert degrees[0] > 60


@backs(
    r"InsightFace's newer PyTorch code uses $\cos(\theta+m)$ for all angles, with the derivative of "
    r"$\cos\theta$. Above $\pi-m$ the logit then rises again. Here it has its true derivative.",
    r"An option of the authors' code: the margin applies only for $\theta$ below 90°, and the plain cosine "
    "above.",
)
@pytest.mark.parametrize("margin", [0.2, 0.5, 1.0])
def test_other_branches_of_arcface(margin):
    def logit(key, angle):
        """Return the own logit at a scale of 1, from the loss against a class at a right angle to both."""
        z = torch.tensor([[math.cos(angle), math.sin(angle), 0.0]], dtype=torch.float64)
        weight = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
        loss = of("arcface", key, z, torch.tensor([0]), weight, margin=margin, scale=1.0)
        return -math.log(math.expm1(loss))

    angles = [0.3, 1.0, 1.5, 1.7, 2.5, math.pi - margin, math.pi - margin / 2, 3.1]
    for angle in angles:
        assert math.isclose(logit("cosine_everywhere", angle), math.cos(angle + margin), abs_tol=1e-6)
        easy = math.cos(angle + margin) if angle < math.pi / 2 else math.cos(angle)
        assert math.isclose(logit("easy_margin", angle), easy, abs_tol=1e-6)
    assert logit("cosine_everywhere", 3.1) > logit("cosine_everywhere", math.pi - margin)
    f = variants.get_variant("arcface", "cosine_everywhere").bound_function({"margin": margin, "scale": 1.0})
    weight, y, h = unit(WEIGHT), Y, 1e-6
    slope = gradient(lambda z: f(z=z, y=y, weight=weight), Z)
    for row, column in itertools.product((0, 7), (0, 3)):
        step = torch.zeros_like(Z)
        step[row, column] = h
        central = (f(z=Z + step, y=y, weight=weight) - f(z=Z - step, y=y, weight=weight)) / (2 * h)
        assert math.isclose(slope[row, column], central, rel_tol=1e-4, abs_tol=1e-8)
