"""Points among class weights, against plain loops, a fine grid of directions, and the losses themselves."""

import math

import numpy as np
import pytest
import torch

from cl_core.analysis.point_scene import TIE, margin_regions, point_scene
from cl_core.losses import LOSSES

CASES = 200


def random_scene(seed):
    rng = np.random.default_rng(seed)
    classes, n = int(rng.integers(2, 4)), int(rng.integers(2, 7))
    points = rng.uniform(-1.25, 1.25, (n, 2)).round(2)
    labels = rng.integers(0, classes, n)
    weights = rng.integers(0, 360, classes)
    return points.tolist(), labels.tolist(), weights.tolist(), float(rng.choice([0.0, 0.2, 0.35, 0.9, 1.4]))


def by_loops(points, labels, weights, margin, measure):
    """Return classified, met, nearest and retrieved of each point, in plain Python."""
    units = [(math.cos(math.radians(w)), math.sin(math.radians(w))) for w in weights]

    def cosine(a, b):
        lengths = math.hypot(*a) * math.hypot(*b)
        return (a[0] * b[0] + a[1] * b[1]) / lengths if lengths else 0.0

    found = []
    for i, (z, y) in enumerate(zip(points, labels, strict=True)):
        cosines = [cosine(z, w) for w in units]
        rest = max(c for k, c in enumerate(cosines) if k != y)
        best, best_cost = None, math.inf
        for j, other in enumerate(points):
            cost = -cosine(z, other) if measure == "cosine" else math.dist(z, other)
            if j != i and cost < best_cost - TIE:
                best, best_cost = j, cost
        found.append((cosines[y] > rest + TIE, cosines[y] >= rest + margin - TIE, best, labels[best] == y))
    return found


@pytest.mark.parametrize("measure", ["cosine", "euclidean"])
def test_facts_agree_with_plain_loops(measure):
    for seed in range(CASES):
        scene = random_scene(seed)
        found = point_scene(*scene, measure)
        listed = zip(found.classified, found.met, found.nearest, found.retrieved, strict=True)
        assert [tuple(each) for each in listed] == by_loops(*scene, measure)
        points = np.array(scene[0])
        for i, z in enumerate(points):
            np.testing.assert_allclose(found.distance[i], [math.dist(z, other) for other in points], atol=1e-12)


def test_regions_are_the_directions_on_a_fine_grid():
    directions = np.arange(0, 360, 0.25) + 0.1
    for seed in range(CASES):
        _, _, weights, margin = random_scene(seed)
        regions = margin_regions(weights, margin)
        cosines = np.cos(np.deg2rad(directions[:, None] - np.array(weights)))
        for k, (low, high) in enumerate(regions):
            met = cosines[:, k] - np.delete(cosines, k, axis=1).max(axis=1) - margin
            turned = (directions - weights[k] - low) % 360 if not np.isnan(low) else np.full(len(directions), np.inf)
            inside = turned <= high - low
            sure = abs(met) > 1e-9
            assert (inside == (met >= 0))[sure].all(), (weights, margin, k)


def test_margin_is_met_where_the_boundary_of_am_softmax_says_so():
    for seed in range(CASES):
        points, labels, weights, margin = random_scene(seed)
        found = point_scene(points, labels, weights, margin, "cosine")
        for y, cosines, met in zip(labels, found.class_cosine, found.met, strict=True):
            others = torch.tensor([c for k, c in enumerate(cosines) if k != y])
            side = LOSSES["am_softmax"].boundary(torch.tensor(cosines[y]), others, margin)
            assert met == bool((side <= TIE).all())


def test_classes_are_those_of_the_softmax_loss_without_a_bias():
    for seed in range(40):
        points, labels, weights, _ = random_scene(seed)
        z = torch.tensor(points, dtype=torch.float64)
        w = torch.tensor([[math.cos(math.radians(a)), math.sin(math.radians(a))] for a in weights], dtype=torch.float64)
        found = point_scene(points, labels, weights, 0.0, "cosine")
        logits = z @ w.T
        for row, y, classified in zip(logits, labels, found.classified, strict=True):
            alone = (row > row[y] - 1e-9).sum() == 1
            assert classified == bool(alone)


def test_point_at_the_origin_has_no_direction():
    found = point_scene([(0, 0), (1, 0), (0, 1)], [0, 0, 1], [0, 90], 0.0, "cosine")
    assert found.cosine[0].tolist() == [0, 0, 0]
    assert found.classified.tolist() == [False, True, True]
    assert found.nearest[0] == 1, "a tie goes to the earlier point"


def test_points_that_meet_the_margin_are_retrieved_correctly_where_that_is_certain():
    rng = np.random.default_rng(0)
    certain = 0
    for weights, margin in (([140, 40], 1.2), ([110, 70], 0.49), ([90, 210, 330], 1.4), ([140, 40], 0.35)):
        regions = margin_regions(weights, margin)
        for _ in range(60):
            labels = np.repeat(np.arange(len(weights)), 2)
            angles = np.deg2rad([weights[y] + rng.uniform(*regions[y]) for y in labels])
            points = rng.uniform(0.1, 1.25, (len(labels), 1)) * np.stack([np.cos(angles), np.sin(angles)], axis=1)
            found = point_scene(points, labels, weights, margin, "cosine")
            assert found.met.all()
            if found.retrieval_is_certain:
                certain += 1
                assert found.retrieved.all()
        assert (margin == 0.35) == (not found.retrieval_is_certain)
    assert certain == 180


def test_regions_of_two_classes_have_a_gap_between_them():
    found = point_scene([(0, 1), (1, 0)], [0, 1], [140, 40], 0.0, "cosine")
    assert found.widest == pytest.approx(180)
    assert found.gap == pytest.approx(0, abs=1e-9)
    found = point_scene([(0, 1), (1, 0)], [0, 1], [140, 40], 0.35, "cosine")
    reach = math.degrees(math.acos(0.35 / (2 * math.sin(math.radians(50)))))
    assert found.widest == pytest.approx(2 * reach)
    assert found.gap == pytest.approx(180 - 2 * reach)
    none = point_scene([(0, 1), (1, 0)], [0, 1], [50, 40], 0.35, "cosine")
    assert np.isnan(none.regions).all()
    assert np.isnan((none.widest, none.gap)).all()
    assert not none.retrieval_is_certain


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([(0, 0)], [0], [0, 90], 0.0, "cosine"), "two or more places"),
        (([(0, 0), (1, 1)], [0, 2], [0, 90], 0.0, "cosine"), "labels must be indices"),
        (([(0, 0), (1, 1)], [0, 1], [0, 90], 0.0, "dot"), "measure must be one of"),
    ],
)
def test_scene_that_cannot_be_measured_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        point_scene(*arguments)
