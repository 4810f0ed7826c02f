"""Sentences about the softmax losses with class weights."""

import math

import pytest
import torch
from pytorch_metric_learning import losses as pml

from cl_core.losses import LOSSES, _angular, floor_value, psi_of_angle
from cl_core.losses.contrast import Contrast
from cl_core.losses.distances import unit
from tests.unit.losses.statements.backing import (
    Y,
    Z,
    backs,
    batch_mean,
    class_weights,
    every,
    gradient,
    grid,
    same,
    slopes,
    value,
    values,
)

WEIGHT = class_weights()
MULTIPLIED = ("l_softmax", "sphereface")
COS = torch.linspace(-0.999, 0.999, 401, dtype=torch.float64)


def cross_entropy(z, weight=WEIGHT):
    return torch.nn.functional.cross_entropy(z @ weight.T, Y)


# --- softmax and NormFace ---------------------------------------------------------------------------------------------


@backs("L-softmax at m = 1 is softmax without the bias.",
       r"Softmax without the bias at m = 1, and at any m for $\lambda\to\infty$.")  # fmt: skip
def test_l_softmax_becomes_softmax_without_bias():
    z = 2 * Z
    assert same(lambda z: batch_mean("softmax", z, Y, WEIGHT), cross_entropy, z)
    assert same(lambda z: batch_mean("l_softmax", z, Y, WEIGHT, margin=1), cross_entropy, z)
    for margin in (2, 3, 4):
        errors = [
            (batch_mean("l_softmax", z, Y, WEIGHT, margin=margin, annealing=a) - cross_entropy(z)).abs().item()
            for a in (0.0, 10.0, 1e3, 1e6)
        ]
        assert errors == sorted(errors, reverse=True)
        assert errors[-1] < 1e-4


@backs(
    "One positive and N negatives: InfoNCE is this cross-entropy, with the batch in place of class weights.",
    "Cross-entropy of a linear layer: the logit of the correct class should be the largest.",
)
def test_softmax_is_cross_entropy_and_info_nce_is_the_same_over_a_batch():
    logits = Z @ WEIGHT.T
    found = LOSSES["softmax"](LOSSES["softmax"].contrast(Z, Y, {}, WEIGHT)).total
    assert torch.allclose(found, torch.nn.functional.cross_entropy(logits, Y, reduction="none"))
    assert torch.equal((logits.argmax(1) == Y)[found < math.log(2)], torch.ones_like(found[found < math.log(2)]) > 0)
    c = Contrast.of_batch(Z[:6], torch.tensor([0, 0, 1, 2, 3, 4]), "similarity")
    as_weights = torch.nn.functional.cross_entropy((Z[:1] @ Z[1:6].T) / 0.1, torch.tensor([0]))
    assert math.isclose(LOSSES["info_nce"](c, temperature=0.1).total[0], as_weights, rel_tol=1e-9)


@backs(
    "It does not treat easy and hard examples equally: the gradient scales with $1-q_y$ and $q_c$. But pull "
    r"and push have equal sums: $|\partial L/\partial s_p|=\sum|\partial L/\partial s_n|$."
)
def test_softmax_gradient_scales_with_what_is_missing():
    generator = torch.Generator().manual_seed(4)
    logits = 3 * torch.randn(50, 6, generator=generator, dtype=torch.float64)
    pull, push = slopes("softmax", logits[:, 0], logits[:, 1:])
    q = logits.softmax(1)
    assert torch.allclose(-pull, 1 - q[:, 0])
    assert torch.allclose(push, q[:, 1:])
    assert torch.allclose(-pull, push.sum(1))
    hard, easy = slopes("softmax", values(-3.0, 5.0), values(0.0, 0.0))[0].abs()
    assert hard > 100 * easy


@backs("AM-softmax and ArcFace at m = 0.", "NormFace at m = 0.")
@pytest.mark.parametrize("scale", [1.0, 20.0, 64.0])
def test_losses_with_a_margin_of_0_are_normface(scale):
    for key in ("am_softmax", "arcface"):
        assert same(
            lambda z, k=key: batch_mean(k, z, Y, WEIGHT, margin=0.0, scale=scale),
            lambda z: batch_mean("normface", z, Y, WEIGHT, scale=scale),
        )


