"""Wrong labels: a share of the training labels is replaced by those of other classes, as symmetric label noise."""

import numpy as np
from numpy.typing import NDArray

SEED = 20  # of all runs, so that runs of different seeds have the same wrong labels


def with_wrong_labels(labels: NDArray[np.int64], share: float) -> NDArray[np.int64]:
    """Replace a share of labels by labels of other classes, each other class equally likely.

    The choice depends on the labels alone. The rows that are wrong at one share are also wrong at every larger one,
    with the same label.

    Args:
        labels: (N,) int64, the true labels of a training set.
        share: share of wrong labels, 0 to 1; the number of rows is rounded.

    Returns:
        (N,) int64; labels of a single class are returned as they are.

    Source: symmetric label noise as in Patrini et al. (2017), "Making Deep Neural Networks Robust to Label Noise".
    """
    classes, index = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        return labels
    rng = np.random.default_rng(SEED)
    rows = rng.permutation(len(labels))[: round(share * len(labels))]
    offsets = rng.integers(1, len(classes), len(labels))  # for every row, so that a larger share changes none
    wrong = labels.copy()
    wrong[rows] = classes[(index[rows] + offsets[rows]) % len(classes)]
    return wrong
