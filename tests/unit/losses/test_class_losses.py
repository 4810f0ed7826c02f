"""Losses with class weights equal their formulas, with gradients in the embeddings and in the weights."""

import copy
import itertools
import math
import pickle

import pytest
import torch
from pytorch_metric_learning import losses as pml
from torch.nn.functional import cross_entropy

from cl_core.losses import LOSSES, module
from cl_core.losses.contrast import Contrast
from cl_core.losses.distances import unit
from tests import reference
from tests.batches import BATCHES, Batch
from tests.unit.losses.test_losses import CORNERS

CLASS_LOSSES = [key for key, loss in LOSSES.items() if loss.classes]
MARGIN_ON_ANGLE = ("l_softmax", "sphereface")  # their logits depend on lengths


def randn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def weights_for(b):
    """Return labels 0..C-1 in place of any integers, and weights of C + 1 classes, the last of which has no image."""
    y = torch.unique(b.y, return_inverse=True)[1]
    return y, randn(int(y.max()) + 2, b.z.shape[1], seed=len(b.y))


def module_with(key, w, bias=None, **theta):
    """Return the module with these weights and of their dtype."""
    f = module(key, num_classes=len(w), embedding_dim=w.shape[1], **theta).to(w.dtype)
    with torch.no_grad():
        f.weight.copy_(w)
        if bias is not None:
            f.bias.copy_(bias)
    return f


def value_and_gradients(f, z, y):
    """Return the value, and its gradients in z, in the weights, and in the bias if there is one."""
    z = z.clone().requires_grad_()
    value = f(z, y)
    return value.detach(), torch.autograd.grad(value, [z, *f.parameters()])


def loops_value_and_gradients(key, theta, z, y, w, bias):
    leaves = [z.clone().requires_grad_(), w.clone().requires_grad_()]
    if key == "softmax":
        leaves.append(bias.clone().requires_grad_())
    z, w, *rest = leaves
    value, n_terms = reference.CLASS_LOSSES[key](z, y.tolist(), w, *rest, **theta)
    return value.detach(), n_terms, torch.autograd.grad(value, leaves)


def assert_equals_loops(key, theta, z, y, w, tolerance=0.0):
    """Compare value, number of terms and gradients with the loops, to 1e-9 relative to each row's size.

    tolerance: additional error allowed for a loss that clamps sqrt(1 - s^2) near 0; there any finite gradient is right.
    """
    bias = randn(len(w), seed=1) if key == "softmax" else None
    expected, n_terms, expected_gradients = loops_value_and_gradients(key, theta, z, y, w, bias)
    f = module_with(key, w, bias, **theta)
    value, gradients = value_and_gradients(f, z, y)
    assert f.n_terms == n_terms == len(y)
    assert abs(value - expected) <= 1e-9 * (1 + abs(expected)) + tolerance
    for gradient, expected_gradient, leaf in zip(
        gradients, expected_gradients, [z, w, torch.ones(len(w), 1)], strict=False
    ):
        assert torch.isfinite(gradient).all()
        error, size = ((x.abs().reshape(len(x), -1).amax(1)) for x in (gradient - expected_gradient, expected_gradient))
        # |x| psi(theta) and |W| psi(theta) have a corner at 0: any finite gradient is right
        corner = (leaf == 0).all(1) if key in MARGIN_ON_ANGLE else torch.tensor(False)
        assert ((error <= 1e-9 * (1 + size)) | corner | (tolerance > 0)).all()


@pytest.mark.parametrize("b", BATCHES, ids=lambda b: b.name)
@pytest.mark.parametrize("key", CLASS_LOSSES)
def test_loss_equals_loops_at_every_slider_corner(key, b):
    y, w = weights_for(b)
    for theta in CORNERS[key]:
        assert_equals_loops(key, theta, b.z, y, w)


@pytest.mark.parametrize("m", [1, 2, 3, 4])
@pytest.mark.parametrize("key", MARGIN_ON_ANGLE)
def test_loss_equals_loops_for_every_whole_margin(key, m):
    for seed, annealing in itertools.product(range(3), (0.0, 0.7)):
        y = torch.arange(12) % 4
        assert_equals_loops(
            key, {"margin": m, "annealing": annealing}, randn(12, 3, seed=seed), y, randn(4, 3, seed=seed + 9)
        )


