"""Retrieval among all test images by the network of a checkpoint: neighbours, pairs, and what its classifier says."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cl_core.analysis.projection import PcaView
from cl_core.analysis.retrieval import Retrieval, retrieve
from cl_core.analysis.verification import PairHistogram, pair_histogram
from cl_core.data import datasets
from cl_core.pretrained import checkpoints
from cl_core.training import loop

NEIGHBOURS = 10


@dataclass(frozen=True, eq=False)
class RetrievalReport:
    """What one network makes of the N test images, by cosine.

    Attributes:
        rows: (N,) int64, indices of the images in the test set, in the order of all that follows.
        retrieval: the nearest others of each image.
        pairs: all pairs by their cosine.
        places: (N, 2) embeddings of length 1 on their first two principal axes.
        classified: (N,) whether the class weight with the largest logit is that of the image's class; None for a loss
            without class weights.
    """

    rows: NDArray[np.int64]
    retrieval: Retrieval
    pairs: PairHistogram
    places: NDArray[np.float32]
    classified: NDArray[np.bool_] | None


def report(loss: str, stage: str) -> RetrievalReport:
    """Embed all test images with a checkpoint, and compare each with all others.

    Args:
        loss: one of `checkpoints.LOSSES`.
        stage: one of `embeddings.STAGES`.

    Raises:
        ValueError: when there is no such checkpoint.
        DataError: when its file is missing or damaged.
    """
    state = checkpoints.load(loss, stage)
    data = datasets.load(state.spec.dataset)
    n = len(data.x_test)
    snapshot = loop.snapshot(state, n)
    weight, bias = loop.class_weights(state)
    return RetrievalReport(
        datasets.probe_indices(data, n),
        retrieve(snapshot.z, snapshot.y, NEIGHBOURS),
        pair_histogram(snapshot.z, snapshot.y),
        _places(snapshot.z),
        None if weight is None else _classify(snapshot.z, weight, bias) == snapshot.y,
    )


def _classify(
    z: NDArray[np.float32], weight: NDArray[np.float32], bias: NDArray[np.float32] | None
) -> NDArray[np.intp]:
    """Return the class of each embedding (n,): of the largest inner product, where there is a bias, or cosine."""
    if bias is None:
        weight = weight / np.linalg.norm(weight, axis=1, keepdims=True)
    logits = z @ weight.T + (0 if bias is None else bias)
    classes: NDArray[np.intp] = logits.argmax(axis=1)
    return classes


def _places(z: NDArray[np.float32]) -> NDArray[np.float32]:
    """Project the directions of embeddings on their first two principal axes, (n, 2)."""
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    places: NDArray[np.float32] = PcaView.fit(unit, 2).project(unit)
    return places
