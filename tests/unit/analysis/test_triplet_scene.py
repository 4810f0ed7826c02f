"""A scene of triplets against the definitions, the census and finite differences."""

import math

import numpy as np
import pytest
import torch

from cl_core.analysis.census import KINDS as COUNTED
from cl_core.analysis.census import census
from cl_core.analysis.triplet_scene import OTHER, largest_distance, triplet_scene
from cl_core.losses.miners import KINDS
from cl_core.losses.triplet import DISTANCES

SCENES = [
    ("sqeuclidean", False),
    ("euclidean", False),
    ("sqeuclidean", True),
    ("euclidean", True),
    ("cosine", True),
]
on_scenes = pytest.mark.parametrize(("distance", "circle"), SCENES)


def random_points(rng: np.random.Generator, count: int, circle: bool) -> np.ndarray:
    points = rng.uniform(-1, 1, (count, 2))
    return points / np.linalg.norm(points, axis=1, keepdims=True) if circle else points


def delta(distance: str, a, b) -> float:
    """Return the distance of two points by its definition."""
    if distance == "cosine":
        return 1 - (a @ b) / math.hypot(*a) / math.hypot(*b)
    return math.dist(a, b) ** (2 if distance == "sqeuclidean" else 1)


def mean_loss(points, margin, distance, circle) -> float:
    """Return the mean over triplets with a loss by its definition."""
    if circle:
        points = points / np.linalg.norm(points, axis=1, keepdims=True)
    a, p, *negatives = points
    losses = [max(0.0, delta(distance, a, p) - delta(distance, a, n) + margin) for n in negatives]
    return sum(losses) / max(sum(x > 0 for x in losses), 1)


def measure(points, margin, distance, circle, asked=0.0):
    return triplet_scene(torch.tensor(np.array(points, float)), margin, distance, circle=circle, asked=asked)


@on_scenes
def test_distances_kinds_and_losses_are_those_of_the_definition(distance, circle):
    rng = np.random.default_rng(16)
    for _ in range(100):
        points, margin = random_points(rng, 6, circle), rng.uniform()
        scene = measure(points, margin, distance, circle)
        a, p, *negatives = points
        assert scene.d_ap.item() == pytest.approx(delta(distance, a, p), abs=1e-12)
        assert scene.edge.item() == scene.d_ap.item() + margin
        assert scene.d_an.tolist() == pytest.approx([delta(distance, a, n) for n in negatives], abs=1e-12)
        losses = [max(0.0, scene.d_ap.item() - d + margin) for d in scene.d_an.tolist()]
        assert scene.losses.tolist() == pytest.approx(losses, abs=1e-12)
        assert scene.active.item() == sum(x > 0 for x in losses)
        assert scene.loss.item() == pytest.approx(mean_loss(points, margin, distance, circle), abs=1e-12)
        for kind, n in zip(scene.kinds.tolist(), negatives, strict=True):
            counts = census(np.array([a, p, n]), [0, 0, 1], margin, distance).per_anchor[0]
            assert tuple(KINDS)[kind] == COUNTED[counts.argmax()]


@on_scenes
def test_forces_are_minus_the_slopes_of_the_loss(distance, circle):
    rng, h = np.random.default_rng(17), 1e-6
    for _ in range(40):
        points = random_points(rng, 5, circle)
        scene = measure(points, 0.3, distance, circle)
        if ((scene.losses > 0) & (scene.losses < 1e-4)).any():
            continue  # at a kink there is no slope
        slopes = np.zeros_like(points)
        for place in np.ndindex(*points.shape):
            step = np.zeros_like(points)
            step[place] = h
            ends = [mean_loss(points + by * step, 0.3, distance, circle) for by in (1, -1)]
            slopes[place] = (ends[0] - ends[1]) / (2 * h)
        np.testing.assert_allclose(scene.forces, -slopes, atol=1e-5)


@on_scenes
def test_rings_are_where_the_kinds_change(distance, circle):
    rng = np.random.default_rng(18)
    for _ in range(40):
        (a, p), margin = random_points(rng, 2, circle), 0.2 * rng.uniform()
        scene = measure([a, p, p], margin, distance, circle, asked=0.36)
        other = delta(OTHER[distance], a, p) + margin
        wanted = (scene.d_ap.item(), scene.edge.item(), other, 0.36)
        metrics = (distance, distance, OTHER[distance], distance)
        for radius, value, metric in zip((*scene.rings.tolist(), scene.reach.item()), wanted, metrics, strict=True):
            if circle and radius > 2:
                assert value > largest_distance(metric)
                continue
            turn = math.atan2(a[1], a[0]) + 2 * math.asin(radius / 2) if circle else 0.0
            on_ring = np.array([math.cos(turn), math.sin(turn)]) if circle else a + np.array([radius, 0])
            assert delta(metric, a, on_ring) == pytest.approx(value, abs=1e-9)


@on_scenes
@pytest.mark.parametrize("margin", [0.0, 0.2, 2.0])
def test_points_in_one_place_have_no_force_and_the_margin_as_loss(distance, circle, margin):
    scene = measure([[0.6, 0.8]] * 3 + [[-0.6, -0.8]], margin, distance, circle)
    assert scene.losses[0].item() == pytest.approx(margin, abs=1e-12)
    assert tuple(KINDS)[scene.kinds[0]] == "hard"
    if scene.losses[1] == 0:
        assert scene.forces.abs().max() < 1e-9
    assert all(torch.isfinite(getattr(scene, name)).all() for name in ("forces", "rings", "d_an", "loss"))


def test_decimals_that_tie_on_paper_tie():
    # in floating point 0.3 + 0.1 is not 0.4, and 0.09 + 0.07 is not 0.16
    for distance, margin in (("euclidean", 0.1), ("sqeuclidean", 0.07)):
        scene = measure([[0, 0], [0.3, 0], [0, -0.3], [0.4, 0]], margin, distance, circle=False)
        assert [tuple(KINDS)[kind] for kind in scene.kinds] == ["hard", "easy"]
        assert scene.d_an.tolist() == [scene.d_ap.item(), scene.edge.item()]
        assert (scene.losses.tolist(), scene.active.item()) == ([pytest.approx(margin), 0.0], 1)
        assert scene.forces[2].abs().max() > 0, "a tie with the positive is pushed"


def test_every_distance_is_compared_with_another_one():
    assert tuple(OTHER) == DISTANCES
    assert all(distance != other for distance, other in OTHER.items())
    assert [largest_distance(distance) for distance in DISTANCES] == [4, 2, 2]
