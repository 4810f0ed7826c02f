"""Sentences about circle loss and PCCL."""

import itertools
import math

import pytest
import torch
from torch.nn.functional import softplus

from cl_core.losses import LOSSES, variants
from tests.unit.losses.statements.backing import (
    MARGINS,
    Y,
    Z,
    backs,
    batch_mean,
    class_weights,
    every,
    grid,
    same,
    slopes,
    value,
    values,
)

CIRCLES = ("circle", "circle_class")
LOG_2 = math.log(2)


def boundary_s_p(key, s_n, points=20001, **theta):
    """Return the lowest s_p from which on the loss of a pair is at most log 2, to 1e-4; NaN if there is none."""
    s_p = torch.linspace(-1, 1, points, dtype=torch.float64)
    content = value(key, s_p, torch.full_like(s_p, s_n), **theta) <= LOG_2 + 1e-12
    return s_p[content][0].item() if content.any() else math.nan


def descend(key, s_n, s_p, steps=100, **theta):
    """Follow the direction of the gradient of a pair, clamped to the square; return the last s_n, s_p and all losses.

    Both derivatives have the factor 1 - e^-L, which becomes tiny; without it the way is the same, but shorter in time.
    """
    at, history = values(s_n, s_p), []
    scale = theta.get("scale", 1 / theta.get("temperature", 1))
    for _ in range(steps):
        pull, push = slopes(key, at[1:], at[:1], **theta)
        history.append(value(key, at[1:], at[:1], **theta).item())
        at = (at + 0.1 * torch.cat([push, pull]) / (scale * math.expm1(-history[-1]))).clamp(-1, 1)
    return at[0].item(), at[1].item(), history


# --- circle loss ------------------------------------------------------------------------------------------------------


@backs(
    "The circle is not the box of the margins: on the boundary with $m=0.25$, at $s_n=0$, $s_p$ is 0.646, not "
    "0.75. The corner $(m, 1-m)$ is one point of the circle.",
    "how far from the best similarities a pair may stay",
    "how far from the best similarities a row may stay",
)
@pytest.mark.parametrize("key", CIRCLES)
@pytest.mark.parametrize("margin", MARGINS)
def test_boundary_of_circle_is_sqrt_2_m_from_the_ideal_corner(key, margin):
    radius = math.sqrt(2) * margin
    angle = torch.linspace(-math.pi / 4, math.pi / 2, 50, dtype=torch.float64)
    on_circle = value(key, 1 - radius * angle.cos(), radius * angle.sin(), margin=margin)
    assert torch.allclose(on_circle, torch.full_like(on_circle, LOG_2), rtol=1e-9)
    assert math.isclose(value(key, values(1 - margin), values(margin), margin=margin), LOG_2, rel_tol=1e-9)
    at_0 = boundary_s_p(key, 0.0, margin=margin)
    assert math.isclose(at_0, 1 - radius, abs_tol=1e-4)
    assert at_0 < 1 - margin
    if margin == 0.25:
        assert round(at_0, 3) == 0.646


@backs(
    r"$O_p=1+m$ and $O_n=-m$ are optima, not bounds: the first cannot be reached, and $s_n$ may be smaller than $-m$. "
    r"$\alpha$ are self-paced weights $\ge0$; the relaxation factor is $m$.",
    "Each pair is weighted by its distance from its own optimum, so positives and negatives are pulled unequally.",
    "The similarities to the correct and to the other class weights are weighted by their distances from their optima.",
)
@pytest.mark.parametrize("key", CIRCLES)
@pytest.mark.parametrize("margin", MARGINS)
def test_weights_of_circle_are_distances_from_the_optima(key, margin):
    x_n, x_p = grid()
    pull, push = slopes(key, x_p, x_n, margin=margin, scale=8.0)
    assert (pull < 0).all()  # also at s_p = 1: the optimum 1 + m is beyond every cosine
    assert (push >= 0).all()
    assert torch.equal(push == 0, x_n <= -margin)
    common = (-value(key, x_p, x_n, margin=margin, scale=8.0)).exp()
    z = 8 * (1 - common)
    assert torch.allclose(-pull, z * (1 + margin - x_p), atol=1e-9)
    assert torch.allclose(push, z * (x_n + margin).clamp(min=0), atol=1e-9)


