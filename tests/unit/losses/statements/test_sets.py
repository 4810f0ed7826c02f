"""Sentences about N-pair, InfoNCE, NT-Xent and SupCon."""

import itertools
import math

import pytest
import torch
from pytorch_metric_learning import losses as pml

from cl_core.losses import LOSSES, articles, collapse_value, floor_value, variants
from cl_core.losses.contrast import Contrast
from cl_core.losses.distances import unit
from tests.unit.losses.statements.backing import (
    VIEWS,
    Y,
    Z,
    backs,
    batch_mean,
    gradient,
    same,
    slopes,
    value,
    values,
)

TEMPERATURES = (0.05, 0.1, 0.5, 1.0)
NEGATIVES = 2 * torch.rand(9, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64) - 1
POSITIVE = 2 * torch.rand(9, generator=torch.Generator().manual_seed(2), dtype=torch.float64) - 1


def variant_value(loss, key, z, y, **theta):
    return variants.variant_value(variants.get_variant(loss, key), z, y, theta)


def balanced(rows, classes):
    return torch.arange(rows) % classes


# --- N-pair -----------------------------------------------------------------------------------------------------------


@backs("InfoNCE on raw inner products, with a temperature of 1 and without scaling to unit length.")
@pytest.mark.parametrize("length", [0.5, 1.0, 3.0])
def test_npair_is_info_nce_on_inner_products(length):
    c = LOSSES["npair"].contrast(length * Z, Y, {})
    assert torch.allclose(c.value, length**2 * Z @ Z.T)
    assert torch.equal(LOSSES["npair"](c).total, LOSSES["info_nce"](c, temperature=1.0).total)
    scaled = batch_mean("info_nce", length * Z, Y, temperature=1.0)  # which scales to unit length
    assert math.isclose(batch_mean("npair", length * Z, Y), scaled, rel_tol=1e-9) == (length == 1)


@backs("With unit vectors it is pytorch-metric-learning's NTXentLoss with labels and a temperature of 1.")
def test_npair_of_unit_vectors_is_nt_xent_of_pytorch_metric_learning():
    assert same(lambda z: batch_mean("npair", unit(z), Y), lambda z: pml.NTXentLoss(1.0)(z, Y))


@backs("An anchor has $N-1$ negatives, one of each other pair; in the two-view form $2N-2$, not $2N-1$.")
@pytest.mark.parametrize("pairs", [2, 7, 30])
def test_npair_has_n_minus_1_negatives_and_two_views_2n_minus_2(pairs):
    # where all similarities are equal, a softmax loss is the logarithm of the number of its candidates
    collapsed = torch.ones(2 * pairs, 3, dtype=torch.float64)
    candidates = math.exp(variant_value("npair", "one_pair", collapsed, torch.arange(pairs).repeat(2)))
    assert math.isclose(candidates, 1 + (pairs - 1), rel_tol=1e-9)
    candidates = math.exp(batch_mean("nt_xent", collapsed, None))
    assert math.isclose(candidates, 1 + (2 * pairs - 2), rel_tol=1e-9)


@backs(
    "On unit vectors without a temperature the loss cannot fall below $\\ln(1+Ne^{-2})$: 5.63 at 2,046 "
    "negatives. That is why temperature was introduced."
)
@pytest.mark.parametrize("n", [1, 20, 2046])
def test_npair_of_unit_vectors_has_a_floor_that_a_temperature_lowers(n):
    floor = math.log(1 + n * math.exp(-2))
    best = value("npair", values(1.0), torch.full((1, n), -1.0, dtype=torch.float64))
    assert math.isclose(best, floor, rel_tol=1e-12)
    s = 2 * torch.rand(50, n + 1, generator=torch.Generator().manual_seed(n), dtype=torch.float64) - 1
    assert (value("npair", s[:, 0], s[:, 1:]) > floor).all()
    if n == 2046:
        assert round(floor, 2) == 5.63
    assert value("info_nce", values(1.0), torch.full((1, n), -1.0, dtype=torch.float64), temperature=0.1) < 1e-5