# --- zero vectors, and embeddings in the direction of their class weight or opposite to it ----------------------------

W = torch.tensor([[3.0, 0.0, 4.0], [0.0, 2.0, 0.0], [-1.0, 1.0, 0.5]], dtype=torch.float64)
ALIGNED = Batch(
    "on the weights", W[[0, 1, 2, 0]] * torch.tensor([[1.0], [0.25], [2], [1e-3]]), torch.tensor([0, 1, 2, 0])
)
OPPOSITE = Batch("opposite to the weights", -ALIGNED.z, ALIGNED.y)
ZERO_EMBEDDING = Batch(
    "an embedding of zeros", ALIGNED.z * torch.tensor([[1.0], [0], [1], [0]]) + 0.0, ALIGNED.y.flip(0)
)


@pytest.mark.parametrize("b", [ALIGNED, OPPOSITE, ZERO_EMBEDDING], ids=lambda b: b.name)
@pytest.mark.parametrize("key", CLASS_LOSSES)
def test_loss_equals_loops_at_angles_0_and_pi_and_for_zero_vectors(key, b):
    for theta in CORNERS[key]:
        # the loss may take max(1 - s^2, 1e-7) under the square root
        tolerance = (
            theta["scale"] * 1e-7**0.5 * math.sin(theta["margin"]) if key == "arcface" and b is not OPPOSITE else 0.0
        )
        assert_equals_loops(key, theta, b.z, b.y, W, tolerance)


@pytest.mark.parametrize("key", CLASS_LOSSES)
def test_loss_equals_loops_with_a_zero_weight_of_an_absent_class(key):
    w = torch.cat([W, torch.zeros(1, 3, dtype=torch.float64)])
    for theta in CORNERS[key]:
        assert_equals_loops(key, theta, randn(6, 3), torch.arange(6) % 3, w)


@pytest.mark.slow  # every setting twice, against loops
@pytest.mark.parametrize("key", CLASS_LOSSES)
def test_float32_is_finite_and_accurate_at_every_slider_corner(key):
    # for any labels: also where the zero row is the weight of the own class
    zero_weight = W.clone()
    zero_weight[1] = 0
    special_batches = [
        (b.z, b.y, w) for b, w in itertools.product((ALIGNED, OPPOSITE, ZERO_EMBEDDING), (W, zero_weight))
    ]
    usual_batches = [(b.z, *weights_for(b)) for b in BATCHES]
    for (z, y, w), theta in itertools.product(special_batches + usual_batches, CORNERS[key]):
        value, gradients = value_and_gradients(module_with(key, w.float(), **theta), z.float(), y)
        assert value.dtype == torch.float32
        assert torch.isfinite(value)
        assert all(torch.isfinite(g).all() for g in gradients)
        exact = module_with(key, w, **theta)(z, y)
        # a cosine is accurate to about 1e-7; the scale multiplies that, and so does sqrt(1 - s^2) near s = 1
        rounding = theta.get("scale", 1.0) * (1e-4 if key == "arcface" else 1e-6)
        assert math.isclose(value, exact.detach(), rel_tol=1e-4, abs_tol=1e-4 + rounding)


@pytest.mark.parametrize(
    ("key", "theta", "largest"),
    [
        # opposite to the own weight and in the direction of the other: s_y = -1, s_c = 1 in the table of logits
        ("normface", {"scale": 64.0}, 64 * 2),
        ("am_softmax", {"margin": 0.5, "scale": 64.0}, 64 * 2.5),
        ("arcface", {"margin": 0.5, "scale": 64.0}, 64 * (2 + 0.5 * math.sin(0.5))),
        ("circle_class", {"margin": 0.5, "scale": 512.0}, 512 * (1.5 * 0.5 + 2.5 * 1.5)),
    ],
)
def test_float32_keeps_value_and_gradient_at_the_largest_scale(key, theta, largest):
    w = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    f = module_with(key, w, **theta)
    assert math.isclose(f(torch.tensor([[-2.0, 0.0]]), torch.tensor([0])).item(), largest, rel_tol=1e-5)
    value, gradients = value_and_gradients(f, torch.tensor([[-1.0, 0.5]]), torch.tensor([0]))
    assert value > 0
    assert all(torch.isfinite(g).all() and g.abs().max() > 1 for g in gradients)