@backs(
    r"Training does not lead to $(0, 1)$, where the value is lowest: $\alpha$ has no gradient, so the force "
    r"moves $s_n$ on towards $-m$, and the loss may rise on the way. With a large $\gamma$ the force nearly "
    "ends just inside the arc."
)
@pytest.mark.parametrize("key", CIRCLES)
@pytest.mark.parametrize("margin", MARGINS)
def test_circle_is_lowest_at_0_1_and_training_goes_on_to_minus_m(key, margin):
    x_n, x_p = grid(n=81)
    lowest = value(key, x_p, x_n, margin=margin).argmin()
    assert (x_n[lowest].item(), x_p[lowest].item()) == pytest.approx((0, 1), abs=1e-9)
    _, push = slopes(key, values(1.0), values(0.0), margin=margin, scale=16.0)
    assert push > 0  # at the lowest value it goes on
    s_n, s_p, history = descend(key, 0.5, 0.2, margin=margin, scale=16.0)
    assert (s_n, s_p) == pytest.approx((-margin, 1), abs=1e-3)
    assert history[-1] > min(history)  # it has risen on the way
    # just inside the arc, 1 / 20 of its radius from it: what is left of the force on the arc
    depth = 0.95 * math.sqrt(2) * margin * math.sqrt(0.5)
    on_arc, inside = values(margin, 1 - margin), values(depth, 1 - depth)
    left = []
    for scale in (16.0, 256 * (0.25 / margin) ** 2):
        forces = [slopes(key, at[1:], at[:1], margin=margin, scale=scale)[1] for at in (inside, on_arc)]
        left.append(forces[0] / forces[1])
    assert left[0] > 0.6
    assert left[1] < 0.1


@backs(
    r"The circle ends at $s_n=-m$: for smaller $s_n$, $\alpha_n=0$ and the boundary is the straight line "
    "$s_p=1-m$."
)
@pytest.mark.parametrize("key", CIRCLES)
@pytest.mark.parametrize("margin", MARGINS)
def test_boundary_of_circle_is_straight_below_minus_m(key, margin):
    s_n = torch.linspace(-1, -margin, 20, dtype=torch.float64)
    on_line = value(key, torch.full_like(s_n, 1 - margin), s_n, margin=margin)
    assert torch.allclose(on_line, torch.full_like(s_n, LOG_2), rtol=1e-9)
    _, push = slopes(key, torch.full_like(s_n, 0.1), s_n, margin=margin)
    assert (push == 0).all()
    on_circle = (1 - (2 * margin**2 - s_n**2).clamp(min=0).sqrt())[0]
    assert on_circle > 1 - margin  # where the circle would have been