@backs("TensorFlow Addons' npairs_loss counts the anchor as its own positive and as a candidate, so it is "
    "another loss.",
       "TensorFlow Addons' npairs_loss on the matrix of inner products: the anchor is its own positive and a "
    "candidate, and all rows of its class share the label. It is another loss with the same name.")  # fmt: skip
def test_npairs_loss_of_tensorflow_addons_includes_the_anchor():
    z = 1.5 * Z
    s = z @ z.T
    target = (Y[:, None] == Y).double()
    expected = -(target / target.sum(1, keepdim=True) * s.log_softmax(1)).sum(1).mean()
    value = variant_value("npair", "soft_labels", z, Y)
    assert math.isclose(value, expected, rel_tol=1e-9)
    # the anchor's own length changes it even where all pairs have s = 0, and ours it does not
    corners = torch.eye(4, dtype=torch.float64)
    own = [variant_value("npair", "soft_labels", r * corners, torch.tensor([0, 0, 1, 1])) for r in (1, 2)]
    assert own[0] != own[1]
    ours = [batch_mean("npair", r * corners, torch.tensor([0, 0, 1, 1])) for r in (1, 2)]
    assert ours[0] == ours[1]


@backs("One positive is compared with all negatives at once, by inner products, so long embeddings may count for more.")
def test_npair_weighs_a_long_negative_more():
    z = Z.clone()
    z[Y == 1] *= 3  # longer negatives of class 0
    c = LOSSES["npair"].contrast(z, Y, {})
    assert torch.allclose(c.value[0, Y == 1], 3 * Z[0] @ Z[Y == 1].T)
    pull, push = slopes("npair", values(0.5), values(0.2, 0.6)[None])
    assert math.isclose(push[0, 1] / push[0, 0], math.exp(0.4), rel_tol=1e-9)
    assert math.isclose(push.sum(), -pull.sum(), rel_tol=1e-9)


@backs("penalty on the length of embeddings")
@pytest.mark.parametrize("l2", [0.001, 0.002, 0.02])
def test_l2_adds_the_squared_lengths_of_both(l2):
    lengths = torch.linspace(0.5, 2, 24, dtype=torch.float64)[:, None]
    z = lengths * Z
    price = batch_mean("npair", z, Y, l2=l2) - batch_mean("npair", z, Y)
    positive = (Y[:, None] == Y) ^ torch.eye(24, dtype=torch.bool)
    squares = (lengths**2 + lengths.T**2)[positive]
    assert math.isclose(price, l2 * squares.mean(), rel_tol=1e-9)


# --- InfoNCE ----------------------------------------------------------------------------------------------------------


@backs("NT-Xent with one anchor; cross-entropy over N + 1 candidates.", "InfoNCE with one anchor.")
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_info_nce_is_nt_xent_of_one_anchor_and_cross_entropy(temperature):
    expected = torch.nn.functional.cross_entropy(
        torch.cat([POSITIVE[:, None], NEGATIVES], 1) / temperature, torch.zeros(9, dtype=torch.long), reduction="none"
    )
    for key in ("info_nce", "nt_xent"):
        assert torch.allclose(value(key, POSITIVE, NEGATIVES, temperature=temperature), expected, rtol=1e-12)
    assert math.isclose(value("info_nce", values(0.3), values(*[0.3] * 6)[None], temperature=temperature), math.log(7))