@backs(
    "Softmax with weights and embeddings of length 1, times a scale.",
    "Softmax over the angles alone: class weights and embeddings have length 1, and a scale replaces their lengths.",
)
@pytest.mark.parametrize("scale", [1.0, 20.0, 64.0])
def test_normface_is_softmax_of_unit_vectors_times_a_scale(scale):
    for length in (0.3, 4.0):
        assert same(
            lambda z, r=length: batch_mean("normface", r * z, Y, WEIGHT / r, scale=scale),
            lambda z: batch_mean("softmax", scale * unit(z), Y, unit(WEIGHT)),
        )


@backs(
    "With unit-length features and no scale the loss stays high: with 10 equally frequent classes and $s=1$ "
    "it cannot fall below 1.377.",
    "1 / temperature; if too small, the loss stays high",
)
@pytest.mark.parametrize("dim", [2, 9, 12])
def test_normface_without_a_scale_never_falls_below_1377(dim):
    floor = math.log(1 + 9 * math.exp(-10 / 9))
    assert round(floor, 3) == 1.377
    assert math.isclose(floor_value("normface", {"scale": 1.0}, torch.arange(10)), floor, rel_tol=1e-9)
    generator = torch.Generator().manual_seed(dim)
    z, weight = (torch.randn(10, dim, generator=generator, dtype=torch.float64).requires_grad_() for _ in range(2))
    y = torch.arange(10)
    for _ in range(100):
        loss = batch_mean("normface", z, y, weight, scale=1.0)
        assert loss >= floor - 1e-12  # it comes as near as rounding allows
        slopes_of_both = torch.autograd.grad(loss, [z, weight])
        with torch.no_grad():
            z, weight = (
                unit(x - 10 * slope).requires_grad_() for x, slope in zip((z, weight), slopes_of_both, strict=True)
            )
    assert (loss < floor + 0.02) == (dim >= 9)  # nine dimensions hold a simplex of ten
    # classes that are not equally frequent can do better, up to a batch of one class alone
    opposite = torch.tensor([[-1.0], *[[1.0]] * 9])
    alone = batch_mean("normface", opposite[:1], torch.tensor([0]), opposite, scale=1.0)
    assert math.isclose(alone, math.log(1 + 9 * math.exp(-2)), rel_tol=1e-6)
    assert alone < floor - 0.5
    # nothing can be fitted: the own class gets a quarter; with a scale of 20 everything can
    for key in ("normface", "am_softmax", "arcface"):
        margin = {} if key == "normface" else {"margin": 0.0}
        assert math.exp(-floor_value(key, {"scale": 1.0, **margin}, y)) < 0.26
        assert math.exp(-floor_value(key, {"scale": 20.0, **margin}, y)) > 0.999


# --- L-softmax and SphereFace -----------------------------------------------------------------------------------------


@backs(
    r"$\psi(\theta)$ is equal to $\cos m\theta$ only for $\theta\le\pi/m$. For larger angles $\cos m\theta$ "
    "rises again, and would reward the worst examples.",
)
@pytest.mark.parametrize("margin", [1, 2, 3, 4])
def test_cosine_of_m_theta_is_psi_up_to_pi_over_m_only(margin):
    angle = torch.linspace(0, math.pi, 1001, dtype=torch.float64)
    psi, cosine = _angular.psi(angle.cos(), margin, 0.0), (margin * angle).cos()
    holds = angle <= math.pi / margin
    assert torch.allclose(psi[holds], cosine[holds], atol=1e-9)
    assert (psi.diff() <= 1e-9).all()
    if margin > 1:
        beyond = ~holds
        assert (cosine[beyond] > psi[beyond]).all()
        assert (cosine[beyond].diff() > 0).any()  # it rises again
        worst = 2 * math.pi / margin  # here it is 1 again, as for a perfect example
        assert math.isclose(math.cos(margin * worst), 1, rel_tol=1e-9)
        for key in MULTIPLIED:
            near, far = (value(key, values(math.cos(a)), values(0.0), margin=margin) for a in (0.0, worst))
            assert far > near + 1  # while the loss, which uses psi, is worse there


