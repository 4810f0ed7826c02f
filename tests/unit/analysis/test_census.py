"""The census counts triplets as plain loops do, ties included, and as pytorch-metric-learning does where none tie."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import torch
from pytorch_metric_learning import distances, miners

from cl_core.analysis import triplet_counts
from cl_core.analysis.census import CensusStopped, assemble_census, census, number_of_triplets
from cl_core.losses.triplet import DISTANCES
from tests import reference

MARGINS = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0)


def counts_by_loops(value, y, margin):
    """Return the counts (N, 3) of each anchor and (C, C, 3) of each pair of classes, one triplet at a time."""
    names = ["easy", "semihard", "hard"]
    labels = sorted(set(y))
    per_anchor = np.zeros((len(y), 3), int)
    per_pair = np.zeros((len(labels), len(labels), 3), int)
    for a, p, n in product(range(len(y)), repeat=3):
        if a != p and y[a] == y[p] and y[a] != y[n]:
            kind = names.index(reference.kind(value[a][p], value[a][n], margin))
            per_anchor[a, kind] += 1
            per_pair[labels.index(y[a]), labels.index(y[n]), kind] += 1
    return per_anchor, per_pair


def distances_by_loops(z, distance):
    """Return all distances as nested lists; equal points are at exactly equal distances."""

    def distance_of(a, b):
        if distance == "cosine":
            lengths = math.hypot(*a) * math.hypot(*b)
            return 0.0 if a == b else 1 - math.fsum(x * y for x, y in zip(a, b, strict=True)) / max(lengths, 1e-24)
        squared = math.fsum((x - y) ** 2 for x, y in zip(a, b, strict=True))
        return squared if distance == "sqeuclidean" else math.sqrt(squared)

    points = z.tolist()
    return [[distance_of(a, b) for b in points] for a in points]


def random_points(case):
    """Return random points (n, 3) and labels (n,) of one to five classes; odd cases have duplicate points."""
    rng = np.random.default_rng(case)
    n, classes = int(rng.integers(1, 16)), int(rng.integers(1, 6))
    z = rng.normal(size=(n, 3))
    if case % 2:
        z = z[rng.integers(0, n, size=n)]
    return z, rng.integers(0, classes, size=n) * 5 - 3


@pytest.fixture(params=[1, 40, triplet_counts.BLOCK_SIZE])
def block(request, monkeypatch):
    """Set the size of blocks so that anchors are counted one by one, a few at a time, or all at once."""
    monkeypatch.setattr(triplet_counts, "BLOCK_SIZE", request.param)


@pytest.mark.parametrize("case", range(40))
@pytest.mark.usefixtures("block")
def test_counts_equal_those_of_loops(case):
    z, y = random_points(case)
    for distance, margin in zip(DISTANCES, np.random.default_rng(case).choice(MARGINS, 3), strict=True):
        value = distances_by_loops(z, distance)
        others = [m for m in MARGINS if m != margin]
        result = census(z, y, margin, distance, margins=others)
        per_anchor, per_pair = counts_by_loops(value, y.tolist(), margin)
        assert result.per_anchor.tolist() == per_anchor.tolist()
        assert result.per_class_pair.tolist() == per_pair.tolist()
        assert result.classes.tolist() == sorted(set(y.tolist()))
        assert [result.easy, result.semihard, result.hard] == per_anchor.sum(0).tolist()
        assert result.total == number_of_triplets(y) == per_anchor.sum()
        assert result.margins.tolist() == others
        for other_margin, counts in zip(others, result.per_margin.tolist(), strict=True):
            assert counts == counts_by_loops(value, y.tolist(), other_margin)[0].sum(0).tolist()


@pytest.mark.parametrize("case", range(12))
@pytest.mark.parametrize("margin", ["0", "0.1", "0.2", "0.3", "0.5"])
def test_decimal_ties_are_counted_as_in_exact_arithmetic(case, margin):
    """On a lattice of tenths most comparisons with a margin tie, and rounding of floats would decide them."""
    rng = np.random.default_rng(case)
    tenths = rng.integers(-4, 5, size=(14, 2))
    y = rng.integers(0, 3, size=14)
    exact = [[Fraction(int(((a - b) ** 2).sum()), 100) for b in tenths] for a in tenths]
    result = census(tenths / 10, y, float(margin))
    assert result.per_anchor.tolist() == counts_by_loops(exact, y.tolist(), Fraction(margin))[0].tolist()
    line = tenths[:, 0].tolist()
    exact_line = [[Fraction(abs(a - b), 10) for b in line] for a in line]
    result = census(np.array(line)[:, None] / 10, y, float(margin), "euclidean")
    assert result.per_anchor.tolist() == counts_by_loops(exact_line, y.tolist(), Fraction(margin))[0].tolist()


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1.0, 1e3, 1e6])
def test_counts_are_invariant_to_scale(scale):
    z, y = np.random.default_rng(1).normal(size=(60, 5)), np.random.default_rng(2).integers(0, 4, 60)
    expected = census(z, y, 0.7, "euclidean").per_anchor
    assert (census(z * scale, y, 0.7 * scale, "euclidean").per_anchor == expected).all()
    assert (census(z * scale, y, 0.3, "cosine").per_anchor == census(z, y, 0.3, "cosine").per_anchor).all()


@pytest.mark.parametrize("margin", [0.05, 0.2, 1.0])
@pytest.mark.parametrize(
    ("distance", "other_distance"),
    [
        ("sqeuclidean", distances.LpDistance(normalize_embeddings=False, power=2)),
        ("euclidean", distances.LpDistance(normalize_embeddings=False)),
        ("cosine", distances.CosineSimilarity()),
    ],
)
def test_counts_agree_with_pytorch_metric_learning(distance, other_distance, margin):
    rng = torch.Generator().manual_seed(3)
    z = torch.nn.functional.normalize(torch.randn(96, 8, generator=rng, dtype=torch.float64))
    y = torch.randint(0, 5, (96,), generator=rng)
    result = census(z, y, margin, distance)
    for kind in ("easy", "semihard", "hard"):
        triplets = miners.TripletMarginMiner(margin, kind, distance=other_distance)(z, y)
        assert getattr(result, kind) == len(triplets[0])


def test_census_without_positives_or_without_negatives_is_empty():
    one_class = census(np.random.default_rng(0).normal(size=(7, 2)), np.zeros(7, int), 0.2)
    assert one_class.total == 0
    assert one_class.per_class_pair.shape == (1, 1, 3)
    assert (one_class.nearest_negative == -1).all()
    assert (one_class.farthest_positive >= 0).all()
    assert (one_class.nearest_distance == np.inf).all()
    assert len(one_class.hardest(3)) == 0
    assert one_class.share_of_top_anchors(0.5) == 0
    single = census(np.ones((1, 1)), np.array([4]))
    assert single.total == 0
    assert single.farthest_positive.tolist() == single.nearest_negative.tolist() == [-1]
    distinct = census(np.random.default_rng(0).normal(size=(5, 2)), np.arange(5))
    assert distinct.total == 0
    assert (distinct.farthest_positive == -1).all()
    assert (distinct.nearest_negative >= 0).all()


@pytest.mark.parametrize("distance", DISTANCES)
def test_triplets_of_a_collapsed_embedding_are_hard(distance):
    y = np.array([0, 0, 1, 1, 2])
    result = census(np.full((5, 3), 0.3), y, 0.2, distance)
    assert (result.easy, result.semihard, result.hard) == (0, 0, number_of_triplets(y))


@pytest.mark.parametrize("distance", DISTANCES)
def test_nearest_negative_and_farthest_positive_equal_those_of_loops(distance):
    z, y = random_points(14)
    result, value = census(z, y, 0.2, distance), distances_by_loops(z, distance)
    for a in range(len(y)):
        near = {n: value[a][n] for n in range(len(y)) if y[n] != y[a]}
        far = {p: value[a][p] for p in range(len(y)) if y[p] == y[a] and p != a}
        assert near.get(int(result.nearest_negative[a]), math.inf) == min(near.values(), default=math.inf)
        assert far.get(int(result.farthest_positive[a]), -math.inf) == max(far.values(), default=-math.inf)
        assert result.nearest_distance[a] == pytest.approx(min(near.values(), default=math.inf), abs=1e-10)
        assert result.farthest_distance[a] == pytest.approx(max(far.values(), default=-math.inf), abs=1e-10)
    gaps = [result.farthest_distance[a] - result.nearest_distance[a] for a in result.hardest(5)]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] == max(result.farthest_distance - result.nearest_distance)


def test_share_of_top_anchors_equals_that_of_sorted_counts():
    z, y = random_points(14)
    result = census(z, y, 1.0)
    lossy = sorted((result.per_anchor[:, 1] + result.per_anchor[:, 2]).tolist(), reverse=True)
    assert result.share_of_top_anchors(1.0) == 1
    assert result.share_of_top_anchors(1 / len(y)) == lossy[0] / sum(lossy)
    assert result.share_of_top_anchors(2 / len(y)) == (lossy[0] + lossy[1]) / sum(lossy)


def test_counts_are_equal_for_numpy_torch_and_any_order():
    z, y = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32), np.arange(50) % 7
    shuffle = np.random.default_rng(1).permutation(50)
    expected = census(z, y)
    for other in (census(torch.from_numpy(z), torch.from_numpy(y)), census(z.astype(np.float64), y.astype(np.uint8))):
        assert (other.per_anchor == expected.per_anchor).all()
    moved = census(z[shuffle], y[shuffle])
    assert (moved.per_anchor == expected.per_anchor[shuffle]).all()
    assert (moved.per_class_pair == expected.per_class_pair).all()
    assert (shuffle[moved.nearest_negative] == expected.nearest_negative[shuffle]).all()
    assert {type(n) for n in (expected.easy, expected.semihard, expected.hard, expected.total)} == {int}


def test_progress_callback_is_called_and_can_stop_the_census(monkeypatch):
    monkeypatch.setattr(triplet_counts, "BLOCK_SIZE", 200)
    z, y = np.random.default_rng(0).normal(size=(50, 4)), np.arange(50) % 7
    calls = []
    census(z, y, progress=lambda done, of: calls.append((done, of)))
    assert calls[-1] == (50, 50)
    assert len(calls) > 5
    assert calls == sorted(calls)
    with pytest.raises(CensusStopped, match="of 50 anchors"):
        census(z, y, progress=lambda done, of: done < 20)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"embeddings": np.zeros(5)}, "matrix"),
        ({"embeddings": np.zeros((0, 3)), "labels": np.zeros(0, int)}, "matrix"),
        ({"embeddings": np.array([[0.0], [np.nan], [1], [2], [3]])}, "NaN"),
        ({"labels": np.zeros(4, int)}, "5 integers"),
        ({"labels": np.zeros(5)}, "integers"),
        ({"distance": "manhattan"}, "sqeuclidean"),
        ({"margin": -0.1}, "at least 0"),
        ({"margin": math.nan}, "finite"),
        ({"margins": [0.1, math.inf]}, "finite"),
    ],
)
def test_invalid_arguments_raise_readable_errors(change, message):
    with pytest.raises(ValueError, match=message):
        census(**{"embeddings": np.zeros((5, 2)), "labels": np.arange(5)} | change)


def test_incomplete_parts_are_rejected():
    z, y = np.random.default_rng(0).normal(size=(50, 4)), np.arange(50) % 7
    sample = triplet_counts.prepare_sample(z, y, (0.2,), "euclidean")
    parts = list(triplet_counts.count_anchors(sample, 3))
    with pytest.raises(ValueError, match="not all 50"):
        assemble_census(sample, parts)