@backs(
    "N-pair with unit vectors and a temperature. It is not SupCon: the denominator excludes the other positives.",
    "Each positive must be found among the anchor's negatives; the other positives are left out.",
)
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_info_nce_is_npair_of_unit_vectors_over_temperature_and_not_supcon(temperature):
    scale = temperature**-0.5  # inner products are then s / temperature
    assert same(
        lambda z: batch_mean("info_nce", z, Y, temperature=temperature),
        lambda z: batch_mean("npair", scale * unit(z), Y),
    )
    supcon = batch_mean("supcon", Z, Y, temperature=temperature)
    assert supcon > batch_mean("info_nce", Z, Y, temperature=temperature) + 1e-3
    # the terms of two positives of one anchor do not know of each other, and in SupCon they do
    c = Contrast.of_batch(Z[:6], torch.tensor([0, 0, 0, 1, 2, 3]), "similarity")
    first, second = c.positive.clone(), c.positive.clone()
    first[0, 1] = second[0, 2] = False
    for key, apart in (("info_nce", True), ("supcon", False)):
        both, one, other = (
            float(LOSSES[key](Contrast(c.value, masks, c.negative), temperature=temperature).total[0])
            for masks in (c.positive, first, second)
        )
        both *= 1 if apart else 2  # SupCon's term is a mean
        assert math.isclose(both, one + other, rel_tol=1e-9) is apart


@backs("AM-softmax at a margin of 0, with the batch in place of class weights.", r"InfoNCE with $s_p$ shifted by $m$.")
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_info_nce_is_am_softmax_with_a_shift_of_s_p(temperature):
    for margin in (0.0, 0.2, 0.5):
        am = value("am_softmax", POSITIVE, NEGATIVES, margin=margin, scale=1 / temperature)
        shifted = value("info_nce", POSITIVE - margin, NEGATIVES, temperature=temperature)
        assert torch.allclose(am, shifted, rtol=1e-9)


@backs(
    r"A small temperature is a *large* scale: $s=1/\tau$.",
    r"A *large* temperature does not amplify differences: the formula divides by $\tau$. To amplify them, take "
    r"a small $\tau$, that is a large scale $s=1/\tau$.",
)
def test_a_small_temperature_is_a_large_scale_and_is_sharper():
    sharpness = []
    for temperature in TEMPERATURES:  # ascending
        by_scale = value("normface", POSITIVE, NEGATIVES, scale=1 / temperature)
        assert torch.allclose(value("info_nce", POSITIVE, NEGATIVES, temperature=temperature), by_scale, rtol=1e-9)
        by_am = value("am_softmax", POSITIVE, NEGATIVES, margin=0.0, scale=1 / temperature)
        assert torch.allclose(by_am, by_scale, rtol=1e-9)
        _, push = slopes("info_nce", values(0.5), values(0.2, 0.4)[None], temperature=temperature)
        sharpness.append(float(push[0, 1] / push[0, 0]))
    assert sharpness == sorted(sharpness, reverse=True)
    assert sharpness[0] > 50 > 1.3 > sharpness[-1]


@backs(
    r"Negatives do not have equal weights: at $\tau=0.07$ one with $s=0.5$ has 17 times the weight of one with "
    "$s=0.3$."
)
@pytest.mark.parametrize("key", ["info_nce", "nt_xent", "supcon"])
def test_near_negatives_weigh_more(key):
    _, push = slopes(key, values(0.6), values(0.3, 0.5)[None], temperature=0.07)
    assert round(float(push[0, 1] / push[0, 0])) == 17


@backs(
    r"As $\tau\to0$, $\tau L$ becomes the hinge $[\max s_n-s_p]_+$: only the hardest negative counts.",
    "small: only the hardest negative counts",
)
@pytest.mark.parametrize("key", ["info_nce", "nt_xent", "supcon"])
def test_small_temperature_leaves_the_hinge_of_the_hardest_negative(key):
    hinge = (NEGATIVES.amax(1) - POSITIVE).clamp(min=0)
    errors = []
    for temperature in (1.0, 0.05, 0.002):
        scaled = temperature * value(key, POSITIVE, NEGATIVES, temperature=temperature)
        errors.append((scaled - hinge).abs().max().item())
        assert errors[-1] <= temperature * math.log(6)
        _, push = slopes(key, POSITIVE, NEGATIVES, temperature=temperature)
    assert errors == sorted(errors, reverse=True)
    hardest = push.gather(1, NEGATIVES.argmax(1, keepdim=True))[:, 0]
    assert torch.allclose(hardest, push.sum(1), rtol=1e-3, atol=1e-9)


# --- NT-Xent ----------------------------------------------------------------------------------------------------------


