"""The census counts what plain loops count, ties included, and what pytorch-metric-learning counts away from them."""

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


def loops(value, y, margin):
    """Counts (N, 3) of each anchor and (C, C, 3) of each pair of classes, one triplet at a time."""
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


def value_of(z, distance):
    """Distances one by one; equal points are at exactly equal distances."""

    def one(a, b):
        if distance == "cosine":
            lengths = math.hypot(*a) * math.hypot(*b)
            return 0.0 if a == b else 1 - math.fsum(x * y for x, y in zip(a, b, strict=True)) / max(lengths, 1e-24)
        squared = math.fsum((x - y) ** 2 for x, y in zip(a, b, strict=True))
        return squared if distance == "sqeuclidean" else math.sqrt(squared)

    points = z.tolist()
    return [[one(a, b) for b in points] for a in points]


def points(case):
    """Random points and labels: all different, or each several times; of few or many classes, or one."""
    dice = np.random.default_rng(case)
    n, classes = int(dice.integers(1, 16)), int(dice.integers(1, 6))
    z = dice.normal(size=(n, 3))
    if case % 2:
        z = z[dice.integers(0, n, size=n)]
    return z, dice.integers(0, classes, size=n) * 5 - 3


@pytest.fixture(params=[1, 40, triplet_counts.BLOCK_SIZE])
def block(request, monkeypatch):
    """Anchors one by one, a few at a time, and all at once."""
    monkeypatch.setattr(triplet_counts, "BLOCK_SIZE", request.param)


@pytest.mark.parametrize("case", range(40))
@pytest.mark.usefixtures("block")
def test_counts_equal_those_of_loops(case):
    z, y = points(case)
    for distance, margin in zip(DISTANCES, np.random.default_rng(case).choice(MARGINS, 3), strict=True):
        value = value_of(z, distance)
        others = [m for m in MARGINS if m != margin]
        found = census(z, y, margin, distance, margins=others)
        per_anchor, per_pair = loops(value, y.tolist(), margin)
        assert found.per_anchor.tolist() == per_anchor.tolist()
        assert found.per_class_pair.tolist() == per_pair.tolist()
        assert found.classes.tolist() == sorted(set(y.tolist()))
        assert [found.easy, found.semihard, found.hard] == per_anchor.sum(0).tolist()
        assert found.total == number_of_triplets(y) == per_anchor.sum()
        assert found.margins.tolist() == others
        for at, counts in zip(others, found.per_margin.tolist(), strict=True):
            assert counts == loops(value, y.tolist(), at)[0].sum(0).tolist()


@pytest.mark.parametrize("case", range(12))
@pytest.mark.parametrize("margin", ["0", "0.1", "0.2", "0.3", "0.5"])
def test_decimal_ties_are_counted_as_in_exact_arithmetic(case, margin):
    """On a lattice of tenths most comparisons with a margin tie, and floats alone would settle them by chance."""
    dice = np.random.default_rng(case)
    tenths = dice.integers(-4, 5, size=(14, 2))
    y = dice.integers(0, 3, size=14)
    exact = [[Fraction(int(((a - b) ** 2).sum()), 100) for b in tenths] for a in tenths]
    found = census(tenths / 10, y, float(margin))
    assert found.per_anchor.tolist() == loops(exact, y.tolist(), Fraction(margin))[0].tolist()
    line = tenths[:, 0].tolist()
    plain = [[Fraction(abs(a - b), 10) for b in line] for a in line]
    found = census(np.array(line)[:, None] / 10, y, float(margin), "euclidean")
    assert found.per_anchor.tolist() == loops(plain, y.tolist(), Fraction(margin))[0].tolist()


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1.0, 1e3, 1e6])
def test_counts_are_invariant_to_scale(scale):
    z, y = np.random.default_rng(1).normal(size=(60, 5)), np.random.default_rng(2).integers(0, 4, 60)
    wanted = census(z, y, 0.7, "euclidean").per_anchor
    assert (census(z * scale, y, 0.7 * scale, "euclidean").per_anchor == wanted).all()
    assert (census(z * scale, y, 0.3, "cosine").per_anchor == census(z, y, 0.3, "cosine").per_anchor).all()


@pytest.mark.parametrize("margin", [0.05, 0.2, 1.0])
@pytest.mark.parametrize(
    ("distance", "theirs"),
    [
        ("sqeuclidean", distances.LpDistance(normalize_embeddings=False, power=2)),
        ("euclidean", distances.LpDistance(normalize_embeddings=False)),
        ("cosine", distances.CosineSimilarity()),
    ],
)
def test_counts_agree_with_pytorch_metric_learning(distance, theirs, margin):
    dice = torch.Generator().manual_seed(3)
    z = torch.nn.functional.normalize(torch.randn(96, 8, generator=dice, dtype=torch.float64))
    y = torch.randint(0, 5, (96,), generator=dice)
    found = census(z, y, margin, distance)
    for kind in ("easy", "semihard", "hard"):
        mined = miners.TripletMarginMiner(margin, kind, distance=theirs)(z, y)
        assert getattr(found, kind) == len(mined[0])


