"""The general circle: its boundary, the losses that it contains, and its two gradients."""

import itertools
import math

import pytest
import torch

from cl_core.losses import LOSSES, module
from cl_core.losses.circle_general import boundary, circle_of, curve, landmarks
from cl_core.losses.contrast import Contrast
from tests.batches import BATCHES

LOSS = LOSSES["circle_general"]
T = torch.linspace(0, 1, 401, dtype=torch.float64)
PACINGS = (0.0, 1e-6, 0.01, 0.5, 1.0)
CONSTANTS = ("optimum_p", "optimum_n", "margin_p", "margin_n")


def random_settings(count=2000):
    """Yield optima and margins over all of their ranges, the paper's four of a random m, and every self-pacing."""
    generator = torch.Generator().manual_seed(17)
    for i in range(count):
        u = torch.rand(4, generator=generator, dtype=torch.float64).tolist()
        four = (1 + u[0], -u[0], 1 - u[0], u[0]) if i % 2 else (1 + u[0], -u[1], u[2], u[3])
        pacing = PACINGS[i % 7] if i % 7 < len(PACINGS) else torch.rand((), generator=generator).item()
        yield dict(zip(CONSTANTS, four, strict=True)) | {"pacing": pacing}


def difference_of_logits(s_n, s_p, optimum_p, optimum_n, margin_p, margin_n, pacing):
    """Return the equation of the boundary in plain numbers: a_n (s_n - Delta_n) - a_p (s_p - Delta_p)."""
    a_n = (1 - pacing) + pacing * max(s_n - optimum_n, 0.0)
    a_p = (1 - pacing) + pacing * max(optimum_p - s_p, 0.0)
    return a_n * (s_n - margin_n) - a_p * (s_p - margin_p)


def test_boundary_of_2000_random_settings_solves_its_equation_to_1e_9():
    worst = 0.0
    for theta in random_settings():
        s_n, s_p = curve(T, **theta)
        inside = (s_n.abs() <= 1) & (s_p.abs() <= 1)
        assert inside.sum() > 20, theta
        for x, y in itertools.islice(zip(s_n[inside].tolist(), s_p[inside].tolist(), strict=True), 0, None, 7):
            worst = max(worst, abs(difference_of_logits(x, y, **theta)))
        assert boundary(s_p[inside], s_n[inside], **theta).abs().max() <= 1e-9
    assert worst <= 1e-9


def test_boundary_of_2000_random_settings_has_no_gaps():
    for theta in random_settings():
        s_n, s_p = curve(torch.linspace(0, 1, 1201, dtype=torch.float64), **theta)
        degenerate = theta["pacing"] > 0.999 and theta["optimum_p"] - theta["margin_p"] < 0.05  # nearly half a circle
        assert (s_n.diff() ** 2 + s_p.diff() ** 2).sqrt().max() < (0.2 if degenerate else 0.03), theta


def test_arcs_of_2000_random_settings_are_those_of_the_printed_circle():
    # right of O_n: centre ((O_n + Delta_n) / 2, (O_p + Delta_p) / 2), C = ((O_n - Delta_n)^2 + (O_p - Delta_p)^2) / 4
    for theta in random_settings():
        s_n, s_p = curve(T, **(theta | {"pacing": 1.0}))
        o_p, o_n, d_p, d_n = (theta[name] for name in CONSTANTS)
        arc = T >= 0.25
        squared = (s_n - (o_n + d_n) / 2) ** 2 + (s_p - (o_p + d_p) / 2) ** 2
        assert (squared[arc] - ((o_n - d_n) ** 2 + (o_p - d_p) ** 2) / 4).abs().max() <= 1e-9
        if theta["pacing"] >= 0.01:  # the same circle, with optima that are farther away
            c_n, c_p, c = circle_of(*(torch.tensor(theta[name], dtype=torch.float64) for name in theta))
            s_n, s_p = curve(T, **theta)
            assert ((((s_n - c_n) ** 2 + (s_p - c_p) ** 2)[arc] / c) - 1).abs().max() <= 1e-9


def test_loss_is_log_2_on_the_boundary_of_2000_random_settings():
    for theta in random_settings():
        s_n, s_p = curve(T, **theta)
        inside = (s_n.abs() <= 1) & (s_p.abs() <= 1)
        value = LOSS(Contrast.of_pairs(s_p[inside], s_n[inside]), **theta, scale=8.0).total
        assert (value - math.log(2)).abs().max() <= 1e-9


def test_without_self_pacing_the_boundary_is_the_line_of_am_softmax():
    s_n, s_p = curve(T, 1.3, -0.6, 0.7, 0.2, 0.0)
    assert (s_p - s_n - 0.5).abs().max() < 1e-15
    assert LOSS.landmarks(**LOSS.check({"pacing": 0.0})).ellipse is None
    x = torch.linspace(-1, 1, 21, dtype=torch.float64)
    s_n, s_p = (part.ravel().requires_grad_() for part in torch.meshgrid(x, x, indexing="ij"))
    ours = LOSS(Contrast.of_pairs(s_p, s_n), pacing=0.0, margin_p=0.7, margin_n=0.35, scale=30.0).total
    theirs = LOSSES["am_softmax"](Contrast.of_pairs(s_p, s_n), margin=0.35, scale=30.0).total
    assert torch.allclose(ours, theirs, rtol=1e-12)
    for a, b in zip(*(torch.autograd.grad(each.sum(), (s_p, s_n)) for each in (ours, theirs)), strict=True):
        assert torch.allclose(a, b, rtol=1e-9)