@backs("SupCon on two-view labels, exactly.", "NT-Xent is SupCon on two-view labels.")
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_nt_xent_is_supcon_on_two_view_labels(temperature):
    for variant in ("out", "in"):
        assert same(
            lambda z: batch_mean("nt_xent", z, None, temperature=temperature),
            lambda z, v=variant: batch_mean("supcon", z, VIEWS, temperature=temperature, variant=v),
        )


@backs("Of $2N$ views, without the anchor and its positive, $2N-2$ are negatives, not $2N-1$.")
@pytest.mark.parametrize("images", [1, 2, 7, 50])
def test_views_have_2n_minus_2_negatives(images):
    c = LOSSES["nt_xent"].contrast(torch.ones(2 * images, 2), None, {})
    assert (c.n_negative == 2 * images - 2).all()
    assert (c.n_positive == 1).all()


@backs(
    "Images of the same class count as negatives too: the loss knows no classes, only which two rows are one image.",
    "The other view of an image must be found among all other views of the batch, those of its own class included.",
)
def test_nt_xent_pushes_images_of_ones_own_class():
    c = LOSSES["nt_xent"].contrast(Z, VIEWS, {})
    s = c.value.clone().requires_grad_()
    force = torch.autograd.grad(LOSSES["nt_xent"](Contrast(s, c.positive, c.negative, symmetric=True)).mean(), s)[0]
    classes = torch.arange(12) % 3  # whatever they are
    own_class = (classes.repeat(2)[:, None] == classes.repeat(2)) & c.negative
    assert own_class.any()
    assert (force[own_class] > 0).all()  # repelled
    assert (force[c.positive] < 0).all()
    assert batch_mean("nt_xent", Z, VIEWS) == batch_mean("nt_xent", Z, None)
    with pytest.raises(ValueError, match="label"):
        batch_mean("nt_xent", Z, classes.repeat(2))


@backs(r"For a collapsed network its value is $\log(2N-1)$. Values at different batch sizes cannot be compared.")
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_collapse_value_of_nt_xent_grows_with_the_batch(temperature):
    found = [collapse_value("nt_xent", {"temperature": temperature}, torch.arange(2 * n)) for n in (1, 8, 128, 512)]
    expected = [math.log(2 * n - 1) for n in (1, 8, 128, 512)]
    assert found == pytest.approx(expected, abs=1e-9)
    point = torch.ones(16, 4, dtype=torch.float64)
    assert math.isclose(batch_mean("nt_xent", point, None, temperature=temperature), math.log(15), rel_tol=1e-9)


# --- SupCon -----------------------------------------------------------------------------------------------------------


@backs(
    r"$L_{in}\le L_{out}$, by Jensen's inequality.",
    "mean over positives outside or inside the log",
    "Each positive must be found among all other rows; several positives compete, so the loss never gets near 0.",
    r"$L_{out}$ of the paper, over the anchors that have a positive.",
)
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_mean_inside_the_log_is_never_larger_and_neither_gets_near_0(temperature):
    for seed in range(5):
        z = unit(torch.randn(24, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64))
        s = (z @ z.T / temperature).fill_diagonal_(-torch.inf)
        q = s.softmax(1)
        positive = (Y[:, None] == Y) ^ torch.eye(24, dtype=torch.bool)
        outside = torch.stack([-q[a][positive[a]].log().mean() for a in range(24)])
        inside = torch.stack([-q[a][positive[a]].mean().log() for a in range(24)])
        assert (inside <= outside + 1e-12).all()
        for variant, expected in (("out", outside), ("in", inside)):
            found = batch_mean("supcon", z, Y, temperature=temperature, variant=variant)
            assert math.isclose(found, expected.mean(), rel_tol=1e-9)
            assert found >= math.log(3)  # every anchor has three positives at least
    alone = torch.cat([Z, Z[:1]])  # an anchor without a positive changes the sums of the others, but is no term
    c = LOSSES["supcon"].contrast(alone, torch.cat([Y, torch.tensor([9])]), {})
    assert LOSSES["supcon"](c).n_terms == 24