def test_census_without_positives_or_without_negatives_is_empty():
    one = census(np.random.default_rng(0).normal(size=(7, 2)), np.zeros(7, int), 0.2)
    assert one.total == 0
    assert one.per_class_pair.shape == (1, 1, 3)
    assert (one.nearest == -1).all()
    assert (one.farthest >= 0).all()
    assert (one.near == np.inf).all()
    assert len(one.hardest(3)) == 0
    assert one.share_of_top_anchors(0.5) == 0
    alone = census(np.ones((1, 1)), np.array([4]))
    assert alone.total == 0
    assert alone.farthest.tolist() == alone.nearest.tolist() == [-1]
    apart = census(np.random.default_rng(0).normal(size=(5, 2)), np.arange(5))
    assert apart.total == 0
    assert (apart.farthest == -1).all()
    assert (apart.nearest >= 0).all()


@pytest.mark.parametrize("distance", DISTANCES)
def test_triplets_of_a_collapsed_embedding_are_hard(distance):
    y = np.array([0, 0, 1, 1, 2])
    found = census(np.full((5, 3), 0.3), y, 0.2, distance)
    assert (found.easy, found.semihard, found.hard) == (0, 0, number_of_triplets(y))


@pytest.mark.parametrize("distance", DISTANCES)
def test_nearest_negative_and_farthest_positive_equal_those_of_loops(distance):
    z, y = points(14)
    found, value = census(z, y, 0.2, distance), value_of(z, distance)
    for a in range(len(y)):
        near = {n: value[a][n] for n in range(len(y)) if y[n] != y[a]}
        far = {p: value[a][p] for p in range(len(y)) if y[p] == y[a] and p != a}
        assert near.get(int(found.nearest[a]), math.inf) == min(near.values(), default=math.inf)
        assert far.get(int(found.farthest[a]), -math.inf) == max(far.values(), default=-math.inf)
        assert found.near[a] == pytest.approx(min(near.values(), default=math.inf), abs=1e-10)
        assert found.far[a] == pytest.approx(max(far.values(), default=-math.inf), abs=1e-10)
    gaps = [found.far[a] - found.near[a] for a in found.hardest(5)]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] == max(found.far - found.near)


def test_share_of_top_anchors_equals_that_of_sorted_counts():
    z, y = points(14)
    found = census(z, y, 1.0)
    lossy = sorted((found.per_anchor[:, 1] + found.per_anchor[:, 2]).tolist(), reverse=True)
    assert found.share_of_top_anchors(1.0) == 1
    assert found.share_of_top_anchors(1 / len(y)) == lossy[0] / sum(lossy)
    assert found.share_of_top_anchors(2 / len(y)) == (lossy[0] + lossy[1]) / sum(lossy)


def test_counts_are_equal_for_numpy_torch_and_any_order():
    z, y = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32), np.arange(50) % 7
    shuffle = np.random.default_rng(1).permutation(50)
    wanted = census(z, y)
    for other in (census(torch.from_numpy(z), torch.from_numpy(y)), census(z.astype(np.float64), y.astype(np.uint8))):
        assert (other.per_anchor == wanted.per_anchor).all()
    moved = census(z[shuffle], y[shuffle])
    assert (moved.per_anchor == wanted.per_anchor[shuffle]).all()
    assert (moved.per_class_pair == wanted.per_class_pair).all()
    assert (shuffle[moved.nearest] == wanted.nearest[shuffle]).all()
    assert {type(n) for n in (wanted.easy, wanted.semihard, wanted.hard, wanted.total)} == {int}


def test_progress_callback_is_called_and_can_stop_the_census(monkeypatch):
    monkeypatch.setattr(triplet_counts, "BLOCK_SIZE", 200)
    z, y = np.random.default_rng(0).normal(size=(50, 4)), np.arange(50) % 7
    told = []
    census(z, y, progress=lambda done, of: told.append((done, of)))
    assert told[-1] == (50, 50)
    assert len(told) > 5
    assert told == sorted(told)
    with pytest.raises(CensusStopped, match="of 50 anchors"):
        census(z, y, progress=lambda done, of: done < 20)


@pytest.mark.parametrize(
    ("change", "words"),
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
def test_invalid_arguments_raise_readable_errors(change, words):
    with pytest.raises(ValueError, match=words):
        census(**{"embeddings": np.zeros((5, 2)), "labels": np.arange(5)} | change)


def test_incomplete_parts_are_rejected():
    z, y = np.random.default_rng(0).normal(size=(50, 4)), np.arange(50) % 7
    given = triplet_counts.prepare_sample(z, y, (0.2,), "euclidean")
    parts = list(triplet_counts.count_anchors(given, 3))
    with pytest.raises(ValueError, match="not all 50"):
        assemble_census(given, parts)
