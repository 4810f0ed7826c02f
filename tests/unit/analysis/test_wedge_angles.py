"""Angles around a class weight within which the margin is met equal closed forms of the papers and the boundary."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import brentq

from cl_core.analysis import wedge
from cl_core.losses import LOSSES

BETWEEN = np.arange(181.0)  # degrees between two class weights
FRACTIONS = np.linspace(0, 1, 301)[:, None]  # of a range of angles, ends included
CASES = [
    ("softmax", {}),
    ("normface", {}),
    *[("l_softmax", {"margin": m, "annealing": a}) for m in (1, 2, 3, 4) for a in (0.0, 5.0)],
    *[("sphereface", {"margin": m, "annealing": a}) for m in (1, 4) for a in (0.0, 5.0)],
    *[("am_softmax", {"margin": m}) for m in (0.0, 0.1, 0.35, 0.49)],
    *[("arcface", {"margin": m}) for m in (0.0, 0.2, 0.5, 1.0)],
    *[("circle", {"margin": m}) for m in (0.05, 0.25, 0.4)],
    *[("circle_class", {"margin": m}) for m in (0.1, 0.25, 0.45)],
]


def side(key, theta, own, other):
    """Return the boundary function, whose sign is the side, at angles in degrees."""
    s_p, s_n = (torch.as_tensor(np.cos(np.radians(angle))) for angle in (own, other))
    return LOSSES[key].boundary(s_p, s_n, **LOSSES[key].check(theta)).numpy()


def sliver(inside):
    """Return for each column whether the margin is met in all but less than half a degree of it."""
    return (~inside).mean(0) * BETWEEN[-1] / 2 < 0.5


def closed_form(key, m):
    """Return the wedge angles in degrees, solved by hand after the papers that `LOSSES` cites."""
    half = np.radians(BETWEEN / 2)
    if key in ("softmax", "normface"):
        return BETWEEN / 2
    if key in ("l_softmax", "sphereface"):
        return BETWEEN / (m + 1)
    if key == "arcface":
        return np.where(m <= np.radians(BETWEEN), (BETWEEN - np.degrees(m)) / 2, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        angle = np.degrees(half - np.arcsin(m / (2 * np.sin(half))))
    return np.where(m <= 1 - np.cos(2 * half), angle, np.nan) if m else BETWEEN / 2


@pytest.mark.parametrize(
    ("key", "m"),
    [
        ("softmax", None),
        ("normface", None),
        *[(key, m) for key in ("l_softmax", "sphereface") for m in (1, 2, 3, 4)],
        *[("am_softmax", m) for m in (0.0, 0.05, 0.2, 0.35, 0.49)],
        *[("arcface", m) for m in (0.0, 0.1, 0.5, math.radians(28.6), 1.0)],
    ],
)
def test_wedge_angles_equal_closed_forms_at_every_degree(key, m):
    theta = {} if m is None else {"margin": m}
    if "annealing" in LOSSES[key].parameters:
        theta["annealing"] = 0.0
    angles = wedge.wedge_angles(LOSSES[key], theta)
    assert angles.shape == (181,)
    assert angles.dtype == np.float64
    np.testing.assert_allclose(angles, closed_form(key, m), rtol=0, atol=1e-9)


def test_wedge_angles_of_published_examples_at_60_degrees():
    """Theta = 60 degrees: 30; 20, 15 and 12; 9.5; 15.7."""
    at_60 = [wedge.wedge_angles(LOSSES["sphereface"], {"margin": m, "annealing": 0.0})[60] for m in (2, 3, 4)]
    assert at_60 == pytest.approx([20, 15, 12], abs=1e-9)
    assert wedge.wedge_angles(LOSSES["am_softmax"], {"margin": 0.35})[60] == pytest.approx(9.5, abs=0.05)
    assert wedge.wedge_angles(LOSSES["arcface"], {"margin": 0.5})[60] == pytest.approx(15.7, abs=0.05)


@pytest.mark.parametrize(("key", "theta"), CASES)
def test_margin_is_met_within_the_wedge_and_not_beyond_it(key, theta):
    angles = wedge.wedge_angles(LOSSES[key], theta)
    met = ~np.isnan(angles)
    assert (side(key, theta, np.zeros(181), BETWEEN) > 0)[~met].all()
    own = FRACTIONS * (angles - 1e-7).clip(min=0)
    inside = side(key, theta, own, BETWEEN - own) <= 1e-12
    assert (inside[:, met].all(0) | (sliver(inside[:, met]) & key.startswith("circle"))).all()
    open_ended = met & (angles > BETWEEN / 2 - 1e-9)
    beyond = (angles + 1e-6)[met & ~open_ended]
    assert (side(key, theta, beyond, BETWEEN[met & ~open_ended] - beyond) > 0).all()


def root(key, theta, between):
    """Return theta_1* in radians for one angle in degrees, by Brent's method; None where the margin is never met."""
    own_side = lambda own: float(side(key, theta, math.degrees(own), between - math.degrees(own)))  # noqa: E731
    half = math.radians(between) / 2
    if own_side(0.0) > 0:
        return None
    return half if own_side(half) <= 0 else brentq(own_side, 0.0, half, xtol=1e-14)