def test_cosines_of_a_zero_embedding_are_zero():
    # s = 0 in the table of logits, 3 classes
    z, y = torch.zeros(1, 3, dtype=torch.float64), torch.tensor([1])
    for key in ("softmax", "normface", *MARGIN_ON_ANGLE):
        assert math.isclose(module_with(key, W)(z, y), math.log(3), rel_tol=1e-9)
    am, arc, circle = (
        module_with("am_softmax", W, margin=0.3, scale=4.0),
        module_with("arcface", W, margin=0.3, scale=4.0),
        module_with("circle_class", W, margin=0.3, scale=4.0),
    )
    assert math.isclose(am(z, y), math.log(1 + 2 * math.exp(4 * 0.3)))
    assert math.isclose(arc(z, y), math.log(1 + 2 * math.exp(4 * math.sin(0.3))))
    assert math.isclose(circle(z, y), math.log(1 + 2 * math.exp(4 * (-(0.3**2) + (1 - 0.3**2)))))


def test_arcface_on_its_own_weight_has_the_cosine_of_its_margin():
    # theta = 0; max(1 - s^2, 1e-7) under the square root would cost sqrt(1e-7) sin m of a cosine
    z, w = torch.tensor([[5.0, 0.0]], dtype=torch.float64), torch.eye(2, dtype=torch.float64)
    value = module_with("arcface", w, margin=0.5, scale=2.0)(z, torch.tensor([0]))
    assert math.isclose(value, math.log(1 + math.exp(-2 * math.cos(0.5))), abs_tol=2 * 1e-7**0.5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_arcface_gradient_is_bounded_near_its_own_weight(dtype):
    # cos(theta + m) changes by at most 1 a radian, and theta by 1 / |x|: |dL/dx| <= 2 s / |x|; a factor 2 for rounding
    w = torch.eye(3, dtype=dtype)[[0, 1, 2]]
    f = module_with("arcface", w, margin=1.0, scale=64.0)
    for exponent, end in itertools.product(range(1, 18), (1.0, -1.0)):
        angle = 0.7 * 10.0**-exponent
        x = torch.tensor([[end * math.cos(angle), 0.6 * math.sin(angle), 0.8 * math.sin(angle)]], dtype=dtype)
        _, (gradient, *_) = value_and_gradients(f, x, torch.tensor([0]))
        assert torch.isfinite(gradient).all()
        assert gradient.norm() <= 2 * 2 * 64


# --- properties of every loss with class weights ----------------------------------------------------------------------


@pytest.mark.parametrize("key", CLASS_LOSSES)
def test_loss_is_invariant_to_the_order_of_batch_and_classes(key):
    z, y, w = randn(9, 3), torch.arange(9) % 4, randn(5, 3, seed=1)
    rows, classes = torch.tensor([4, 0, 8, 2, 6, 1, 3, 7, 5]), torch.tensor([3, 0, 4, 1, 2])
    number_of = classes.argsort()  # the new number of each old class
    for theta in CORNERS[key]:
        value, gradients = value_and_gradients(module_with(key, w, **theta), z, y)
        reordered, reordered_gradients = value_and_gradients(
            module_with(key, w[classes], **theta), z[rows], number_of[y[rows]]
        )
        assert math.isclose(value, reordered, rel_tol=1e-9, abs_tol=1e-12)
        for gradient, order, other in zip(gradients, (rows, classes, classes), reordered_gradients, strict=False):
            assert (gradient[order] - other).abs().max() <= 1e-9 * (1 + gradient.abs().max())


@pytest.mark.parametrize("key", CLASS_LOSSES)
def test_loss_is_the_mean_of_single_sample_losses(key):
    z, y, w = randn(5, 3), torch.tensor([0, 2, 1, 1, 0]), randn(3, 3, seed=1)
    f = module_with(key, w)
    single_values = []
    for i in range(5):
        single_values.append(f(z[i : i + 1], y[i : i + 1]).item())
        assert f.n_terms == 1
    assert math.isclose(f(z, y), sum(single_values) / 5, rel_tol=1e-9)
    assert f.n_terms == 5


@pytest.mark.parametrize("key", CLASS_LOSSES)
def test_single_class_has_zero_loss_and_counts_every_row(key):
    # each row is log 1
    f = module_with(key, randn(1, 3))
    value, gradients = value_and_gradients(f, randn(5, 3, seed=1), torch.zeros(5, dtype=torch.int64))
    assert value == 0
    assert f.n_terms == 5
    assert all((gradient == 0).all() for gradient in gradients)


@pytest.mark.parametrize("key", [key for key in CLASS_LOSSES if key != "circle_class"])
def test_gradients_equal_central_differences(key):
    y, w = torch.tensor([0, 1, 2, 3, 1]), randn(4, 3, seed=1)
    for theta in CORNERS[key]:
        f = module_with(key, w, **theta)
        others = dict(f.named_parameters())
        del others["weight"]

        def value(z, w, f=f, others=others):
            return torch.func.functional_call(f, {"weight": w, **others}, (z, y))

        inputs = (randn(5, 3, seed=2).requires_grad_(), w.clone().requires_grad_())
        assert torch.autograd.gradcheck(value, inputs, eps=1e-7, atol=1e-5, rtol=1e-4)


def test_circle_class_is_cross_entropy_over_self_paced_logits():
    z, y, w, m, scale = randn(8, 4), torch.arange(8) % 3, randn(3, 4, seed=1), 0.25, 6.0
    leaves = [z.clone().requires_grad_(), w.clone().requires_grad_()]
    s = unit(leaves[0]) @ unit(leaves[1]).T
    own = torch.eye(3, dtype=torch.bool)[y]
    alpha = torch.where(own, 1 + m - s, (s + m).clamp(min=0)).detach()
    expected = cross_entropy(scale * alpha * (s - torch.where(own, 1 - m, m)), y)
    value, gradients = value_and_gradients(module_with("circle_class", w, margin=m, scale=scale), z, y)
    assert math.isclose(value, expected, rel_tol=1e-12)
    for gradient, expected_gradient in zip(gradients, torch.autograd.grad(expected, leaves), strict=True):
        assert torch.allclose(gradient, expected_gradient, rtol=1e-9, atol=1e-12)


# --- relations to each other and to pytorch-metric-learning -----------------------------------------------------------


def assert_same(f, g, z, y, tolerance=1e-9):
    """Compare value and gradients in z and in the weights; the other's weight matrix may be transposed."""
    value, gradients = value_and_gradients(f, z, y)
    expected, expected_gradients = value_and_gradients(g, z, y)
    assert math.isclose(value, expected, rel_tol=tolerance)
    for gradient, expected_gradient in zip(gradients[:2], expected_gradients[:2], strict=True):
        expected_gradient = expected_gradient if expected_gradient.shape == gradient.shape else expected_gradient.T
        assert (gradient - expected_gradient).abs().max() <= tolerance * (1 + expected_gradient.abs().max())


@pytest.mark.parametrize(
    ("key", "theta", "make_library_loss"),
    [
        *(("l_softmax", {"margin": m}, lambda c, d, m=m: pml.LargeMarginSoftmaxLoss(c, d, m)) for m in (1, 2, 3, 4)),
        *(("sphereface", {"margin": m}, lambda c, d, m=m: pml.SphereFaceLoss(c, d, m)) for m in (1, 2, 3, 4)),
        ("am_softmax", {}, lambda c, d: pml.CosFaceLoss(c, d, margin=0.35, scale=30)),
        # its margin is in degrees
        ("arcface", {}, lambda c, d: pml.ArcFaceLoss(c, d, margin=math.degrees(0.5), scale=64)),
        ("arcface", {"margin": 1.0}, lambda c, d: pml.ArcFaceLoss(c, d, margin=math.degrees(1.0), scale=64)),
        ("normface", {}, lambda c, d: pml.NormalizedSoftmaxLoss(c, d, temperature=1 / 20)),
    ],
)
def test_values_and_gradients_agree_with_pytorch_metric_learning(key, theta, make_library_loss):
    z, y, w = randn(30, 3), torch.arange(30) % 5, randn(5, 3, seed=1)
    other = make_library_loss(5, 3).double()
    other.W.data = w.T.clone()
    assert_same(module_with(key, w, **theta), other, z, y, 1e-7 if key == "arcface" else 1e-9)  # the library uses acos


def test_large_annealing_leaves_plain_softmax():
    # lambda -> infinity: psi_lambda -> cos
    z, y, w = randn(8, 3), torch.arange(8) % 3, randn(3, 3, seed=1)
    plain, on_unit_weights = module_with("softmax", w), module_with("softmax", unit(w))
    for m in (2, 3, 4):
        assert_same(module_with("l_softmax", w, margin=m, annealing=1e12), plain, z, y)
        value = module_with("sphereface", w, margin=m, annealing=1e12)(z, y)
        assert math.isclose(value, on_unit_weights(z, y), rel_tol=1e-9)


def test_multiplicative_margin_of_one_is_plain_softmax():
    z, y, w = randn(8, 3), torch.arange(8) % 3, randn(3, 3, seed=1)
    for annealing in (0.0, 5.0):
        assert_same(module_with("l_softmax", w, margin=1, annealing=annealing), module_with("softmax", w), z, y)
        value = module_with("sphereface", w, margin=1, annealing=annealing)(z, y)
        assert math.isclose(value, module_with("softmax", unit(w))(z, y), rel_tol=1e-9)


@pytest.mark.parametrize("key", ["am_softmax", "arcface"])
def test_zero_margin_is_normface(key):
    z, y, w = randn(8, 3), torch.arange(8) % 3, randn(3, 3, seed=1)
    plain = module_with("normface", w, scale=12.0)
    assert_same(module_with(key, w, margin=0.0, scale=12.0), plain, z, y)
    assert_same(module_with(key, w, margin=1e-9, scale=12.0), plain, z, y, 1e-6)


def test_am_softmax_margin_shifts_the_own_cosine():
    z, y, w = randn(8, 3), torch.arange(8) % 3, randn(3, 3, seed=1)
    s = unit(z) @ unit(w).T - 0.2 * torch.eye(3, dtype=torch.float64)[y]
    assert math.isclose(
        module_with("am_softmax", w, margin=0.2, scale=9.0)(z, y), cross_entropy(9 * s, y), rel_tol=1e-12
    )


def test_loss_at_a_large_scale_is_a_hinge_on_the_hardest_class():
    # L / s -> [max_c s_c - s_y + m]_+
    z, y, w = randn(20, 3), torch.arange(20) % 4, randn(4, 3, seed=1)
    s = unit(z) @ unit(w).T
    own = torch.eye(4, dtype=torch.bool)[y]
    gap = s.masked_fill(own, -2).amax(1) - s[own]
    for key, m in (("normface", 0.0), ("am_softmax", 0.3)):
        value = module_with(key, w, scale=1e6, **({"margin": m} if m else {}))(z, y)
        assert math.isclose(value / 1e6, (gap + m).clamp(min=0).mean(), rel_tol=1e-4)


# --- the own class's logit as a function of its angle -----------------------------------------------------------------


def own_logit(f, theta):
    """Return the own class's logit at angle theta, from the loss: the other logit is 0, so L = log(1 + e^-logit)."""
    x = torch.tensor([[math.cos(theta), math.sin(theta), 0.0]], dtype=torch.float64)
    return -math.log(math.expm1(f(x, torch.tensor([0]))))


TWO_CLASSES = torch.tensor([[1.0, 0, 0], [0, 0, 1]], dtype=torch.float64)
ANGLES = [math.pi * i / 240 for i in range(241)]  # multiples of pi / m for all m to 4


@pytest.mark.parametrize("m", [1, 2, 3, 4])
@pytest.mark.parametrize("key", MARGIN_ON_ANGLE)
def test_psi_decreases_continuously_from_1_to_1_minus_2m(key, m):
    f = module_with(key, TWO_CLASSES, margin=m)
    psi = [own_logit(f, theta) for theta in ANGLES]
    assert math.isclose(psi[0], 1, rel_tol=1e-9)
    assert math.isclose(psi[-1], 1 - 2 * m, rel_tol=1e-9)
    # |d psi / d theta| = |m sin(m theta)| <= m
    assert all(-1e-9 <= before - after <= m * math.pi / 240 + 1e-9 for before, after in itertools.pairwise(psi))
    for theta, value in zip(ANGLES, psi, strict=True):
        assert value <= math.cos(theta) + 1e-9
        k = min(int(theta * m / math.pi + 1e-9), m - 1)
        assert math.isclose(value, (-1) ** k * math.cos(m * theta) - 2 * k, abs_tol=1e-9)


def test_reference_cos_of_multiple_equals_the_cosine():
    for m, theta in itertools.product((1, 2, 3, 4), ANGLES):
        assert math.isclose(reference.cos_of_multiple(math.cos(theta), m), math.cos(m * theta), abs_tol=1e-12)


@pytest.mark.parametrize("m", [2, 3, 4])
@pytest.mark.parametrize("key", MARGIN_ON_ANGLE)
def test_own_class_gradient_vanishes_where_pieces_of_psi_meet(key, m):
    for k in range(1, m):
        theta = k * math.pi / m
        x = torch.tensor([[math.cos(theta), math.sin(theta), 0.0]], dtype=torch.float64)
        along = torch.tensor([-math.sin(theta), math.cos(theta), 0.0], dtype=torch.float64)
        for annealing in (0.0, 5.0):
            _, (gradient, *_) = value_and_gradients(
                module_with(key, TWO_CLASSES, margin=m, annealing=annealing), x, torch.tensor([0])
            )
            assert (abs(gradient[0] @ along) < 1e-9) == (annealing == 0)


@pytest.mark.parametrize("m", [1, 2, 3, 4])
@pytest.mark.parametrize("key", MARGIN_ON_ANGLE)
def test_slope_of_psi_is_m_squared_at_angles_0_and_pi(key, m):
    # against another class at s = 0: dL/ds = -(1 - q) m^2, with psi(0) = 1 and psi(pi) = 1 - 2m
    s = torch.tensor([1.0, -1.0], dtype=torch.float64, requires_grad=True)
    total = LOSSES[key](Contrast.of_pairs(s, torch.zeros_like(s)), margin=m).total
    slopes = torch.autograd.grad(total.sum(), s)[0]
    for slope, psi in zip(slopes, (1, 1 - 2 * m), strict=True):
        assert math.isclose(slope, -(m**2) / (1 + math.exp(psi)), rel_tol=1e-9)


@pytest.mark.parametrize("m", [0.3, 0.5, 1.0])
def test_arcface_adds_its_margin_to_the_angle_and_stays_monotone_beyond_pi(m):
    f = module_with("arcface", TWO_CLASSES, margin=m, scale=1.0)
    logits = [own_logit(f, theta) for theta in ANGLES[1:-1]]  # at angles 0 and pi sqrt(1 - s^2) is clamped
    assert all(before > after for before, after in itertools.pairwise(logits))
    for theta, logit in zip(ANGLES[1:-1], logits, strict=True):
        if abs(theta - (math.pi - m)) > 1e-9:
            expected = math.cos(theta + m) if theta < math.pi - m else math.cos(theta) - m * math.sin(m)
            assert math.isclose(logit, expected, abs_tol=1e-9)
    # where the branches meet the cosine drops from -1 to -cos m - m sin m; for m = 0.5 that is -1.117
    assert math.isclose(own_logit(f, math.pi - m - 1e-7), -1, abs_tol=1e-6)
    assert math.isclose(own_logit(f, math.pi - m + 1e-7), -math.cos(m) - m * math.sin(m), abs_tol=1e-6)


# --- annealing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", MARGIN_ON_ANGLE)
def test_annealing_schedules_equal_both_published_ones(key):
    # max(least, 1000 (1 + g t)^-p), in round numbers as printed: 421 and 16; 8.3, and 5 from t = 1659
    slow, fast = LOSSES[key].schedules["l_softmax"], LOSSES[key].schedules["sphereface"]
    assert [round(slow.at(t)) for t in (1000, 5000)] == [421, 16]
    assert round(fast.at(1000), 1) == 8.3
    assert fast.at(1658) > 5
    assert fast.at(1659) == fast.at(10**6) == 5
    for t in (1, 2, 100, 1000, 20000):
        assert math.isclose(slow.at(t), 1000 * (1 + 2.5e-5 * t) ** -35)
        assert math.isclose(fast.at(t), max(5, 1000 / (1 + 0.12 * t)))
        assert module_with(key, W, annealing=slow.at(t))(ALIGNED.z, ALIGNED.y) > 0


def test_only_losses_with_annealing_have_a_schedule():
    for key, loss in LOSSES.items():
        assert bool(loss.schedules) == ("annealing" in loss.parameters), key


# --- invalid arguments, and the state of a module ---------------------------------------------------------------------


@pytest.mark.parametrize("key", CLASS_LOSSES)
def test_module_rejects_invalid_batches_and_labels(key):
    f = module(key, num_classes=3, embedding_dim=4)
    z, y = torch.randn(5, 4, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 2, 0, 1])
    assert torch.isfinite(f(z, y))
    for bad_label in (3, -1):
        with pytest.raises(ValueError, match="labels"):
            f(z, torch.tensor([0, 1, 2, bad_label, 0]))
    for bad_z, bad_y in ((z * math.nan, y), (z, y[:-1]), (z[:, :-1], y), (z[None], y), (z, y.double()), (z, None)):
        with pytest.raises(ValueError, match=r"embeddings|labels"):
            f(bad_z, bad_y)