@backs(
    r"The limit of class 1 moves from $\Theta/2$ to $\Theta/(m+1)$, not from $\theta_1$ to $\theta_1/m$, and only for "
    r"class weights of equal length and $\lambda=0$. At $\Theta=60°$, $m=4$ it is 12°; with $\lambda=5$ it is 21.7°.",
    "The angle to the correct class is multiplied by m, so an embedding must be m times nearer to it.",
    "factor on the angle to the correct class",
)
@pytest.mark.parametrize("key", MULTIPLIED)
@pytest.mark.parametrize("degrees", [20, 60, 90, 150])
def test_limit_of_multiplied_angle_is_theta_over_m_plus_1(key, degrees):
    def limit(margin, annealing, ratio=1.0):
        own = torch.linspace(0, math.radians(degrees), 20001, dtype=torch.float64)
        own_logit = psi_of_angle(own, margin, annealing)
        return math.degrees(own[own_logit < ratio * (math.radians(degrees) - own).cos()][0].item())

    for margin in (1, 2, 3, 4):
        expected = degrees / (margin + 1)
        assert math.isclose(limit(margin, 0.0), expected, abs_tol=0.01)
        own, other = math.radians(expected), math.radians(degrees - expected)
        assert math.isclose(margin * own, other, rel_tol=1e-9)  # m times nearer
        at_limit = value(key, values(math.cos(own)), values(math.cos(other)), margin=margin)
        assert math.isclose(at_limit, math.log(2), rel_tol=1e-9)
    assert limit(4, 5.0) > limit(4, 0.0) + 1  # the blend moves it
    if degrees == 60:
        assert (round(limit(4, 0.0), 1), round(limit(4, 5.0), 1)) == (12.0, 21.7)
    # and so do lengths of the class weights: L-softmax keeps them
    angle = torch.tensor([0.0, degrees, degrees / 3], dtype=torch.float64).deg2rad()
    first, second, x = torch.stack([angle.cos(), angle.sin()], 1)
    loss = batch_mean(key, x[None], torch.tensor([0]), torch.stack([1.5 * first, second]), margin=2)
    assert math.isclose(loss, math.log(2), rel_tol=1e-9) == (key == "sphereface")


@backs(
    "No margin is applied at test time: the prediction is the class with the largest plain logit. The "
    "separate boundary of each class exists only in training.",
    "No margin is applied at test time.",
)
def test_margin_at_test_time_would_change_no_prediction():
    # the label, to which a margin applies, is unknown then; applied to every class as if it were the label, a margin
    # keeps the order of the logits, so that the plain ones decide
    s = Z @ unit(WEIGHT).T
    plain = s.argmax(1)
    sphere = _angular.psi(s, 2, 0.0)
    arc = torch.where(s < -math.cos(0.5), s - 0.5 * math.sin(0.5), (s.acos() + 0.5).cos())
    for lowered in (s - 0.35, sphere, arc):
        assert torch.equal(lowered.argmax(1), plain)
    # in training it decides: some that are predicted rightly are on the wrong side of their boundary
    best_other = s.scatter(1, Y[:, None], -2.0).amax(1)
    own = s.gather(1, Y[:, None])[:, 0]
    for key in ("am_softmax", "arcface", *MULTIPLIED):
        loss = LOSSES[key]
        wrong_side = loss.boundary(own, best_other, **loss.defaults) > 0
        assert (wrong_side & (plain == Y)).any()
        assert not (~wrong_side & (plain != Y)).any()