@pytest.mark.parametrize(("key", "theta"), CASES)
def test_wedge_angles_equal_a_root_of_the_boundary(key, theta):
    theta = LOSSES[key].check(theta)  # once, not in each of thousands of calls
    angles = wedge.wedge_angles(LOSSES[key], theta)
    more_roots = 0
    for between, expected in zip(BETWEEN, angles, strict=True):
        root_angle = root(key, theta, between)
        assert (root_angle is None) == np.isnan(expected)
        if root_angle is None:
            continue
        beyond = expected + 1e-6 + FRACTIONS * (between / 2 - expected - 1e-6)
        if (side(key, theta, beyond, between - beyond) < 0).any() and expected < between / 2:
            more_roots += 1  # below s_n = -m both the circle's line and its arc may be crossed
            assert math.degrees(root_angle) >= expected - 1e-9
        else:
            assert math.degrees(root_angle) == pytest.approx(expected, abs=1e-9)
    assert more_roots <= (1 if key.startswith("circle") else 0)


@pytest.mark.parametrize(("key", "theta"), CASES)
def test_margin_is_met_in_the_wedge_away_from_the_other_class_weight(key, theta):
    start, end = wedge.wedge_angles_away(LOSSES[key], theta).T
    met = ~np.isnan(start)
    assert (np.isnan(end) == ~met).all()
    assert (start[met] <= end[met]).all()
    assert (end[met] <= (180 - BETWEEN / 2)[met] + 1e-9).all()
    assert (start[~np.isnan(wedge.wedge_angles(LOSSES[key], theta))] == 0).all(), (
        "it begins at the class weight if the margin is met there"
    )
    wide = met & (end - start > 1e-5) & (BETWEEN > 0)  # at 0 both class weights are the same
    own = start + 1e-7 + FRACTIONS * (end - start - 2e-7)
    assert (side(key, theta, own, BETWEEN + own) <= 1e-12)[:, wide].all()
    for edge, step in ((start, -1e-6), (end, 1e-6)):
        inner = wide & (edge > 0) & (edge < 180 - BETWEEN / 2 - 1e-9)
        assert (side(key, theta, edge + step, BETWEEN + edge + step) > 0)[inner].all()
    grid = FRACTIONS * (180 - BETWEEN / 2)
    assert (side(key, theta, grid, BETWEEN + grid) > -1e-4)[:, ~met].all(), "only slivers are missed"


def test_wedge_angles_away_equal_closed_forms():
    """L-softmax: m theta_1 = Theta + theta_1; AM-softmax: the other solution of its sine; softmax: to the bisector."""
    theta = {"margin": 4, "annealing": 0.0}
    expected = np.minimum(BETWEEN / 3, (360 - BETWEEN) / 5)
    np.testing.assert_allclose(
        wedge.wedge_angles_away(LOSSES["l_softmax"], theta)[:, 1], expected, atol=1e-6
    )  # flat at 0
    np.testing.assert_allclose(wedge.wedge_angles_away(LOSSES["softmax"], {})[:, 1], 180 - BETWEEN / 2, atol=1e-9)
    half = np.radians(BETWEEN[30:] / 2)
    offset = np.degrees(np.arcsin(0.35 / (2 * np.sin(half))))
    expected = np.stack([(offset - BETWEEN[30:] / 2).clip(min=0), 180 - offset - BETWEEN[30:] / 2], 1)
    np.testing.assert_allclose(
        wedge.wedge_angles_away(LOSSES["am_softmax"], {"margin": 0.35})[30:], expected, atol=1e-9
    )


def test_loss_without_boundary_has_no_wedge_angles():
    for function in (wedge.wedge_angles, wedge.wedge_angles_away):
        with pytest.raises(ValueError, match="contrastive has no boundary"):
            function(LOSSES["contrastive"], {})