def test_circle_is_a_point_where_optima_equal_margins():
    s_n, s_p = curve(T, 1.0, 0.0, 1.0, 0.0, 1.0)
    assert (s_n[T >= 0.25] == 0).all()
    assert (s_p == 1).all()  # and the line s_p = 1 left of it
    *_, squared = circle_of(*(torch.tensor(x, dtype=torch.float64) for x in (1.0, 0.0, 1.0, 0.0, 1.0)))
    assert squared == 0


@pytest.mark.parametrize("margin", [0.05, 0.25, 0.4, 0.5])
@pytest.mark.parametrize("scale", [8.0, 32.0, 256.0])
def test_the_papers_four_give_circle_loss_bit_for_bit(margin, scale):
    four = dict(zip(CONSTANTS, (1 + margin, -margin, 1 - margin, margin), strict=True))
    for b, dtype in itertools.product(BATCHES, (torch.float32, torch.float64)):
        found = []
        for f in (module("circle_general", scale=scale, **four), module("circle", margin=margin, scale=scale)):
            z = b.z.to(dtype).clone().requires_grad_()
            value = f(z, b.y)
            found.append((value.detach(), torch.autograd.grad(value, z)[0]))
        for ours, theirs in zip(*found, strict=True):
            assert torch.equal(ours, theirs)


@pytest.mark.parametrize("optimum_n", [-1.0, -0.25, 0.0])
@pytest.mark.parametrize("pacing", [0.3, 1.0])
def test_true_gradient_is_the_derivative_of_the_value(optimum_n, pacing):
    theta = {"optimum_n": optimum_n, "pacing": pacing, "scale": 8.0}
    x = torch.linspace(-0.99, 0.98, 19, dtype=torch.float64)
    s_n, s_p = (part.ravel().requires_grad_() for part in torch.meshgrid(x, x, indexing="ij"))

    def value(p, n, gradient="true"):
        return LOSS(Contrast.of_pairs(p, n), gradient=gradient, **theta).total

    assert torch.equal(value(s_p, s_n), value(s_p, s_n, "frozen"))
    d_p, d_n = torch.autograd.grad(value(s_p, s_n).sum(), (s_p, s_n))
    h = 1e-6
    with torch.no_grad():
        assert torch.allclose(d_p, (value(s_p + h, s_n) - value(s_p - h, s_n)) / 2 / h, atol=1e-6)
        assert torch.allclose(d_n, (value(s_p, s_n + h) - value(s_p, s_n - h)) / 2 / h, atol=1e-6)


def test_true_gradient_vanishes_at_its_target_and_frozen_weights_stop_at_the_optimum():
    for optimum_n, margin_n, pacing in itertools.product((-0.9, -0.25), (0.1, 0.5), (0.6, 1.0)):
        theta = {"optimum_n": optimum_n, "margin_n": margin_n, "pacing": pacing}
        s_n, s_p = landmarks(1.25, optimum_n, 0.75, margin_n, pacing, "true").target
        x_p, x_n = (torch.tensor([x], dtype=torch.float64, requires_grad=True) for x in (s_p, s_n))
        total = LOSS(Contrast.of_pairs(x_p, x_n), gradient="true", **theta).total
        d_p, d_n = torch.autograd.grad(total.sum(), (x_p, x_n))
        assert d_n.abs() < 1e-12 or (s_n == -1 and d_n > 0)
        assert d_p.abs() < 1e-12 or (s_p == 1 and d_p < 0)
    assert landmarks(1.25, -0.4, 0.75, 0.25, 1.0, "frozen").target == (-0.4, 1.0)
    assert landmarks(1.25, -0.4, 0.75, 0.25, 0.9, "frozen").target == (-1.0, 1.0)


def test_notes_state_centre_c_and_radius():
    notes = " ".join(LOSS.boundary_notes(**LOSS.check({})))
    assert "(0,\\ 1)" in notes
    assert "C=0.125" in notes
    assert "0.3536" in notes
    assert "=0.4$" in " ".join(LOSS.boundary_notes(**LOSS.check({"pacing": 0.0, "margin_p": 0.7, "margin_n": 0.3})))
    # self-pacing 1/2 puts the optima one away: O_n = -1.25, O_p = 2.25, so the centre is (-0.5, 1.5) and C = 4.5 / 4
    half = " ".join(LOSS.boundary_notes(**LOSS.check({"pacing": 0.5})))
    assert "(-0.5,\\ 1.5)" in half
    assert "C=1.125" in half