@pytest.mark.parametrize(
    ("key", "arguments", "message"),
    [
        *((key, {}, "num_classes") for key in CLASS_LOSSES),
        *((key, {"num_classes": 3}, "embedding_dim") for key in CLASS_LOSSES),
        *((key, {"num_classes": 3, "embedding_dim": 0}, "embedding_dim") for key in CLASS_LOSSES),
        *((key, {"num_classes": 0, "embedding_dim": 3}, "num_classes") for key in CLASS_LOSSES),
        *((key, {"num_classes": 3}, "num_classes") for key, loss in LOSSES.items() if not loss.classes),
        *((key, {"embedding_dim": 3}, "embedding_dim") for key, loss in LOSSES.items() if not loss.classes),
        ("l_softmax", {"num_classes": 3, "embedding_dim": 3, "margin": 2.5}, "whole number"),
        ("l_softmax", {"num_classes": 3, "embedding_dim": 3, "margin": 0}, "margin"),
        ("sphereface", {"num_classes": 3, "embedding_dim": 3, "margin": 5}, "margin"),
        ("sphereface", {"num_classes": 3, "embedding_dim": 3, "annealing": -1}, "annealing"),
        ("normface", {"num_classes": 3, "embedding_dim": 3, "scale": 0}, "greater than 0"),
        ("circle_class", {"num_classes": 3, "embedding_dim": 3, "scale": -1}, "greater than 0"),
        ("softmax", {"num_classes": 3, "embedding_dim": 3, "scale": 1.0}, "no parameter 'scale'"),
    ],
)
def test_module_rejects_invalid_arguments(key, arguments, message):
    with pytest.raises(ValueError, match=message):
        module(key, **arguments)