@backs(
    r"$\psi'=0$ at $\theta=k\pi/m$ for $0<k<m$: the gradient vanishes there, which is one reason why training "
    r"needs the $\lambda$ blend.",
)
@pytest.mark.parametrize("margin", [1, 2, 3, 4])
def test_pull_of_multiplied_angle_vanishes_between_its_branches(margin):
    def slope(angle, annealing):
        s = torch.tensor([math.cos(angle)], dtype=torch.float64, requires_grad=True)
        return torch.autograd.grad(_angular.psi(s, margin, annealing).sum(), s)[0].item()

    for k in range(margin + 1):
        for side in (-1e-6, 1e-6):
            angle = k * math.pi / margin + side
            if not 0 < angle < math.pi:
                continue
            inner = 0 < k < margin
            assert abs(slope(angle, 0.0)) < 1e-4 if inner else abs(slope(angle, 0.0) - margin**2) < 1e-3
            assert slope(angle, 5.0) > 0.8  # 5 / 6 at least
    for key in MULTIPLIED if margin > 1 else ():
        pull, _ = slopes(key, values(math.cos(math.pi / margin)), values(0.9), margin=margin)
        assert abs(pull.item()) < 1e-6


@backs(
    "L-softmax with class weights scaled to length 1.",
    "L-softmax with class weights of length 1, so that only angles and the length of the embedding count.",
)
@pytest.mark.parametrize("theta", every(margin=(1, 2, 4), annealing=(0.0, 5.0)))
def test_sphereface_is_l_softmax_with_unit_weights(theta):
    z = 2 * Z
    assert same(
        lambda z: batch_mean("sphereface", z, Y, WEIGHT, **theta),
        lambda z: batch_mean("l_softmax", z, Y, unit(WEIGHT), **theta),
        z,
    )
    found = batch_mean("sphereface", z, Y, WEIGHT, **theta)
    assert math.isclose(found, batch_mean("sphereface", z, Y, 7 * WEIGHT, **theta), rel_tol=1e-9)
    assert not math.isclose(found, batch_mean("sphereface", 2 * z, Y, WEIGHT, **theta), rel_tol=1e-3)


@backs("weight of plain softmax in the blend")
@pytest.mark.parametrize("margin", [2, 3, 4])
def test_annealing_blends_cosine_and_psi(margin):
    psi = _angular.psi(COS, margin, 0.0)
    for annealing in (0.5, 5.0, 100.0):
        blend = (annealing * COS + psi) / (1 + annealing)
        for key in MULTIPLIED:
            found = value(key, COS, torch.zeros_like(COS), margin=margin, annealing=annealing)
            assert torch.allclose(found, torch.nn.functional.softplus(-blend), rtol=1e-9)


# --- AM-softmax and ArcFace -------------------------------------------------------------------------------------------


@backs(
    "The popular picture in two dimensions is impossible with m = 0.35: ten classes on a circle allow at most 0.191."
)
def test_ten_classes_on_a_circle_allow_a_margin_of_0191():
    angle = torch.arange(10, dtype=torch.float64) * 2 * math.pi / 10
    weight = torch.stack([angle.cos(), angle.sin()], 1)

    def smallest_lead(weight, points=3600):
        """Return the smallest over the classes of the largest lead that any direction has for the class."""
        direction = torch.arange(points, dtype=torch.float64) * 2 * math.pi / points
        s = torch.stack([direction.cos(), direction.sin()], 1) @ weight.T
        leads = [s[:, c] - s[:, torch.arange(len(weight)) != c].amax(1) for c in range(len(weight))]
        return min(lead.amax().item() for lead in leads)

    assert round(smallest_lead(weight), 3) == 0.191 < 0.35
    generator = torch.Generator().manual_seed(5)
    for spread in (0.01, 0.1, 1.0):  # no other arrangement allows more
        moved = angle + spread * torch.randn(10, generator=generator, dtype=torch.float64)
        assert smallest_lead(torch.stack([moved.cos(), moved.sin()], 1)) < 0.191


