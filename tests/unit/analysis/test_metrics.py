"""Metrics equal plain loops, and pytorch-metric-learning and scikit-learn where these have the same metric."""

import numpy as np
import pytest
import torch
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from sklearn.neighbors import KNeighborsClassifier

from cl_core.analysis import metrics
from cl_core.data import image_files

SEEDS = range(4)


def sample(seed: int, n: int = 80, dim: int = 6, classes: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    z = rng.standard_normal((n, dim)) + 1.2 * rng.standard_normal((classes, dim))[y]
    return torch.tensor(z, dtype=torch.float32), torch.tensor(y)


def neighbours_of(z: torch.Tensor, i: int) -> list[int]:
    """Return the indices of all other points, nearest first."""
    distances = ((z.double() - z[i].double()) ** 2).sum(1)
    return [int(j) for j in distances.argsort(stable=True) if j != i]


@pytest.mark.parametrize("seed", SEEDS)
def test_recall_and_knn_equal_those_of_loops(seed):
    z, y = sample(seed)
    correct = correct_votes = 0
    for i in range(len(z)):
        labels = [int(y[j]) for j in neighbours_of(z, i)[: metrics.NEIGHBOURS]]
        correct += labels[0] == y[i]
        most = max(labels.count(label) for label in labels)
        winners = [label for label in labels if labels.count(label) == most]
        # with five votes a tie is two against two, and the class with the smaller sum of ranks wins
        ranks = {label: sum(r for r, other in enumerate(labels) if other == label) for label in winners}
        correct_votes += min(winners, key=lambda label: ranks[label]) == y[i]
    knn, recall = metrics.neighbour_scores(z, y)
    assert recall == pytest.approx(correct / len(z))
    assert knn == pytest.approx(correct_votes / len(z))
    assert metrics.recall_at_1(z, y) == recall


@pytest.mark.parametrize("seed", SEEDS)
def test_recall_equals_leave_one_out_of_scikit_learn(seed):
    z, y = sample(seed)
    correct = 0
    for i in range(len(z)):
        others = np.arange(len(z)) != i
        correct += KNeighborsClassifier(1).fit(z[others], y[others]).predict(z[i : i + 1])[0] == y[i]
    assert metrics.recall_at_1(z, y) == pytest.approx(correct / len(z))


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e20, 1e36])
@pytest.mark.parametrize("n", [2, 3, metrics.NEIGHBOURS + 1, 300])
def test_no_point_is_its_own_neighbour(n, scale):
    z, _ = sample(0, n)
    z[n // 2 :] = z[n // 2]  # points that coincide
    for k in {1, n - 1}:
        neighbours = metrics.nearest_neighbours(scale * z, k)
        assert neighbours.shape == (n, k)
        assert not (neighbours == torch.arange(n)[:, None]).any()
        assert all(len(set(row)) == k for row in neighbours.tolist())
    unlike = torch.arange(n)  # no point has a neighbour of its own class
    assert metrics.recall_at_1(z, unlike) == 0
    assert metrics.map_at_r(scale * z, torch.tensor([0, 0, *range(1, n - 1)])) <= 1


def test_too_few_points_for_a_number_of_neighbours_are_refused_in_words():
    with pytest.raises(ValueError, match="5 neighbours need 6 points or more, not 4"):
        metrics.neighbour_scores(*sample(0, 4))


def test_smallest_data_set_has_enough_points_for_every_metric():
    assert image_files.MIN_IMAGES > metrics.NEIGHBOURS
    z, y = torch.zeros(image_files.MIN_IMAGES, 2), torch.tensor([0, 0, 1, 1, 2, 3])
    for points in (z, sample(0, len(y), 2)[0]):
        measured = metrics.measure(points, y, points)
        assert all(0 <= value <= 4 for name, value in vars(measured).items() if name != "uniformity")


@pytest.mark.parametrize("seed", SEEDS)
def test_map_at_r_equals_that_of_loops(seed):
    z, y = sample(seed)
    y[0] = 99  # a class of one image has no positives and is left out
    averages = []
    for i in range(len(z)):
        r = int((y == y[i]).sum()) - 1
        if r:
            hits = [y[j] == y[i] for j in neighbours_of(z, i)[:r]]
            averages.append(sum(sum(hits[: k + 1]) / (k + 1) for k in range(r) if hits[k]) / r)
    assert metrics.map_at_r(z, y) == pytest.approx(np.mean(averages), abs=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_recall_and_map_at_r_agree_with_pytorch_metric_learning(seed):
    z, y = sample(seed)
    names = ("precision_at_1", "mean_average_precision_at_r")
    expected = AccuracyCalculator(include=names, k="max_bin_count", knn_func=exact_knn).get_accuracy(z, y)
    assert metrics.recall_at_1(z, y) == pytest.approx(expected["precision_at_1"])
    assert metrics.map_at_r(z, y) == pytest.approx(expected["mean_average_precision_at_r"], abs=1e-6)


def exact_knn(query, k, reference, ref_includes_query):
    """Search neighbours as AccuracyCalculator asks for, without faiss."""
    assert ref_includes_query
    distances = torch.cdist(query.double(), reference.double()).fill_diagonal_(torch.inf)
    nearest = distances.topk(k - 1 if k > len(reference) - 1 else k, largest=False)
    return nearest.values, nearest.indices


def test_alignment_and_uniformity_equal_those_of_loops():
    z, y = sample(0, n=30)
    u = torch.nn.functional.normalize(z)
    positive_squares, potentials = [], []
    for i in range(len(u)):
        for j in range(len(u)):
            if i != j:
                square = float(((u[i] - u[j]) ** 2).sum())
                potentials.append(np.exp(-2 * square))
                if y[i] == y[j]:
                    positive_squares.append(square)
    alignment, uniformity = metrics.alignment_and_uniformity(u, y)
    assert alignment == pytest.approx(np.mean(positive_squares), rel=1e-5)
    assert uniformity == pytest.approx(np.log(np.mean(potentials)), rel=1e-5)


def test_collapsed_embedding_has_zero_spread_alignment_and_uniformity():
    y = torch.arange(40) % 4
    z = torch.nn.functional.normalize(torch.ones(40, 8))
    result = metrics.measure(z, y, z[:, :2])
    assert result.spread == pytest.approx(0, abs=1e-6)
    assert (result.alignment, result.uniformity) == (pytest.approx(0, abs=1e-5), pytest.approx(0, abs=1e-5))
    assert (result.easy, result.semihard, result.hard) == (0, 0, 1)  # every tie of d_ap and d_an is hard


def test_perfect_classes_score_one():
    y = torch.arange(60) % 3
    z = torch.eye(3)[y] + 1e-3 * torch.randn(60, 3, generator=torch.Generator().manual_seed(0))
    result = metrics.measure(z, y, z[:, :2])
    assert (result.knn, result.recall, result.map_r, result.easy) == (1, 1, 1, 1)


def test_alignment_and_map_at_r_are_zero_without_positives():
    z, _ = sample(0, n=10)
    y = torch.arange(10)
    assert metrics.map_at_r(z, y) == 0
    assert metrics.alignment_and_uniformity(torch.nn.functional.normalize(z), y)[0] == 0
