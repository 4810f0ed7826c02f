"""Histograms of pairs and rates of thresholds agree with plain loops and scikit-learn."""

import itertools
import math

import numpy as np
import pytest
from sklearn.metrics import det_curve, roc_curve

from cl_core.analysis import verification
from cl_core.analysis.retrieval import RetrievalStopped
from cl_core.analysis.verification import bin_edges, pair_histogram


def example(n=150, dim=4, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.choice([2, 3, 7], n)
    return rng.normal(size=(n, dim)) + np.eye(8)[y, :dim] * 2, y


def cosine(a, b):
    return sum(a * b) / math.sqrt(sum(a * a)) / math.sqrt(sum(b * b))


@pytest.mark.parametrize("block", [1, 1000, 1 << 21])
@pytest.mark.parametrize("bins", [1, 7, 400])
def test_counts_agree_with_a_loop_over_all_pairs(block, bins, monkeypatch):
    monkeypatch.setattr(verification, "BLOCK_ENTRIES", block)
    z, y = example()
    found = pair_histogram(z, y, bins)
    counts = np.zeros((3, 3, bins), np.int64)
    edges = bin_edges(bins)
    for i, j in itertools.combinations(range(len(z)), 2):
        place = min(max(b for b in range(bins + 1) if edges[b] <= cosine(z[i], z[j])), bins - 1)
        a, b = (list(found.classes).index(label) for label in (y[i], y[j]))
        counts[a, b, place] += 1
        if a != b:
            counts[b, a, place] += 1
    np.testing.assert_array_equal(found.counts, counts)
    assert found.same().sum() + found.different().sum() == len(z) * (len(z) - 1) // 2


@pytest.mark.parametrize("label", [None, 2, 3, 7])
def test_rates_agree_with_scikit_learn(label):
    z, y = example(n=500)
    found = pair_histogram(z, y)
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    first, second = np.triu_indices(len(z), 1)
    cosines, same = (unit[first] * unit[second]).sum(axis=1), y[first] == y[second]
    chosen = np.ones(len(first), bool) if label is None else (y[first] == label) | (y[second] == label)
    if label is not None:
        same = same & (y[first] == label)
    cosines, same = cosines[chosen], same[chosen]
    thresholds = found.edges
    match, miss = found.false_match_rate(label), found.false_non_match_rate(label)
    for edge in range(0, len(thresholds), 97):
        assert match[edge] == pytest.approx((cosines[~same] >= thresholds[edge]).mean(), abs=1e-12)
        assert miss[edge] == pytest.approx((cosines[same] < thresholds[edge]).mean(), abs=1e-12)
    fpr, tpr, _ = roc_curve(same, cosines, drop_intermediate=False)
    at = 1e-3
    best = tpr[fpr <= at].max()
    threshold, rate = found.true_accept_rate(at, label)
    assert match[np.flatnonzero(thresholds == threshold)[0]] <= at
    assert best - 0.02 <= rate <= best  # the next edge, a thousandth away at most
    fpr, fnr, _ = det_curve(same, cosines)
    nearest = np.argmin(np.abs(fpr - fnr))
    assert found.equal_error(label)[1] == pytest.approx((fpr[nearest] + fnr[nearest]) / 2, abs=0.003)


def test_rates_of_points_on_edges():
    """Cosines of 1, 0 and -1 are exact; a pair on the threshold matches."""
    z, y = np.array([[1.0, 0], [1, 0], [0, 1], [-1, 0]]), np.array([0, 0, 0, 1])
    found = pair_histogram(z, y, 4)
    np.testing.assert_array_equal(found.same(), [0, 0, 2, 1])
    np.testing.assert_array_equal(found.different(), [2, 0, 1, 0])
    np.testing.assert_allclose(found.false_match_rate(), [1, 1 / 3, 1 / 3, 0, 0])
    np.testing.assert_allclose(found.false_non_match_rate(), [0, 0, 0, 2 / 3, 1])
    assert found.equal_error() == (-0.5, pytest.approx(1 / 6))
    assert found.true_accept_rate(0) == (0.5, pytest.approx(1 / 3))
    assert found.true_accept_rate(1) == (-1, 1)


def test_without_pairs_of_a_kind_there_is_no_rate():
    z, _ = example(n=10)
    alone = pair_histogram(z, np.zeros(10, np.int64))
    assert np.isnan(alone.false_match_rate()).all()
    assert math.isnan(alone.equal_error()[1])
    assert math.isnan(pair_histogram(z, np.arange(10)).true_accept_rate(0.1)[1])
    with pytest.raises(ValueError, match="there is no class 1; there are: 2, 3, 7"):
        pair_histogram(*example()).same(1)


def test_it_refuses_reports_and_stops(monkeypatch):
    z, y = example(n=30)
    with pytest.raises(ValueError, match="bins must be at least 1"):
        pair_histogram(z, y, 0)
    with pytest.raises(ValueError, match="zero and has no cosine"):
        pair_histogram(np.zeros((3, 2)), np.array([0, 1, 1]))
    seen = []
    pair_histogram(z, y, progress=lambda done, of: seen.append((done, of)))
    assert seen[-1] == (30, 30)
    assert seen == sorted(seen)
    with pytest.raises(RetrievalStopped):
        pair_histogram(z, y, progress=lambda *_: False)
