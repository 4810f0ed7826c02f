"""Sentences about the general form of circle loss."""

import math

import pytest
import torch
from torch.nn.functional import softplus

from cl_core.losses import LOSSES
from tests.unit.losses.statements.backing import MARGINS, Y, Z, backs, batch_mean, grid, same, slopes, value, values

FIXED = {"optimum_p": 1.3, "optimum_n": -0.6, "margin_p": 0.7, "margin_n": 0.2}


def four(margin):
    return {"optimum_p": 1 + margin, "optimum_n": -margin, "margin_p": 1 - margin, "margin_n": margin}


@backs(r"With $O_p=1+m$, $O_n=-m$, $\Delta_p=1-m$, $\Delta_n=m$ and $\kappa=1$ it is circle loss.")
@pytest.mark.parametrize("margin", MARGINS)
def test_general_circle_with_the_papers_four_is_circle_loss(margin):
    assert same(
        lambda z: batch_mean("circle_general", z, Y, **four(margin)),
        lambda z: batch_mean("circle", z, Y, margin=margin),
    )


@backs(r"With $\Delta_p=\Delta_n=0$ it is PCCL at $\xi=1$.")
@pytest.mark.parametrize("margin", MARGINS)
def test_general_circle_without_margins_is_pccl(margin):
    theta = four(margin) | {"margin_p": 0.0, "margin_n": 0.0, "scale": 16.0}
    assert same(
        lambda z: batch_mean("circle_general", z, Y, **theta),
        lambda z: batch_mean("pccl", z, Y, margin=margin, temperature=1 / 16),
    )


@backs(
    r"With $\kappa=0$ it is AM-softmax with the margin $\Delta_p-\Delta_n$, for any number of positives.",
    "0: constant weights, 1: the distance from the optimum",
    "Optima and margins are set one by one, and the weights fade from constant ones to self-paced ones.",
)
def test_self_pacing_fades_from_am_softmax_to_the_distance_from_the_optimum():
    x_n, x_p = grid()
    for margin_p, margin_n in ((0.7, 0.35), (0.5, 0.5), (1.0, 0.5)):
        theta = FIXED | {"margin_p": margin_p, "margin_n": margin_n, "scale": 16.0, "pacing": 0.0}
        am = value("am_softmax", x_p, x_n, margin=margin_p - margin_n, scale=16.0)
        assert torch.allclose(value("circle_general", x_p, x_n, **theta), am, rtol=1e-9)
    s = Z @ Z.T
    positive = (Y[:, None] == Y) & ~torch.eye(len(Y), dtype=torch.bool)
    log_p = (-16 * (s - 0.7)).masked_fill(~positive, -torch.inf).logsumexp(1)
    log_n = (16 * (s - 0.35)).masked_fill(Y[:, None] == Y, -torch.inf).logsumexp(1)
    theta = FIXED | {"margin_n": 0.35, "scale": 16.0, "pacing": 0.0}
    assert math.isclose(batch_mean("circle_general", Z, Y, **theta), softplus(log_p + log_n).mean(), rel_tol=1e-9)
    for pacing in (0.0, 0.3, 1.0):
        pull, push = slopes("circle_general", x_p, x_n, **FIXED, scale=8.0, pacing=pacing)
        z = 8 * (1 - (-value("circle_general", x_p, x_n, **FIXED, scale=8.0, pacing=pacing)).exp())
        assert torch.allclose(-pull, z * (1 - pacing + pacing * (1.3 - x_p)), atol=1e-9)
        assert torch.allclose(push, z * (1 - pacing + pacing * (x_n + 0.6).clamp(min=0)), atol=1e-9)


@backs(
    "similarity at which a positive has no self-paced weight",
    "similarity at which a negative has no self-paced weight",
)
def test_self_paced_weights_vanish_at_the_optima():
    weight_p, weight_n = LOSSES["circle_general"].weights(
        values(1.1, 1.0), values(-0.4, -0.3), optimum_p=1.1, optimum_n=-0.4, pacing=1.0
    )
    assert weight_p.tolist() == pytest.approx([0.0, 0.1])
    assert weight_n.tolist() == pytest.approx([0.0, 0.1])
    pull, push = slopes("circle_general", values(1.0), values(-0.4), optimum_p=1.0, optimum_n=-0.4)
    assert (pull.item(), push.item()) == (0.0, 0.0)


