"""Planes of similarities and angles: boundaries agree with the losses' values, and forces with derivatives."""

import itertools
import math

import numpy as np
import pytest
import torch

from cl_core.analysis import pairs, similarity_plane, wedge
from cl_core.losses import LOSSES
from cl_core.losses.contrast import Contrast
from cl_core.losses.distances import from_similarity
from tests.unit.losses.test_losses import CORNERS

WITH_BOUNDARY = [key for key, loss in LOSSES.items() if loss.boundary]
T = torch.linspace(0, 1, 401, dtype=torch.float64)
SELF_PACED = {"circle", "circle_class", "pccl", "pccl_released"}


def in_metric(loss, theta, s):
    return from_similarity(s, loss.metric_of(theta))


@pytest.mark.parametrize("key", WITH_BOUNDARY)
def test_boundary_curve_satisfies_its_equation_at_every_slider_corner(key):
    loss = LOSSES[key]
    for theta in CORNERS[key]:
        s_n, s_p = loss.curve(T, **theta)
        inside = (s_n.abs() <= 1) & (s_p.abs() <= 1)
        assert inside.any()
        side = loss.boundary(in_metric(loss, theta, s_p[inside]), in_metric(loss, theta, s_n[inside]), **theta)
        assert side.abs().max() <= 1e-9


@pytest.mark.parametrize("key", WITH_BOUNDARY)
def test_boundary_separates_the_loss_at_its_level_at_every_slider_corner(key):
    loss = LOSSES[key]
    for theta in CORNERS[key]:
        plane = similarity_plane.similarity_plane(loss, theta)
        s_n, s_p = torch.meshgrid(
            *2 * [torch.linspace(-1, 1, similarity_plane.SIMILARITY_NODES, dtype=torch.float64)], indexing="xy"
        )
        x_p, x_n = in_metric(loss, theta, s_p), in_metric(loss, theta, s_n)
        side = loss.boundary(x_p, x_n, **theta).numpy()
        assert (plane.violated == (side > 0)).all()
        has_term = loss(Contrast.of_pairs(x_p, x_n), **theta).count.reshape(side.shape).numpy() > 0
        clear = (np.abs(side) > 1e-6) & has_term  # a miner may exclude the triplet
        assert ((plane.value > loss.level) == plane.violated)[clear].all()


@pytest.mark.parametrize("key", LOSSES)
def test_forces_equal_autograd_through_the_similarities(key):
    loss = LOSSES[key]
    inner = slice(1, -1)  # at s = 1 a distance has no derivative, and 0 is used
    for theta in CORNERS[key]:
        plane = similarity_plane.similarity_plane(loss, theta, n=21)
        s = torch.linspace(-1, 1, 21, dtype=torch.float64)
        s_n, s_p = (part.clone().requires_grad_() for part in torch.meshgrid(s, s, indexing="xy"))
        contrast = Contrast.of_pairs(in_metric(loss, theta, s_p), in_metric(loss, theta, s_n))
        total = loss(contrast, **theta).total
        d_p, d_n = torch.autograd.grad(total.sum(), (s_p, s_n))
        size = 1e-9 * (1 + np.abs(plane.d_x).max() + np.abs(plane.d_y).max())
        assert np.abs(plane.d_y - d_p.numpy())[inner, inner].max() <= size
        assert np.abs(plane.d_x - d_n.numpy())[inner, inner].max() <= size
        assert np.isfinite(plane.d_x).all()
        assert np.isfinite(plane.d_y).all()
        assert np.isfinite(plane.value).all()


def value_at(key, theta, s_p, s_n, at_p, at_n):
    """Return the loss of one positive and one negative at (s_p, s_n), with weights computed at (at_p, at_n)."""
    m = theta["margin"]
    a_p, a_n = np.maximum(1 + m - at_p, 0), np.maximum(at_n + m, 0)
    if key == "pccl":
        gap = a_n * s_n / theta["temperature"] - a_p * s_p / (theta["xi"] * theta["temperature"])
    else:
        gap = theta["scale"] * (a_n * (s_n - m) - a_p * (s_p - 1 + m) / theta.get("k", 1))
    return np.logaddexp(0, gap)