@backs(
    r"The value of the loss does not measure the embedding: with 10 classes and a batch of 256 at $\tau=0.1$ "
    r"it cannot fall below about $\ln 24.6=3.2$, and it is $\ln 255=5.54$ if all points coincide."
)
def test_floor_and_collapse_value_of_supcon_at_256():
    y = balanced(256, 10)
    positives = [(y == c).sum().item() - 1 for c in y.tolist()]
    assert round(sum(positives) / 256, 1) == 24.6
    floor, collapsed = (f("supcon", {"temperature": 0.1}, y) for f in (floor_value, collapse_value))
    assert round(floor, 1) == round(math.log(24.6), 1) == 3.2
    assert floor > sum(map(math.log, positives)) / 256  # the bound whatever the negatives are
    assert round(collapsed, 2) == round(math.log(255), 2) == 5.54
    # all points the same in a batch of 16 have a lower loss than perfect classes in one of 256
    assert collapse_value("supcon", {"temperature": 0.1}, balanced(16, 10)) < floor


@backs("A positive that is closer than the other positives can be pushed *away*, which makes their similarities equal.")
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_supcon_pushes_a_positive_that_has_more_than_its_share(temperature):
    s = values(0.9, 0.2, 0.1, -0.5, -0.4)[None].requires_grad_()
    is_p = torch.tensor([[True, True, False, False, False]])
    c = Contrast(s, is_p, ~is_p)
    force = torch.autograd.grad(LOSSES["supcon"](c, temperature=temperature).total.sum(), s)[0][0]
    share = (s[0] / temperature).softmax(0)
    assert torch.allclose(force, (share - values(0.5, 0.5, 0, 0, 0)) / temperature)
    assert (force[0] > 0) == (share[0] > 0.5)
    assert force[1] < 0
    at = s.detach()
    for _ in range(3000):
        at = at.requires_grad_()
        total = LOSSES["supcon"](Contrast(at, is_p, ~is_p), temperature=0.5).total.sum()
        at = (at - 0.02 * torch.autograd.grad(total, at)[0]).detach()
        if (at[0, 0] - at[0, 1]).abs() < 0.01:
            break
    assert (at[0, 0] - at[0, 1]).abs() < 0.01  # equal, from 0.7 apart


@backs(
    r"The factor $\tau/\tau_{base}$ of the authors' code only rescales value and gradient: 7.1 times in "
    f"{articles.CONTRASTING.markdown}.",
    r"The authors' code multiplies by $\tau/\tau_{base}$ with $\tau_{base}=0.07$: at $\tau=0.5$ that is 7.1 "
    "times the value and, with plain gradient descent, 7.1 times the learning rate.",
)
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_tau_base_rescales_value_and_gradient(temperature):
    rescaled = variants.get_variant("supcon", "base").bound_function({"temperature": temperature})
    factor = temperature / 0.07
    assert same(lambda z: rescaled(z, Y), lambda z: factor * batch_mean("supcon", z, Y, temperature=temperature))
    preset = next(p for p in LOSSES["supcon"].presets if p.title == articles.CONTRASTING.title)
    assert round(preset.theta["temperature"] / 0.07, 1) == 7.1
    step = gradient(lambda z: rescaled(z, Y), Z)
    assert torch.allclose(step, factor * gradient(lambda z: batch_mean("supcon", z, Y, temperature=temperature), Z))


@backs(
    "Curves at different batch sizes cannot be compared: the largest and the lowest value both grow with the "
    "logarithm of the batch size."
)
@pytest.mark.parametrize("temperature", [0.05, 0.1, 0.5])
def test_both_ends_of_a_supcon_curve_move_with_the_logarithm_of_the_batch(temperature):
    ends = [
        [f("supcon", {"temperature": temperature}, balanced(rows, 10)) for f in (floor_value, collapse_value)]
        for rows in (250, 500, 1000)
    ]
    for smaller, larger in itertools.pairwise(ends):
        for low, high in zip(smaller, larger, strict=True):
            assert math.isclose(high - low, math.log(2), rel_tol=0.07)