@backs("similarity that a positive should exceed", "similarity that a negative should stay below")
def test_a_pair_at_both_margins_is_on_the_boundary_for_every_self_pacing():
    for margin_p, margin_n, pacing in ((0.7, 0.2, 0.0), (0.7, 0.2, 0.5), (0.9, 0.4, 1.0)):
        theta = FIXED | {"margin_p": margin_p, "margin_n": margin_n, "pacing": pacing}
        x_p, x_n = values(margin_p, margin_p + 0.05, margin_p), values(margin_n, margin_n, margin_n - 0.05)
        found = value("circle_general", x_p, x_n, **theta)
        assert math.isclose(found[0], math.log(2), rel_tol=1e-9)
        assert (found[1:] < math.log(2)).all()


@backs("the larger, the sharper")
def test_large_scale_of_the_general_circle_makes_the_boundary_sharp():
    x_p, x_n = values(0.65, 0.75), values(0.2, 0.2)
    differences = []
    for scale in (8.0, 64.0, 512.0):
        outside, inside = value("circle_general", x_p, x_n, **FIXED, scale=scale)
        differences.append((outside - inside).item())
    assert differences == sorted(differences)
    assert differences[-1] > 10 * differences[0]


@backs("whether the weights are constants for the gradient, or change with it")
def test_true_gradient_also_contains_the_change_of_the_weights():
    x_n, x_p = grid(-0.5, 0.9)
    theta = FIXED | {"scale": 8.0}
    z = 8 * (1 - (-value("circle_general", x_p, x_n, **theta)).exp())
    frozen, true = (slopes("circle_general", x_p, x_n, **theta, gradient=gradient) for gradient in ("frozen", "true"))
    assert torch.allclose(true[0] - frozen[0], z * (x_p - 0.7), atol=1e-9)  # - z a_p' (s_p - Delta_p), a_p' = -1
    assert torch.allclose(true[1] - frozen[1], z * (x_n - 0.2), atol=1e-9)


@backs(
    "The four numbers are not free of each other in the paper: one $m$ sets them all, which gives the centre "
    r"$(0, 1)$ and $C=2m^2$."
)
@pytest.mark.parametrize("margin", MARGINS)
def test_the_papers_four_give_the_centre_0_1(margin):
    *centre, radius, _ = LOSSES["circle_general"].landmarks(**LOSSES["circle_general"].check(four(margin))).ellipse
    assert centre == pytest.approx([0.0, 1.0])
    assert radius**2 == pytest.approx(2 * margin**2)


@backs(
    r"The true gradient is not the paper's. It also moves a pair by the change of its weight, stops at the centre "
    r"of the circle, and pushes a pair inside it back: at $s_n=0$, $s_p=1$ ($m=0.25$) it is zero, where frozen "
    r"weights still push $s_n$ towards $-m$."
)
def test_true_gradient_stops_at_the_centre():
    at = values(1.0), values(0.0)
    pull, push = slopes("circle_general", *at, gradient="true")
    assert (pull.item(), push.item()) == pytest.approx((0.0, 0.0), abs=1e-12)
    pull, push = slopes("circle_general", *at)
    assert push > 0
    _, back = slopes("circle_general", values(1.0), values(-0.2), gradient="true", scale=8.0)
    assert back < 0  # descent moves s_n from -0.2 up to 0
    _, on = slopes("circle_general", values(1.0), values(-0.2), scale=8.0)
    assert on > 0


@backs(
    r"$C$ is never negative: it is a sum of squares. The circle shrinks to a point where both optima equal their "
    "margins."
)
def test_the_smallest_circle_is_a_point():
    ellipse = LOSSES["circle_general"].landmarks(1.0, 0.0, 1.0, 0.0, 1.0, "frozen").ellipse
    assert ellipse == (0.0, 1.0, 0.0, 0.0)