@pytest.mark.parametrize("key", sorted(SELF_PACED))
def test_self_paced_forces_equal_central_differences_with_weights_held_fixed(key):
    for theta in CORNERS[key]:
        plane = similarity_plane.similarity_plane(LOSSES[key], theta, n=21)
        s_n, s_p = np.meshgrid(plane.axis, plane.axis)
        h = 1e-6
        d_p = (value_at(key, theta, s_p + h, s_n, s_p, s_n) - value_at(key, theta, s_p - h, s_n, s_p, s_n)) / 2 / h
        d_n = (value_at(key, theta, s_p, s_n + h, s_p, s_n) - value_at(key, theta, s_p, s_n - h, s_p, s_n)) / 2 / h
        assert np.allclose(plane.value, value_at(key, theta, s_p, s_n, s_p, s_n), rtol=1e-9, atol=1e-12)
        assert np.allclose(plane.d_y, d_p, rtol=1e-5, atol=1e-4)
        assert np.allclose(plane.d_x, d_n, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("key", [key for key in LOSSES if key not in (*SELF_PACED, "circle_general")])
def test_other_forces_equal_central_differences(key):
    loss = LOSSES[key]
    rng = np.random.default_rng(1)
    for theta in CORNERS[key]:
        if theta.get("mining") not in (None, "all"):  # no derivative where a step crosses a miner's rule
            continue
        for s_p, s_n in rng.uniform(-0.98, 0.98, (8, 2)):
            value, d_p, d_n = similarity_plane.evaluate_at(loss, theta, s_p, s_n)
            h = 1e-6
            up, down = (similarity_plane.evaluate_at(loss, theta, s_p + e, s_n)[0] for e in (h, -h))
            left, right = (similarity_plane.evaluate_at(loss, theta, s_p, s_n + e)[0] for e in (-h, h))
            assert math.isclose(d_p, (up - down) / 2 / h, rel_tol=1e-4, abs_tol=1e-4)
            assert math.isclose(d_n, (right - left) / 2 / h, rel_tol=1e-4, abs_tol=1e-4)
            assert value >= 0


@pytest.mark.parametrize("margin", [0.05, 0.25, 0.5])
def test_circle_boundary_is_the_arc_of_the_paper_continued_by_a_straight_line(margin):
    plane = similarity_plane.similarity_plane(LOSSES["circle"], {"margin": margin})
    s_n, s_p = plane.boundary.T
    arc = s_n >= -margin
    assert np.allclose(np.hypot(s_n, s_p - 1)[arc], math.sqrt(2) * margin, atol=1e-12)
    assert np.allclose(s_p[~arc], 1 - margin)
    assert plane.landmarks.ellipse == (0.0, 1.0, math.sqrt(2) * margin, math.sqrt(2) * margin)
    assert plane.landmarks.target == (-margin, 1.0)


def test_boundaries_pass_the_published_points():
    # s_p on the boundary at s_n = 0: the lines of the second article, from the atlas of losses
    for key, theta, s_p in (
        ("am_softmax", {"margin": 0.35}, 0.35),
        ("arcface", {"margin": 0.5}, math.sin(0.5)),
        ("l_softmax", {"margin": 2}, math.cos(math.pi / 4)),
        ("l_softmax", {"margin": 4}, math.cos(math.pi / 8)),
        ("circle", {"margin": 0.25}, 1 - math.sqrt(2) * 0.25),
        ("pccl", {"margin": 0.25}, 0.0),
        ("pccl_released", {"margin": 0.4}, 1 - math.sqrt(2) * 0.4),
        ("triplet", {"margin": 0.2, "distance": "euclidean"}, 1 - (math.sqrt(2) - 0.2) ** 2 / 2),
    ):
        boundary = similarity_plane.similarity_plane(LOSSES[key], theta).boundary
        points = boundary[np.isfinite(boundary).all(1)]
        points = points[np.argsort(points[:, 0], kind="stable")]
        assert abs(np.interp(0.0, *points.T) - s_p) < 2e-3


def test_pccl_boundary_requires_only_a_small_positive_similarity():
    # at s_n = m = 0.25 only s_p >= 0.110 and not 0.75; more with a larger xi: 0.029 -> 0.161 at s_n = 0.1
    for theta, s_n, s_p in (({}, 0.25, 0.110), ({}, 0.1, 0.029), ({"xi": 5}, 0.1, 0.161)):
        loss = LOSSES["pccl"]
        x_n, x_p = torch.tensor(s_n, dtype=torch.float64), torch.linspace(0, 0.5, 5001, dtype=torch.float64)
        side = loss.boundary(x_p, x_n, **loss.check(theta))
        assert abs(float(x_p[side <= 0][0]) - s_p) < 5e-4


def test_angle_plane_equals_similarity_plane_by_the_chain_rule():
    for key in ("l_softmax", "arcface", "circle_class"):
        loss = LOSSES[key]
        plane = similarity_plane.angle_plane(loss, {})
        for i, j in itertools.product((10, 30, 60), (20, 45, 75)):
            theta_own, theta_other = np.radians(plane.axis[i]), np.radians(plane.axis[j])
            value, d_p, d_n = similarity_plane.evaluate_at(loss, {}, math.cos(theta_own), math.cos(theta_other))
            assert math.isclose(plane.value[i, j], value, rel_tol=1e-9)
            assert math.isclose(plane.d_y[i, j], -math.sin(theta_own) * d_p, rel_tol=1e-9, abs_tol=1e-12)
            assert math.isclose(plane.d_x[i, j], -math.sin(theta_other) * d_n, rel_tol=1e-9, abs_tol=1e-12)
    theta_2, theta_1 = similarity_plane.angle_plane(LOSSES["arcface"], {"margin": 0.5}).boundary.T
    assert np.nanmax(np.abs(theta_2 - theta_1 - math.degrees(0.5))) < 1e-6  # theta_1 + m = theta_2


def test_embedding_length_scales_only_losses_without_unit_norm():
    for key, loss in LOSSES.items():
        short, long = (similarity_plane.similarity_plane(loss, {}, n=11, length=length) for length in (1.0, 3.0))
        scales = not np.allclose(short.value, long.value)
        assert scales == (not loss.recipe.unit_norm), key
        if scales:  # -log(1/(1+e^gap)) with three times the gap
            gap = np.log(np.expm1(short.value))
            assert np.allclose(long.value, np.logaddexp(0, 3 * gap))


def test_loss_without_boundary_has_no_wedge_and_no_violations():
    with pytest.raises(ValueError, match="terms are independent"):
        wedge.wedge_angles(LOSSES["contrastive"], {})
    assert similarity_plane.similarity_plane(LOSSES["contrastive"], {}).violated is None


# --- real pairs -------------------------------------------------------------------------------------------------------


def random_embeddings(n=40, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 5)).astype(np.float32), rng.integers(0, 4, n)