@pytest.mark.parametrize("key", CLASS_LOSSES)
def test_module_has_one_weight_vector_per_class(key):
    f = module(key, num_classes=7, embedding_dim=4)
    assert isinstance(f.weight, torch.nn.Parameter)
    assert f.weight.shape == (7, 4)
    assert (f.weight.norm(dim=1) > 0).all()
    names = ["weight", "bias"] if key == "softmax" else ["weight"]
    assert [name for name, _ in f.named_parameters()] == names
    if key == "softmax":
        assert f.bias.shape == (7,)
        assert (f.bias == 0).all()


@pytest.mark.parametrize("key", CLASS_LOSSES)
def test_module_can_be_copied_pickled_and_restored(key):
    z, y = randn(6, 4).float(), torch.arange(6) % 3
    f = module(key, num_classes=3, embedding_dim=4)
    restored = module(key, num_classes=3, embedding_dim=4)
    restored.load_state_dict(f.state_dict())
    for other in (copy.deepcopy(f), pickle.loads(pickle.dumps(f)), restored):
        assert other(z, y).item() == f(z, y).item()


@pytest.mark.parametrize("key", CLASS_LOSSES)
def test_training_only_the_weights_separates_three_clusters(key):
    z = unit(torch.eye(3, dtype=torch.float64).repeat(5, 1) + 0.1 * randn(15, 3))
    y = torch.arange(15) % 3
    f = module_with(key, randn(3, 3, seed=5))
    optimiser = torch.optim.Adam(f.parameters(), lr=0.1)
    for _ in range(60):
        optimiser.zero_grad()
        f(z, y).backward()
        optimiser.step()
    # at inference no margin is applied: the class is that of the largest plain logit
    assert ((unit(z) @ unit(f.weight).T).argmax(1) == y).all()


def test_catalogue_and_reference_list_the_same_losses():
    assert set(reference.CLASS_LOSSES) == set(CLASS_LOSSES)
