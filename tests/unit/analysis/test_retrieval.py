"""Retrieval agrees with plain loops, scikit-learn and pytorch-metric-learning, ties included."""

import math

import numpy as np
import pytest
import torch
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from pytorch_metric_learning.utils.inference import CustomKNN
from sklearn.neighbors import NearestNeighbors

from cl_core.analysis import metrics, retrieval
from cl_core.analysis.retrieval import MEASURES, RetrievalStopped, retrieve

CASES = ["spread", "integers", "duplicates", "one class", "classes of one", "huge", "tiny"]


def example(case, n=120, dim=5, seed=0):
    rng = np.random.default_rng(seed)
    z, y = rng.normal(size=(n, dim)), rng.integers(0, 4, n)
    match case:
        case "integers":  # many equal distances
            z = rng.integers(1, 4, (n, dim)).astype(float)
        case "duplicates":
            z = z[rng.integers(0, n // 4, n)]
        case "one class":
            y = np.zeros(n, np.int64)
        case "classes of one":
            y = np.arange(n) // 2 + np.arange(n) % 2 * (np.arange(n) > n // 2) * 1000
        case "huge":
            z *= 1e90
        case "tiny":
            z *= 1e-90
    return z, y


def plain_similarity(z, measure):
    """Similarities by loops over pairs of distinct embeddings, so that equal ones tie exactly."""
    n = len(z)
    value = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            if measure == "cosine":
                a, b = z[i] / np.abs(z[i]).max(), z[j] / np.abs(z[j]).max()
                value[i, j] = a @ b / math.sqrt(a @ a) / math.sqrt(b @ b)
            else:
                value[i, j] = -math.sqrt(((z[i] - z[j]) ** 2).sum())
    return value


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("case", CASES)
def test_agrees_with_plain_loops(case, measure):
    z, y = example(case)
    found = retrieve(z, y, 7, measure)
    value = plain_similarity(z, measure)
    np.fill_diagonal(value, -np.inf)
    scale = np.abs(value[np.isfinite(value)]).max()
    sign = 1 if measure == "cosine" else -1
    for i, nearest in enumerate(found.neighbours):
        assert i not in nearest
        assert len(set(nearest)) == 7
        # the same similarities as those of the seven best, and in their order
        best = np.sort(value[i])[::-1][:7]
        np.testing.assert_allclose(value[i, nearest], best, rtol=1e-6, atol=1e-7 * scale)
        np.testing.assert_allclose(sign * found.similarity[i], best, rtol=1e-6, atol=1e-7 * scale)


@pytest.mark.parametrize("block", [120, 1000, 1 << 21])
@pytest.mark.parametrize("case", ["integers", "duplicates"])
def test_ties_go_to_the_earlier_row_whatever_the_blocks(case, block, monkeypatch):
    monkeypatch.setattr(retrieval, "BLOCK_ENTRIES", block)
    z, y = example(case)
    found = retrieve(z, y, 9, "euclidean")
    squares = ((z[:, None] - z[None]) ** 2).sum(axis=2)  # of equal embeddings, and of integers, exactly equal
    np.fill_diagonal(squares, np.inf)
    if case == "integers":
        np.testing.assert_array_equal(found.neighbours, np.argsort(squares, axis=1, kind="stable")[:, :9])
    for row, nearest in enumerate(found.neighbours):
        distances = squares[row, nearest]
        for a, b, first, second in zip(nearest, nearest[1:], distances, distances[1:], strict=False):
            assert first < second or (np.isclose(first, second) and (a < b or not np.array_equal(z[a], z[b])))
        left_out = np.setdiff1d(np.flatnonzero(squares[row] == distances[-1]), nearest)
        assert (left_out > nearest[squares[row, nearest] == distances[-1]].max()).all()


@pytest.mark.parametrize("case", ["spread", "classes of one"])
def test_average_precision_agrees_with_plain_loops(case):
    z, y = example(case)
    found = retrieve(z, y, 3, "euclidean")
    order = np.argsort(-plain_similarity(z, "euclidean"), axis=1, kind="stable")
    for i in range(len(z)):
        ranked = [j for j in order[i] if j != i]
        positives = sum(y[j] == y[i] for j in ranked)
        precisions, hits = [], 0
        for rank, j in enumerate(ranked[:positives], 1):
            if y[j] == y[i]:
                hits += 1
                precisions.append(hits / rank)
        if positives:
            assert found.average_precision[i] == pytest.approx(sum(precisions) / positives)
        else:
            assert math.isnan(found.average_precision[i])


def test_agrees_with_libraries():
    z, y = example("spread", n=500, dim=8)
    found = retrieve(z, y, 10, "euclidean")
    theirs = NearestNeighbors(n_neighbors=10).fit(z).kneighbors(return_distance=False)
    np.testing.assert_array_equal(found.neighbours, theirs)
    scores = AccuracyCalculator(
        include=("precision_at_1", "mean_average_precision_at_r"),
        k="max_bin_count",
        knn_func=CustomKNN(LpDistance(normalize_embeddings=False)),
    ).get_accuracy(torch.from_numpy(z), torch.from_numpy(y))
    assert found.recall_at(1) == pytest.approx(scores["precision_at_1"])
    assert found.map_at_r == pytest.approx(scores["mean_average_precision_at_r"])
    assert found.map_at_r == pytest.approx(metrics.map_at_r(torch.from_numpy(z), torch.from_numpy(y)))


def test_recall_grows_with_k_and_counts_by_hand():
    z = np.array([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9], [0.7, 0.3]])
    found = retrieve(z, np.array([0, 0, 1, 1, 1]), 2)
    np.testing.assert_array_equal(found.neighbours[:, 0], [1, 0, 3, 2, 1])
    assert found.recall_at(1) == 4 / 5
    np.testing.assert_array_equal(found.retrieved_wrongly(), [False, False, False, False, True])
    assert found.recall_at(2) == 4 / 5
    assert found.similarity[0, 0] == pytest.approx(0.9 / math.hypot(0.9, 0.1))
    for k in (0, 3):
        with pytest.raises(ValueError, match="k must be 1 to 2"):
            found.recall_at(k)


def test_progress_is_reported_and_can_stop_it(monkeypatch):
    monkeypatch.setattr(retrieval, "BLOCK_ENTRIES", 120 * 50)
    z, y = example("spread")
    seen = []
    retrieve(z, y, 1, progress=lambda done, of: seen.append((done, of)))
    assert seen == [(50, 120), (100, 120), (120, 120)]
    with pytest.raises(RetrievalStopped, match="after 50 of 120 points"):
        retrieve(z, y, 1, progress=lambda *_: False)


@pytest.mark.parametrize(
    ("z", "y", "k", "measure", "message"),
    [
        (np.zeros((3, 2)), [0, 1, 1], 1, "cosine", "row 0 is zero"),
        (np.full((3, 2), np.nan), [0, 1, 1], 1, "cosine", "NaN"),
        (np.ones((3, 2)), [0, 1], 1, "cosine", "labels must be 3 integers"),
        (np.ones((3, 2)), [0.0, 1, 1], 1, "cosine", "labels must be 3 integers"),
        (np.ones(3), [0, 1, 1], 1, "cosine", "matrix"),
        (np.ones((1, 2)), [0], 1, "cosine", "two rows"),
        (np.ones((3, 0)), [0, 1, 1], 1, "cosine", "matrix"),
        (np.ones((3, 2)), [0, 1, 1], 3, "cosine", "k must be 1 to 2"),
        (np.ones((3, 2)), [0, 1, 1], 0, "cosine", "k must be 1 to 2"),
        (np.ones((3, 2)), [0, 1, 1], 1, "dot", "measure must be"),
        (np.full((3, 2), 1e200), [0, 1, 1], 1, "euclidean", "entries up to"),
    ],
)
def test_what_cannot_be_searched_is_refused_in_words(z, y, k, measure, message):
    with pytest.raises(ValueError, match=message):
        retrieve(z, np.array(y), k, measure)


def test_torch_tensors_are_taken():
    z, y = example("spread", n=20)
    found = retrieve(torch.from_numpy(z), torch.from_numpy(y), 1)
    np.testing.assert_array_equal(found.neighbours, retrieve(z, y, 1).neighbours)