def test_pair_similarities_are_cosines_of_valid_triplets():
    z, y = random_embeddings()
    u = z / np.linalg.norm(z, axis=1, keepdims=True)
    s, labels = (u @ u.T).astype(np.float64).tolist(), y.tolist()  # lists, whose elements are quick to get
    valid = {
        (round(s[a][n], 4), round(s[a][p], 4))
        for a in range(40)
        for p in range(40)
        for n in range(40)
        if labels[p] == labels[a] != labels[n] and p != a
    }
    points = pairs.pair_similarities(z, y)
    assert points.shape == (pairs.RANDOM_POINTS, 2)
    rounded = {(round(x + e, 4), round(v + f, 4)) for x, v in valid for e in (0, 1e-4, -1e-4) for f in (0, 1e-4, -1e-4)}
    assert all((round(x, 4), round(v, 4)) in rounded for x, v in points)
    assert (points == pairs.pair_similarities(z, y)).all()


def test_hardest_pairs_are_farthest_positive_and_nearest_negative():
    z, y = random_embeddings()
    u = z.astype(np.float64) / np.linalg.norm(z, axis=1, keepdims=True)
    s = u @ u.T
    for a, (s_n, s_p) in enumerate(pairs.pair_similarities(z, y, choice="hardest")):
        assert math.isclose(s_p, min(s[a, p] for p in range(40) if p != a and y[p] == y[a]), abs_tol=1e-6)
        assert math.isclose(s_n, max(s[a, n] for n in range(40) if y[n] != y[a]), abs_tol=1e-6)


def test_pair_similarities_to_class_weights_are_one_point_per_image():
    z, y = random_embeddings()
    w = np.random.default_rng(2).normal(size=(4, 5)).astype(np.float32)
    points = pairs.pair_similarities(z, y, w)
    assert points.shape == (40, 2)
    cosine = (z @ w.T) / np.linalg.norm(z, axis=1)[:, None] / np.linalg.norm(w, axis=1)
    assert np.allclose(points[:, 1], cosine[np.arange(40), y], atol=1e-6)


def test_batches_without_a_triplet_have_no_pair_similarities():
    z, _ = random_embeddings(6)
    for y in (np.zeros(6, np.int64), np.arange(6)):
        for choice in pairs.SELECTIONS:
            assert pairs.pair_similarities(z, y, choice=choice).shape == (0, 2)


@pytest.mark.parametrize("key", LOSSES)
def test_violating_pairs_lie_beyond_the_boundary(key):
    loss = LOSSES[key]
    plane = similarity_plane.similarity_plane(loss, {}, n=21)
    points = np.stack([part.ravel() for part in np.meshgrid(plane.axis, plane.axis)], 1)
    if plane.violated is None:
        assert (pairs.violates_boundary(loss, {}, points) == (points[:, 0] > 1 - 0.5)).all()  # 1 - m^2 / 2
    else:
        assert (pairs.violates_boundary(loss, {}, points) == plane.violated.ravel()).all()


def test_unknown_choice_of_pairs_is_rejected():
    with pytest.raises(ValueError, match="hardest"):
        pairs.pair_similarities(*random_embeddings(), choice="easiest")
