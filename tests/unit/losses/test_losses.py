"""Losses equal their formulas, with gradients, at the ends of every slider and on every kind of batch."""

import copy
import itertools
import math
import pickle

import pytest
import torch

from cl_core import losses
from cl_core.losses import LOSSES, module
from cl_core.losses.contrast import Contrast
from cl_core.losses.distances import from_similarity, unit
from tests import reference
from tests.batches import BATCHES, Batch, batch
from tests.corners import combinations

CORNERS = {
    key: [
        dict(zip(loss.parameters, values, strict=True))
        for values in combinations(dict.fromkeys(p.corners) for p in loss.parameters.values())
    ]
    for key, loss in LOSSES.items()
}
PAIR_LOSSES = {key: loss for key, loss in LOSSES.items() if not loss.classes}  # without class weights
Z = unit(torch.randn(24, 6, generator=torch.Generator().manual_seed(7), dtype=torch.float64))
Y = torch.arange(24) % 5
SELF_PACED = ("circle", "circle_general", "pccl", "pccl_released")  # weigh each pair by how far it is from its optimum
CHOOSING_MINERS = ("semihard_near", "semihard_tfa", "batch_hard")  # choose one of several triplets; of equal ones any


def labels_for(key, y):
    """Return the labels that a loss takes: for a loss on views one for each image, whose views are rows i and i + N."""
    return torch.arange(len(y) // 2).repeat(2) if LOSSES[key].views and len(y) > 1 else y


def value_and_gradient(f, z, y):
    z = z.clone().requires_grad_()
    value = f(z, labels_for(f.key, y) if isinstance(f, losses.LossModule) else y)
    return value.detach(), torch.autograd.grad(value, z)[0]


def accepts(key, b):
    """Return whether the loss takes the batch: a loss on views takes an even number of rows, or a single one."""
    return not LOSSES[key].views or len(b.y) % 2 == 0 or len(b.y) == 1


def assert_equals_loops(key, theta, b):
    """Compare value, number of terms and gradient with the loops, to 1e-9 relative to their size."""
    z = b.z.clone().requires_grad_()
    expected, n_terms = reference.LOSSES[key](z, b.y.tolist(), **theta)
    expected_gradient = torch.autograd.grad(expected, z)[0]
    f = module(key, **theta)
    value, gradient = value_and_gradient(f, b.z, b.y)
    assert f.n_terms == n_terms
    assert abs(value - expected) <= 1e-9 * (1 + abs(expected))
    if b.ties and theta.get("mining") in CHOOSING_MINERS:
        assert torch.isfinite(gradient).all()
    else:
        assert (gradient - expected_gradient).abs().max() <= 1e-9 * (1 + expected_gradient.abs().max())


@pytest.mark.parametrize("b", BATCHES, ids=lambda b: b.name)
@pytest.mark.parametrize("key", PAIR_LOSSES)
def test_loss_equals_loops_at_every_slider_corner(key, b):
    if not accepts(key, b):
        pytest.skip("an odd number of rows is no batch of views")
    for theta in CORNERS[key]:
        if b.ties and theta.get("distance") == "cosine" and key == "triplet":
            continue  # rounding of the unit vectors decides the ties; test_miners.py has ties on one matrix
        assert_equals_loops(key, theta, b)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("key", PAIR_LOSSES)
def test_loss_equals_loops_on_random_batches(key, seed):
    generator = torch.Generator().manual_seed(seed)
    y = torch.randint(0, 4, (12,), generator=generator).tolist()
    assert_equals_loops(key, {}, batch("", y, seed, dim=4))


@pytest.mark.slow  # every setting twice, against loops
@pytest.mark.parametrize("key", PAIR_LOSSES)
def test_float32_is_finite_and_accurate_at_every_slider_corner(key):
    for b, theta in itertools.product(BATCHES, CORNERS[key]):
        if accepts(key, b):
            f = module(key, **theta)
            value, gradient = value_and_gradient(f, b.z.float(), b.y)
            assert value.dtype == torch.float32
            assert torch.isfinite(value)
            assert torch.isfinite(gradient).all()
            if not b.ties:  # rounding breaks ties, and then other triplets are selected
                # a cosine is accurate to about 1e-7, and the scale multiplies that
                rounding = 1e-6 * theta.get("scale", 1.0)
                exact = module(key, **theta)(b.z, labels_for(key, b.y))
                assert math.isclose(value, exact, rel_tol=1e-4, abs_tol=1e-4 + rounding)


# --- degenerate batches -----------------------------------------------------------------------------------------------

ONE_IMAGE = Batch("single image", torch.tensor([[0.3, 0.4]]), torch.tensor([1]))
DISTINCT = batch("distinct", [0, 1, 2, 3])
ONE_CLASS = batch("one class", [1, 1, 1, 1])
FEW_POSITIVES = batch("some without a positive", [0, 0, 1, 2, 3])


@pytest.mark.parametrize("key", PAIR_LOSSES)
def test_batch_of_one_has_no_term(key):
    f = module(key)
    value, gradient = value_and_gradient(f, ONE_IMAGE.z, ONE_IMAGE.y)
    assert value.item() == 0.0
    assert f.n_terms == 0
    assert (gradient == 0).all()


@pytest.mark.parametrize("key", ["triplet", "npair", "supcon", "info_nce", *SELF_PACED])
def test_batch_without_positives_has_no_term(key):
    for theta in CORNERS[key]:
        f = module(key, **theta)
        value, gradient = value_and_gradient(f, DISTINCT.z, DISTINCT.y)
        assert value.item() == 0.0
        assert f.n_terms == 0
        assert (gradient == 0).all()


def test_contrastive_without_positives_is_the_mean_over_negatives():
    f = module("contrastive", margin=2.0)
    d = torch.cdist(DISTINCT.z, DISTINCT.z)[*torch.triu_indices(4, 4, 1)]
    assert math.isclose(f(DISTINCT.z, DISTINCT.y), (2 - d).clamp(min=0).square().mean(), rel_tol=1e-12)
    assert f.n_terms == 6  # 4 * 3 / 2


@pytest.mark.parametrize("key", ["triplet", *SELF_PACED])
def test_losses_that_need_negatives_have_no_term_for_one_class(key):
    for theta in CORNERS[key]:
        f = module(key, **theta)
        value, gradient = value_and_gradient(f, ONE_CLASS.z, ONE_CLASS.y)
        assert value.item() == 0.0
        assert f.n_terms == 0
        assert (gradient == 0).all()


def test_other_losses_keep_their_formula_for_one_class():
    f = module("contrastive")
    d = torch.cdist(ONE_CLASS.z, ONE_CLASS.z)[*torch.triu_indices(4, 4, 1)]
    assert math.isclose(f(ONE_CLASS.z, ONE_CLASS.y), d.square().mean(), rel_tol=1e-12)
    assert f.n_terms == 6
    for key in ("npair", "info_nce"):  # log(1 + 0)
        f = module(key)
        assert f(ONE_CLASS.z, ONE_CLASS.y).item() == 0.0
        assert f.n_terms == 12
    f = module("supcon")
    assert f(ONE_CLASS.z, ONE_CLASS.y) > math.log(3) - 1e-12  # a softmax over three positives: at least log 3
    assert f.n_terms == 4


def test_mean_excludes_anchors_without_positives():
    for key, n_terms in {"triplet": 2 * 3, "npair": 2, "info_nce": 2, "supcon": 2, "circle": 2, "pccl": 2}.items():
        f = module(key, **({"mining": "all"} if key == "triplet" else {}))
        f(FEW_POSITIVES.z, FEW_POSITIVES.y)
        assert f.n_terms == n_terms


@pytest.mark.parametrize(("key", "theta"), [("circle", {"pool": "batch"}), ("pccl_released", {})], ids=str)
def test_batch_pool_is_one_term_if_it_has_positives_and_negatives(key, theta):
    f = module(key, **theta)
    for b, n_terms in ((FEW_POSITIVES, 1), (BATCHES[0], 1), (DISTINCT, 0), (ONE_CLASS, 0), (ONE_IMAGE, 0)):
        f(b.z, b.y)
        assert f.n_terms == n_terms


@pytest.mark.parametrize("distance", ["euclidean", "sqeuclidean"])
@pytest.mark.parametrize("mining", ["all", "hard", "batch_hard", "semihard_tfa"])
def test_collapsed_triplets_cost_the_margin_and_have_zero_gradient(distance, mining):
    # all distances are 0: each triplet costs m, and the derivative of a distance at 0 is taken as 0
    z = torch.full((8, 5), 0.3)
    value, gradient = value_and_gradient(module("triplet", distance=distance, mining=mining), z, torch.arange(8) % 3)
    assert math.isclose(value, 0.2, rel_tol=1e-6)
    assert (gradient == 0).all()


def test_contrastive_gradient_between_duplicates_of_two_classes_is_zero():
    value, gradient = value_and_gradient(module("contrastive", margin=0.7), torch.ones(2, 3), torch.tensor([0, 1]))
    assert math.isclose(value, 0.7**2, rel_tol=1e-6)
    assert (gradient == 0).all()


# --- properties of every loss -----------------------------------------------------------------------------------------


@pytest.mark.slow  # every setting on several batches
@pytest.mark.parametrize("key", PAIR_LOSSES)
def test_loss_is_invariant_to_batch_order(key):
    for b, theta in itertools.product(BATCHES, CORNERS[key]):
        if b.ties or not accepts(key, b):
            continue
        order = torch.randperm(len(b.y), generator=torch.Generator().manual_seed(3))
        if LOSSES[key].views:  # permute the images, and swap the two views
            half = torch.randperm(len(b.y) // 2, generator=torch.Generator().manual_seed(3))
            order = torch.cat([half + len(b.y) // 2, half]) if len(b.y) > 1 else order[:1]
        f = module(key, **theta)
        value, gradient = value_and_gradient(f, b.z, b.y)
        reordered, reordered_gradient = value_and_gradient(f, b.z[order], b.y[order])
        assert math.isclose(value, reordered, rel_tol=1e-9, abs_tol=1e-12)
        assert (gradient[order] - reordered_gradient).abs().max() <= 1e-9 * (1 + gradient.abs().max())


def loss_and_boundary(loss, theta, steps=41):
    s = torch.linspace(-1, 1, steps, dtype=torch.float64)
    s_n, s_p = torch.meshgrid(s, s, indexing="xy")
    metric = loss.metric_of(theta)
    x_p, x_n = from_similarity(s_p, metric), from_similarity(s_n, metric)
    return loss(Contrast.of_pairs(x_p, x_n), **theta), loss.boundary(x_p.ravel(), x_n.ravel(), **theta)


@pytest.mark.parametrize("key", [key for key, loss in LOSSES.items() if loss.boundary])
def test_loss_passes_its_level_at_the_boundary(key):
    for theta in CORNERS[key]:
        terms, side = loss_and_boundary(LOSSES[key], theta)
        clear = (side.abs() > 1e-6) & (terms.count > 0)  # a miner may exclude the triplet
        assert ((terms.total > LOSSES[key].level) == (side > 0))[clear].all()
        if theta.get("mining", "all") in ("all", "batch_hard", "semihard_tfa"):
            assert (terms.count == 1).all()


@pytest.mark.parametrize(
    ("distance", "s_p"),
    [
        # s_p on the boundary as a function of s_n, solved by hand from d = sqrt(2 - 2s), d^2 and 1 - s
        ("sqeuclidean", lambda s_n, m: s_n + m / 2),
        ("euclidean", lambda s_n, m: 1 - (math.sqrt(2 - 2 * s_n) - m) ** 2 / 2),
        ("cosine", lambda s_n, m: s_n + m),
    ],
)
def test_triplet_boundary_in_the_similarity_plane_equals_hand_solution(distance, s_p):
    for s_n in (-0.9, -0.2, 0.0, 0.5, 0.8):
        x_p, x_n = (from_similarity(torch.tensor(s, dtype=torch.float64), distance) for s in (s_p(s_n, 0.2), s_n))
        assert abs(LOSSES["triplet"].boundary(x_p, x_n, margin=0.2, distance=distance)) < 1e-9


def test_batch_loss_is_the_mean_of_anchor_totals():
    b = BATCHES[0]
    for key, loss in PAIR_LOSSES.items():
        z, y = (b.z, b.y) if accepts(key, b) else (b.z[:-1], b.y[:-1])
        y = labels_for(key, y)
        terms = loss(loss.contrast(z, y, {}))
        assert terms.total.shape == terms.count.shape == (len(z),)
        assert math.isclose(terms.total.sum() / terms.count.sum(), module(key)(z, y), rel_tol=1e-12)


# --- extreme values ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["supcon", "info_nce", "nt_xent"])
@pytest.mark.parametrize("temperature", [1e-2, 1e-6, 1e-30, 1e-38])
def test_float32_keeps_value_and_gradient_at_any_temperature(key, temperature):
    # positives at s = -0.3 and negatives at s = 1: exp(1.3 / 0.01) overflows float32
    z = torch.tensor([[1.0, 0.0], [1.0, 0.001], [-0.3, 0.954], [-0.3, 0.953]])
    f = module(key, temperature=temperature)
    value, gradient = value_and_gradient(f, z, torch.tensor([0, 1, 0, 1]))
    assert math.isclose(value * temperature, 1.3, rel_tol=0.01)  # tau L -> max s_n - s_p, for supcon max s_a - s_p
    assert torch.isfinite(gradient).all()
    assert gradient.abs().max() > 0.1 / temperature


@pytest.mark.parametrize("key", ["supcon", "info_nce", "nt_xent"])
def test_softmax_at_low_temperature_is_a_hinge_on_the_hardest_negative(key):
    generator = torch.Generator().manual_seed(0)
    x_p = 2 * torch.rand(50, generator=generator, dtype=torch.float64) - 1
    x_n = 2 * torch.rand(50, 5, generator=generator, dtype=torch.float64) - 1
    terms = LOSSES[key](Contrast.of_pairs(x_p, x_n), temperature=1e-5)
    assert torch.allclose(1e-5 * terms.total, (x_n.amax(1) - x_p).clamp(min=0), atol=1e-4)


@pytest.mark.parametrize("key", ["supcon", "info_nce", "nt_xent"])
def test_softmax_at_high_temperature_is_uniform_over_candidates(key):
    x = torch.linspace(-1, 1, 7, dtype=torch.float64)
    terms = LOSSES[key](Contrast.of_pairs(x, x.repeat(5, 1).T.flip(0)), temperature=1e6)
    assert torch.allclose(
        terms.total, torch.full((7,), math.log(6), dtype=torch.float64), atol=1e-5
    )  # 1 + 5 candidates


@pytest.mark.parametrize(
    ("key", "theta", "pairs", "logit_p", "logit_n"),
    [
        # gamma = 512 and m = 1/2 at s_p = -1, s_n = 1: gamma (1 + m - s_p) (1 - m - s_p), gamma (s_n + m) (s_n - m)
        ("circle", {"margin": 0.5, "scale": 512.0, "pool": "anchor"}, 1, 512 * 2.5 * 1.5, 512 * 1.5 * 0.5),
        ("circle", {"margin": 0.5, "scale": 512.0, "pool": "batch"}, 2, 512 * 2.5 * 1.5, 512 * 1.5 * 0.5),
        ("pccl_released", {"margin": 0.5, "scale": 512.0, "k": 3}, 2, 512 * 2.5 * 1.5 / 3, 512 * 1.5 * 0.5),
        # without margins: (1 + m - s_p) (-s_p) / (xi tau), (s_n + m) s_n / tau
        ("pccl", {"margin": 0.5, "temperature": 1 / 512, "xi": 3}, 1, 512 * 2.5 / 3, 512 * 1.5),
    ],
)
def test_float32_keeps_value_and_gradient_at_any_scale(key, theta, pairs, logit_p, logit_n):
    # on a line, positives at s = -1 and negatives at s = 1 or -1: the number of worst pairs of each kind in a group
    z, y = torch.tensor([[1.0, 0.0], [2.0, 0.0], [-1.0, 0.0], [-2.0, 0.0]]), torch.tensor([0, 1, 0, 1])
    value = module(key, **theta)(z, y)
    assert math.isclose(value, logit_p + logit_n + 2 * math.log(pairs), rel_tol=1e-6)
    # and at (s_n, s_p) = (0.7, 0.3), where the textbook formula is inf or NaN in float32
    s_p, s_n = torch.tensor([0.3], requires_grad=True), torch.tensor([0.7], requires_grad=True)
    total = LOSSES[key](Contrast.of_pairs(s_p, s_n), **theta).total
    pull, push = torch.autograd.grad(total.sum(), [s_p, s_n])
    assert torch.isfinite(total).all()
    assert pull.item() < -100
    assert push.item() > 100


@pytest.mark.parametrize("scale", [1e4, 1e30, 1e37])
def test_self_paced_loss_divided_by_a_large_scale_is_the_largest_logit(scale):
    # L / gamma -> the largest logits of both kinds over gamma; in float32, where 1e39 is infinite
    x = torch.tensor([[-0.3, 1.0, 0.2, -0.9], [0.5, 0.8, 0.7, -0.2]], requires_grad=True)  # (s_p, three s_n) each
    for key, theta, m, margins in (
        ("circle", {"scale": scale}, 0.25, (0.75, 0.25)),
        ("pccl_released", {"scale": scale}, 0.4, (0.6, 0.4)),
        ("pccl", {"temperature": 1 / scale}, 0.25, (0.0, 0.0)),
    ):
        total = LOSSES[key](Contrast.of_pairs(x[:, 0], x[:, 1:]), **theta).total
        gradient = torch.autograd.grad(total.sum(), x)[0] / scale
        s_p, s_n = x[:, 0].detach(), x[:, 1].detach()  # the first negative is the worst
        largest = (1 + m - s_p) * (margins[0] - s_p) + (s_n + m) * (s_n - margins[1])
        assert torch.allclose(total / scale, largest.clamp(min=0), rtol=1e-5, atol=1e-3)
        for i in (largest > 0).nonzero().ravel():
            expected = torch.stack([s_p[i] - 1 - m, s_n[i] + m, torch.tensor(0.0), torch.tensor(0.0)])
            assert torch.allclose(gradient[i], expected, rtol=1e-5, atol=1e-5)


def test_npair_is_finite_for_long_embeddings():
    z = 1e4 * torch.randn(6, 8, generator=torch.Generator().manual_seed(0))
    value, gradient = value_and_gradient(module("npair", l2=0.02), z, torch.tensor([0, 0, 1, 1, 2, 2]))
    assert torch.isfinite(value)
    assert torch.isfinite(gradient).all()


def test_contrastive_counts_a_pair_once_in_a_batch_and_in_single_pairs():
    x = torch.linspace(0, 2, 4)
    assert LOSSES["contrastive"](Contrast.of_pairs(x, x)).n_terms == 4 * 2
    assert LOSSES["contrastive"](Contrast.of_batch(Z, Y, "euclidean")).n_terms == 24 * 23 // 2


def test_npair_l2_term_counts_squared_lengths_of_anchor_and_positive():
    # against prototypes of length 2 and 3: each anchor adds 0.01 * (|z|^2 + |w|^2)
    z = torch.tensor([[1.0, 0.0], [0.0, 5.0]], dtype=torch.float64)
    w = torch.tensor([[2.0, 0.0], [0.0, 3.0]], dtype=torch.float64)
    c = Contrast.of_prototypes(z, torch.tensor([0, 1]), w, "dot")
    extra = LOSSES["npair"](c, l2=0.01).total - LOSSES["npair"](c).total
    assert torch.allclose(extra, torch.tensor([0.05, 0.34], dtype=torch.float64))


# --- invalid arguments, and the catalogue -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "theta", "message"),
    [
        ("tripled", {}, "triplet"),
        ("triplet", {"tau": 0.1}, "no parameter 'tau'"),
        ("triplet", {"margin": -0.1}, "negative"),
        ("triplet", {"mining": "softhard"}, "semihard"),
        ("triplet", {"distance": "dot"}, "sqeuclidean"),
        ("supcon", {"temperature": 0}, "greater than 0"),
        ("supcon", {"temperature": -1.0}, "greater than 0"),
        ("supcon", {"temperature": math.nan}, "finite"),
        ("supcon", {"temperature": math.inf}, "finite"),
        ("supcon", {"temperature": "warm"}, "number"),
        ("supcon", {"temperature": True}, "number"),
        ("supcon", {"variant": "middle"}, "out"),
        ("contrastive", {"half": 1}, "True or False"),
        ("npair", {"l2": None}, "number"),
        ("circle", {"scale": 0.0}, "greater than 0"),
        ("circle", {"pool": "row"}, "anchor"),
        ("circle", {"margin": math.inf}, "finite"),
        ("pccl", {"temperature": 0.0}, "greater than 0"),
        ("pccl", {"xi": 1.5}, "whole number"),
        ("pccl", {"xi": 0}, "xi"),
        ("pccl_released", {"k": 0}, "k must"),
    ],
)
def test_invalid_parameters_raise_readable_errors(key, theta, message):
    with pytest.raises(ValueError, match=message):
        module(key, **theta)


@pytest.mark.parametrize("key", PAIR_LOSSES)
def test_module_rejects_invalid_batches(key):
    f = module(key)
    for z, y in ((Z * math.nan, Y), (Z, Y[:-2]), (Z[None], Y), (Z.long(), Y)):
        with pytest.raises(ValueError, match=r"embeddings|labels"):
            f(z, y)
    if not LOSSES[key].views:
        with pytest.raises(ValueError, match="labels"):
            f(Z)
        with pytest.raises(ValueError, match="integers"):
            f(Z, Y.double())


def test_parameters_beyond_the_slider_are_allowed_within_their_domain():
    assert module("contrastive", margin=4.0).theta["margin"] == 4.0
    assert module("supcon", temperature=1e-5)(Z, Y) > 0


def test_module_can_be_copied_and_pickled():
    for key in PAIR_LOSSES:
        f = module(key)
        for other in (copy.deepcopy(f), pickle.loads(pickle.dumps(f))):
            assert other(Z, labels_for(key, Y)).item() == f(Z, labels_for(key, Y)).item()


def test_keys_parameters_and_defaults_are_the_published_ones():
    # public interface: other programs use these names
    published = {
        "contrastive": {"margin": 1.0, "distance": "euclidean", "half": False},
        "triplet": {"margin": 0.2, "distance": "sqeuclidean", "mining": "semihard"},
        "npair": {"l2": 0.0},
        "nt_xent": {"temperature": 0.5},
        "supcon": {"temperature": 0.1, "variant": "out"},
        "info_nce": {"temperature": 0.1},
        "circle": {"margin": 0.25, "scale": 32.0, "pool": "anchor"},
        "pccl": {"margin": 0.25, "temperature": 1 / 16, "xi": 1},
        "pccl_released": {"margin": 0.4, "scale": 64.0, "k": 1},
        "softmax": {},
        "normface": {"scale": 20.0},
        "l_softmax": {"margin": 2, "annealing": 0.0},
        "sphereface": {"margin": 4, "annealing": 0.0},
        "am_softmax": {"margin": 0.35, "scale": 30.0},
        "arcface": {"margin": 0.5, "scale": 64.0},
        "circle_class": {"margin": 0.25, "scale": 32.0},
        "circle_general": {
            "optimum_p": 1.25, "optimum_n": -0.25, "margin_p": 0.75, "margin_n": 0.25, "scale": 32.0, "pacing": 1.0,
            "gradient": "frozen",
        },
    }  # fmt: skip
    for key, defaults in published.items():  # more losses may be added
        assert LOSSES[key].defaults == defaults
    class_losses = {"softmax", "normface", "l_softmax", "sphereface", "am_softmax", "arcface", "circle_class"}
    assert class_losses == {key for key in published if LOSSES[key].classes}
    assert list(LOSSES)[:5] == ["contrastive", "triplet", "npair", "nt_xent", "supcon"]
    assert all(key == loss.key for key, loss in LOSSES.items())
    assert set(reference.LOSSES) == set(PAIR_LOSSES)


def test_table_has_a_complete_row_for_each_loss():
    lines = losses.table().splitlines()
    assert len(lines) == len(LOSSES) + 2
    assert {line.count("|") for line in lines} == {6}
    for line, (key, loss) in zip(lines[2:], LOSSES.items(), strict=True):
        assert f"`{key}`" in line
        assert loss.title in line
        assert all(f"`{name}`" in line for name in loss.parameters)