@backs(
    "The cosine of the correct class is lowered by a margin before it competes with the others.",
    "by how much the correct class's cosine must be larger",
)
@pytest.mark.parametrize("margin", [0.0, 0.2, 0.35, 0.5])
def test_am_softmax_lowers_the_own_cosine_by_its_margin(margin):
    x_n, x_p = grid()
    found = value("am_softmax", x_p, x_n, margin=margin, scale=30.0)
    assert torch.allclose(found, torch.nn.functional.softplus(30 * (x_n - (x_p - margin))), rtol=1e-9)
    decided = (x_p - x_n - margin).abs() > 1e-9
    assert torch.equal((found < math.log(2))[decided], (x_p - x_n > margin)[decided])


@backs(
    "The angle to the correct class is widened by a margin before it competes with the others.",
    "in radians: by how much the angle to the correct class must be smaller",
    r"The margin is in radians. For angles above $\theta=\pi-m$ the cosine is lowered by $m\sin m$ instead.",
)
@pytest.mark.parametrize("margin", [0.0, 0.2, 0.5, 1.0])
def test_arcface_widens_the_own_angle_by_its_margin(margin):
    own = torch.linspace(0.01, math.pi - margin - 0.01, 60, dtype=torch.float64)
    for other in (0.3, 1.5, 2.9):
        found = value("arcface", own.cos(), torch.full_like(own, math.cos(other)), margin=margin)
        expected = 64 * (math.cos(other) - (own + margin).cos())
        assert torch.allclose(found, torch.nn.functional.softplus(expected), rtol=1e-7, atol=1e-9)
        assert torch.equal(found < math.log(2), own + margin < other)
    beyond = math.pi - margin / 2
    found = value("arcface", values(math.cos(beyond)), values(0.0), margin=margin, scale=1.0)
    expected = math.log1p(math.exp(-(math.cos(beyond) - margin * math.sin(margin))))
    assert margin == 0 or math.isclose(found, expected, rel_tol=1e-9)


@backs(
    "The margin is in radians here: 0.5 = 28.65 degrees. pytorch-metric-learning takes degrees, and its "
    "default of 28.6 is 0.4992 radians.",
    "pytorch-metric-learning takes degrees, and its default of 28.6 is 0.4992 radians. A value of 0.5 there "
    "means almost no margin.",
)
def test_margin_of_arcface_is_in_radians_and_that_of_pytorch_metric_learning_in_degrees():
    assert round(math.degrees(0.5), 2) == 28.65
    assert round(math.radians(28.6), 4) == 0.4992
    weight = WEIGHT.T.clone()

    def library(**margin):
        loss = pml.ArcFaceLoss(5, 6, **margin).double()
        loss.W.data.copy_(weight)
        return loss(Z, Y).item()

    ours = {m: batch_mean("arcface", Z, Y, WEIGHT, margin=m).item() for m in (0.0, 0.5, math.radians(28.6))}
    assert math.isclose(library(), ours[math.radians(28.6)], rel_tol=1e-6)
    assert math.isclose(library(margin=math.degrees(0.5)), ours[0.5], rel_tol=1e-6)
    mistaken = library(margin=0.5)
    assert (mistaken - ours[0.0]) < 0.03 * (ours[0.5] - ours[0.0])


@backs(
    r"For angles above $\theta=\pi-m$ the formula takes $\cos\theta-m\sin m$ instead. The function jumps "
    "there: at m = 0.5 the value for the correct class drops from -1 to -1.117."
)
@pytest.mark.parametrize("margin", [0.1, 0.5, 1.0])
def test_branches_of_arcface_do_not_meet(margin):
    def own_logit(angle):  # log(e^f + e^0) - f = loss
        loss = value("arcface", values(math.cos(angle)), values(0.0), margin=margin, scale=1.0).item()
        return -math.log(math.expm1(loss))

    before, after = (own_logit(math.pi - margin + side) for side in (-1e-7, 1e-7))
    assert math.isclose(before, -1, abs_tol=1e-6)
    assert math.isclose(after, -math.cos(margin) - margin * math.sin(margin), abs_tol=1e-6)
    assert after < before - 1e-3
    if margin == 0.5:
        assert round(after, 3) == -1.117
    assert (
        gradient(lambda s: LOSSES["arcface"](Contrast.of_pairs(s, 0 * s), margin=margin).total.sum(), values(-0.999))
        < 0
    )
