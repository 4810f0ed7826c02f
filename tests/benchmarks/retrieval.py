"""Time and memory of retrieval and of the histogram of pairs, compared with scikit-learn and pytorch-metric-learning.

`python -m tests.benchmarks.retrieval` prints Markdown; `--write` also saves it in `results`. The embeddings are those
of the test images of MNIST after training.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from pytorch_metric_learning.distances import CosineSimilarity
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from pytorch_metric_learning.utils.inference import CustomKNN
from sklearn.metrics import roc_curve
from sklearn.neighbors import NearestNeighbors

from cl_core.analysis.retrieval import retrieve
from cl_core.analysis.verification import pair_histogram
from tests.benchmarks import machine, report
from tests.benchmarks.census import MIB, Cost, embedded_images, measure_cost
from tests.benchmarks.limited_process import OutOfMemory, run_limited

SIZES = (1000, 10_000)
K = 10
BLOCK = 500  # queries that the other libraries compare at a time: else they would hold all similarities at once
SCORES = ("precision_at_1", "mean_average_precision_at_r")


def measure_retrieval(n: int) -> Cost:
    """Measure ten neighbours and MAP@R of every image."""
    z, y = (part.numpy() for part in embedded_images(n))
    return measure_cost(lambda: retrieve(z, y, K))


def measure_histogram(n: int) -> Cost:
    """Measure the histogram of all pairs."""
    z, y = (part.numpy() for part in embedded_images(n))
    return measure_cost(lambda: pair_histogram(z, y))


def measure_scikit_learn(n: int) -> Cost:
    """Measure ten neighbours of every image by scikit-learn, without MAP@R."""
    z = embedded_images(n)[0].numpy()
    search = NearestNeighbors(n_neighbors=K, algorithm="brute", metric="cosine").fit(z)
    return measure_cost(lambda: search.kneighbors(return_distance=True))


def measure_pytorch_metric_learning(n: int) -> Cost:
    """Measure recall@1 and MAP@R by pytorch-metric-learning, without other neighbours."""
    z, y = embedded_images(n)
    knn = CustomKNN(CosineSimilarity(), batch_size=BLOCK)
    calculator = AccuracyCalculator(include=SCORES, k="max_bin_count", knn_func=knn)
    return measure_cost(lambda: calculator.get_accuracy(z, y))


def measure_roc(n: int) -> Cost:
    """Measure the error rates of all thresholds by scikit-learn, from a list of all pairs."""
    z, y = embedded_images(n)
    unit = torch.nn.functional.normalize(z).numpy()
    labels = y.numpy()

    def task() -> None:
        first, second = np.triu_indices(n, 1)
        roc_curve(labels[first] == labels[second], (unit @ unit.T)[first, second])

    return measure_cost(task)


def _measure(task: Callable[[int], Any], n: int) -> Cost | None:
    """Return the cost of a task; None if it needs more memory than this benchmark gives it."""
    try:
        cost: Cost = run_limited(task, n)
    except OutOfMemory:
        return None
    return cost


def markdown() -> str:
    """Measure everything; return Markdown."""
    rows = []
    for n in SIZES:
        ours, theirs, calculator = (
            _measure(task, n) for task in (measure_retrieval, measure_scikit_learn, measure_pytorch_metric_learning)
        )
        rows.append([f"{n:,}", "neighbours", _text(ours), _text(theirs), _text(calculator)])
        ours, theirs = (_measure(task, n) for task in (measure_histogram, measure_roc))
        rows.append([f"{n:,}", "pairs", _text(ours), _text(theirs), ""])
    head = ["N", "what", "this library", "scikit-learn", "pytorch-metric-learning"]
    return (
        f"{machine.describe()}. Processor time of one thread (minimum over repeats) and growth of peak memory; "
        f"cosines, D = 128. Neighbours: ours are the {K} nearest, recall@k and MAP@R in double precision; "
        f"scikit-learn's the {K} nearest by brute force; pytorch-metric-learning's recall@1 and MAP@R. Pairs: ours are "
        "the histogram of all, by pair of classes; scikit-learn's is `roc_curve` of all pairs.\n\n"
        f"{report.table(head, rows)}\n"
    )


def _text(cost: Cost | None) -> str:
    return "" if cost is None else f"{report.number(cost.seconds)} s, {report.number(cost.memory / MIB)} MiB"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    options = report.parser("retrieval", __doc__).parse_args(arguments)
    report.print_and_save(markdown(), options.write)


if __name__ == "__main__":
    main()