@backs(
    "One group per anchor and one group per batch (as in two public programs) give very different values: 756 "
    r"and 1,139 on one random batch of 18 in three classes, at $\gamma=256$.",
    "one group for each anchor, or one for all pairs of the batch",
    "The paper's form: an anchor's positives against its negatives, mean over the anchors that have both.",
)
def test_pools_of_circle_differ():
    z = torch.randn(18, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y = torch.arange(18) % 3
    found = {pool: batch_mean("circle", z, y, scale=256.0, pool=pool).item() for pool in ("anchor", "batch")}
    assert [round(v) for v in found.values()] == [756, 1139]
    u = z / z.norm(dim=1, keepdim=True)
    s = u @ u.T
    logit_p, logit_n = -256 * (1.25 - s) * (s - 0.75), 256 * (s + 0.25).clamp(min=0) * (s - 0.25)
    equal = y[:, None] == y
    first, second = torch.triu_indices(18, 18, 1)
    pairs = logit_p[first, second][y[first] == y[second]], logit_n[first, second][y[first] != y[second]]
    assert math.isclose(found["batch"], softplus(pairs[0].logsumexp(0) + pairs[1].logsumexp(0)), rel_tol=1e-9)
    itself = torch.eye(18, dtype=torch.bool)
    anchors = [
        softplus(logit_p[a][equal[a] & ~itself[a]].logsumexp(0) + logit_n[a][~equal[a]].logsumexp(0)) for a in range(18)
    ]
    assert math.isclose(found["anchor"], torch.stack(anchors).mean(), rel_tol=1e-9)


@backs(
    r"With $\alpha\equiv1$ it is AM-softmax with the margin $1-2m$.",
    r"Circle loss with $\alpha\equiv1$ is AM-softmax with the margin $1-2m$.",
)
@pytest.mark.parametrize("margin", MARGINS)
def test_circle_without_weights_is_am_softmax(margin):
    s = 2 * torch.rand(9, 6, generator=torch.Generator().manual_seed(1), dtype=torch.float64) - 1
    for scale in (8.0, 64.0):
        unweighted = softplus((scale * (s[:, 1:] - margin)).logsumexp(1) - scale * (s[:, 0] - 1 + margin))
        am = value("am_softmax", s[:, 0], s[:, 1:], margin=1 - 2 * margin, scale=scale)
        assert torch.allclose(am, unweighted, rtol=1e-9)
        # the weights are the only difference: where both are 1 the two losses meet
        s_p, s_n = values(margin), values(1 - margin)  # 1 + m - s_p = 1 = s_n + m
        both = (value("circle", s_p, s_n, margin=margin, scale=scale),
                value("am_softmax", s_p, s_n, margin=1 - 2 * margin, scale=scale))  # fmt: skip
        assert torch.allclose(*both, rtol=1e-9)


@backs(
    "With class weights in place of the other images it is the class-level circle loss.",
    r"It is cross-entropy over the logits $\gamma\alpha(s-\Delta)$, and circle loss with a single positive: "
    "the weight of the correct class.",
)
@pytest.mark.parametrize("margin", MARGINS)
def test_circle_against_class_weights_is_cross_entropy_over_weighted_logits(margin):
    theta = {"margin": margin, "scale": 8.0}
    weight = class_weights()
    c = LOSSES["circle_class"].contrast(Z, Y, theta, weight)
    assert (c.n_positive == 1).all()
    expected = LOSSES["circle_class"](c, **theta)
    assert torch.allclose(LOSSES["circle"](c, **theta).total, expected.total)
    a_p, a_n = 1 + margin - c.value, (c.value + margin).clamp(min=0)
    logits = 8 * torch.where(c.positive, a_p * (c.value - 1 + margin), a_n * (c.value - margin))
    cross_entropy = torch.nn.functional.cross_entropy(logits, Y, reduction="none")
    assert torch.allclose(expected.total, cross_entropy, rtol=1e-9)


@backs("large: only the worst pairs count", "large: only the worst class counts")
@pytest.mark.parametrize("key", ["circle", "circle_class", "pccl_released"])
def test_large_scale_leaves_the_worst_pairs(key):
    s_n = values(0.6, 0.5, 0.1)[None]
    shares = []
    for scale in (8.0, 32.0, 512.0):
        _, push = slopes(key, values(0.4), s_n, scale=scale)
        shares.append((push[0, 0] / push.sum()).item())
    assert shares == sorted(shares)
    assert shares[0] < 0.75
    assert shares[-1] > 0.999


# --- PCCL -------------------------------------------------------------------------------------------------------------


@backs(
    "Circle loss without its margins, and with the logits of positives divided by xi.",
    "The weights of circle loss without its margins; the pull on positives is xi times weaker relative to the push.",
    "how many times weaker the pull is, relative to the push",
    "Circle loss over all pairs of a batch; the pull on positives is k times weaker relative to the push.",
)
@pytest.mark.parametrize("margin", MARGINS)
def test_pccl_is_circle_without_margins_and_weaker_positives(margin):
    x_n, x_p = grid()
    a_p, a_n = 1 + margin - x_p, (x_n + margin).clamp(min=0)
    for factor in (1, 2, 5):
        logit = a_n * x_n / 0.1 - a_p * x_p / (factor * 0.1)
        found = value("pccl", x_p, x_n, margin=margin, temperature=0.1, xi=factor)
        assert torch.allclose(found, softplus(logit), rtol=1e-9)
        ratio = (factor * a_n / a_p)[x_n > -margin]
        pull, push = slopes("pccl", x_p, x_n, margin=margin, temperature=0.5, xi=factor)
        assert torch.allclose((push / -pull)[x_n > -margin], ratio, rtol=1e-6)
        pull, push = slopes("pccl_released", x_p, x_n, margin=margin, scale=8.0, k=factor)
        assert torch.allclose((push / -pull)[x_n > -margin], ratio, rtol=1e-6)


@backs("Two losses have this name. One is rebuilt from a description of the paper that lost the formulas. The "
    "other is the loss class that the authors released, which keeps circle loss's margins.",
       r"The authors' released code keeps circle loss's margins and pools the whole batch. At $\gamma=1/\tau_n$, "
    r"$k=\xi$.",
       "Rebuilt from a description of the paper: the weights of circle loss without its margins, and separate "
    "temperatures for positives and negatives.",
       "At k = 1 it is circle loss with all pairs of the batch in one group.")  # fmt: skip
@pytest.mark.parametrize("margin", MARGINS)
def test_only_the_released_pccl_keeps_margins_and_pools(margin):
    for scale, factor in itertools.product((8.0, 64.0), (1, 3)):
        released = {"margin": margin, "scale": scale, "k": factor}
        rebuilt = {"margin": margin, "temperature": 1 / scale, "xi": factor}
        by_variant = variants.get_variant("pccl", "released").bound_function(rebuilt)
        assert same(lambda z, t=released: batch_mean("pccl_released", z, Y, **t), lambda z, f=by_variant: f(z, Y))
        assert not math.isclose(batch_mean("pccl", Z, Y, **rebuilt), by_variant(Z, Y), rel_tol=1e-3)
        circle = {"margin": margin, "scale": scale, "pool": "batch"}
        if factor == 1:
            assert same(lambda z, t=circle: batch_mean("circle", z, Y, **t), lambda z, f=by_variant: f(z, Y))
        # one pair: with margins the boundary passes (m, 1 - m), without them (0, 0)
        assert math.isclose(value("pccl_released", values(1 - margin), values(margin), **released), LOG_2, rel_tol=1e-9)
        assert math.isclose(value("pccl", values(0.0), values(0.0), **rebuilt), LOG_2, rel_tol=1e-9)


@backs(
    "The weights alone do not demand $s_p>1-m$ and $s_n<m$: at $s_n=m=0.25$ the boundary only demands "
    r"$s_p\ge0.110$."
)
@pytest.mark.parametrize("margin", [0.05, 0.25, 0.4])
def test_boundary_of_pccl_asks_for_less_than_1_minus_m(margin):
    asked = boundary_s_p("pccl", margin, margin=margin)
    if margin == 0.25:
        assert round(asked, 3) == 0.110
    assert asked < 1 - margin
    assert boundary_s_p("pccl", margin + 0.05, margin=margin) < 1  # and a negative beyond m may be content


@backs(
    r"The value is not monotone in $s_p$: it is smallest at $s_p=(1+m)/2$, $s_n=-m/2$, so the loss may rise "
    "while the embedding improves."
)
@pytest.mark.parametrize("theta", every(margin=(0.05, 0.25, 0.5), temperature=(1 / 64, 0.5), xi=(1, 5)))
def test_value_of_pccl_is_smallest_inside_the_square(theta):
    margin = theta["margin"]
    best = value("pccl", values((1 + margin) / 2), values(-margin / 2), **theta)
    x_n, x_p = grid(n=81)
    assert (value("pccl", x_p, x_n, **theta) >= best - 1e-15).all()
    improving = value("pccl", values((1 + margin) / 2, 1.0), values(-margin / 2, -margin), **theta)
    assert improving[1] > improving[0]


@backs(
    r"Its forces lead to $s_p\to1$, $s_n\to-m$. That is correct, but nothing special: those of circle loss do "
    "too."
)
@pytest.mark.parametrize("margin", [0.1, 0.25, 0.5])
def test_pccl_and_circle_lead_to_the_same_place(margin):
    for key, theta in (
        ("pccl", {"temperature": 1 / 16}),
        ("pccl_released", {"scale": 32.0}),
        ("circle", {"scale": 32.0}),
    ):
        s_n, s_p, _ = descend(key, 0.4, 0.2, margin=margin, **theta)
        assert (s_n, s_p) == pytest.approx((-margin, 1.0), abs=1e-3)


@backs(
    r"$\xi$ weakens the pull on positives relative to the push on negatives, but not in absolute terms: at "
    r"$s_n=-0.1$, $s_p=0.6$ ($m=0.25$, $\tau_n=1/16$) the pull of $\xi=5$ is 24 times that of $\xi=1$. It does "
    "not move the fixed point."
)
@pytest.mark.parametrize("xi", [1, 2, 5])
def test_xi_weakens_the_pull_against_the_push_only(xi):
    theta = {"margin": 0.25, "temperature": 1 / 16}
    (pull, push), (pull_1, push_1) = (slopes("pccl", values(0.6), values(-0.1), xi=k, **theta) for k in (xi, 1))
    assert math.isclose(push / pull, xi * push_1 / pull_1, rel_tol=1e-9)
    if xi == 5:
        assert round(float(pull / pull_1)) == 24
    weaker, _ = slopes("pccl", values(0.2), values(0.5), xi=xi, **theta)  # and at other places it is weaker
    assert (weaker > slopes("pccl", values(0.2), values(0.5), xi=1, **theta)[0]).all() or xi == 1
    s_n, s_p, _ = descend("pccl", 0.4, 0.2, **theta, xi=xi)
    assert (s_n, s_p) == pytest.approx((-0.25, 1.0), abs=1e-3)


@backs(
    r"A larger $\xi$ moves the boundary both ways. It demands a larger $s_p$ where $s_n>0$, a smaller one "
    r"where $-m<s_n<0$, and the same at $s_n=0$ and for $s_n\le-m$."
)
@pytest.mark.parametrize("margin", [0.1, 0.25, 0.5])
def test_larger_xi_moves_the_boundary_of_pccl_both_ways(margin):
    for smaller, larger in ((1, 2), (2, 5), (1, 5)):
        for s_n, sign in ((0.1, 1), (0.05, 1), (0.0, 0), (-margin / 2, -1), (-margin, 0), (-0.9, 0)):
            asked = [boundary_s_p("pccl", s_n, 2001, margin=margin, xi=xi) for xi in (smaller, larger)]
            assert (asked[1] > asked[0] + 1e-3) == (sign > 0)
            assert (asked[1] < asked[0] - 1e-3) == (sign < 0)


@backs(
    r"For some negatives no $s_p$ is enough: those with $\xi s_n(s_n+m)>(1+m)^2/4$. With $\xi=5$ and $m=0.25$ "
    "$s_n=0.2$ is an example."
)
@pytest.mark.parametrize("theta", every(margin=(0.1, 0.25, 0.5), xi=(1, 3, 5)))
def test_for_some_negatives_no_s_p_is_enough_for_pccl(theta):
    xi, margin = theta["xi"], theta["margin"]
    for s_n in torch.linspace(-1, 1, 41, dtype=torch.float64).tolist():
        none = s_n > -margin and xi * s_n * (s_n + margin) > (1 + margin) ** 2 / 4
        assert math.isnan(boundary_s_p("pccl", s_n, 2001, **theta)) == none
    assert math.isnan(boundary_s_p("pccl", 0.2, margin=0.25, xi=5))


@backs("how far beyond its goal a pair still has a force")
@pytest.mark.parametrize("margin", MARGINS)
def test_margin_of_pccl_pushes_beyond_the_goals(margin):
    x_n, x_p = grid()
    pull, push = slopes("pccl", x_p, x_n, margin=margin, temperature=0.5)
    assert (pull < 0).all()  # until 1 + m, which no cosine reaches
    decided = (x_n + margin).abs() > 1e-9
    assert torch.equal((push > 0)[decided], (x_n > -margin)[decided])  # the goal of a negative is 0


@backs("of negatives; small: only the worst count")
def test_small_temperature_of_pccl_leaves_the_worst_negative():
    shares = []
    for temperature in (0.5, 1 / 16, 1 / 64):
        _, push = slopes("pccl", values(0.4), values(0.6, 0.5, 0.1)[None], temperature=temperature)
        shares.append((push[0, 0] / push.sum()).item())
    assert shares == sorted(shares)
    assert shares[-1] > 0.99


@backs(
    "For every $k$ the boundary passes through $(m, 1-m)$. A larger $k$ demands less $s_p$ at $s_n=0$: 0.646 "
    "at $k=1$, 0.388 at $k=5$ ($m=0.25$)."
)
@pytest.mark.parametrize("margin", [0.1, 0.25, 0.4])
def test_larger_k_asks_for_less_at_0_and_the_corner_stays(margin):
    asked = []
    for k in (1, 2, 5):
        assert math.isclose(value("pccl_released", values(1 - margin), values(margin), margin=margin, k=k), LOG_2)
        asked.append(boundary_s_p("pccl_released", 0.0, margin=margin, k=k))
        assert math.isclose(asked[-1], 1 - margin * math.sqrt(k + 1), abs_tol=1e-4)
    assert asked == sorted(asked, reverse=True)
    if margin == 0.25:
        assert [round(asked[0], 3), round(asked[-1], 3)] == [0.646, 0.388]
