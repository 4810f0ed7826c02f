"""One cell from start to end: the first stage, classifiers on its frozen encoder, and measures of the embedding."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from cl_core import training
from cl_core.analysis import metrics, projection
from cl_core.data import datasets
from cl_core.experiments.grid import METHODS, Cell
from cl_core.losses.execution import is_finite
from cl_core.runtime import process_memory
from cl_core.training import State, optimisers, rng
from cl_core.training.machine import machine_description

CLASSIFIER_BATCH, CLASSIFIER_RATE = 32, 0.001  # of the second stage, as in the article
CHUNK = 200  # steps between two progress reports
PROBES = 2000  # test images that the embedding is measured on
DRAWN = 500  # number of them whose PCA coordinates are stored
HEADS = ("right", "odd")  # classifiers with softmax applied once, and twice

ProgressCallback = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class Outcome:
    """The outcome of a cell.

    Attributes:
        accuracy_right: accuracy on the test images of the classifier with softmax applied once; NaN if there is none.
        accuracy_odd: the same of the classifier with softmax applied twice.
        knn, map_r, spread, alignment, uniformity: measures of the first stage's embedding; see `metrics.Metrics`.
        compactness: compactness of the first stage's embedding; see `compactness`.
        loss: mean loss of the last steps of the first stage.
        steps: steps done in the first stage.
        seconds: processor time of the first stage, in seconds.
        seconds_two: processor time of the second stage, in seconds.
        memory: growth of memory at the peak of the first stage's steps, in MiB.
        failure: why the first stage ended early; empty if it did not.
        points: (DRAWN, 2) float16, the PCA view of the first probe images.
    """

    accuracy_right: float
    accuracy_odd: float
    knn: float
    map_r: float
    spread: float
    alignment: float
    uniformity: float
    compactness: float
    loss: float
    steps: int
    seconds: float
    seconds_two: float
    memory: float
    failure: str
    points: NDArray[np.float16]


def run_cell(cell: Cell, progress: ProgressCallback = lambda _: None) -> Outcome:
    """Run a cell with one thread.

    Args:
        cell: the cell.
        progress: called with the share of the work that is done, from 0 to 1.

    Returns:
        The outcome. After a failure of the first stage its scores are NaN.

    Raises:
        ValueError: when the cell has settings that cannot be run.
    """
    torch.set_num_threads(1)
    state = training.start(cell.spec)
    losses: list[NDArray[np.float32]] = []

    def train_first_stage() -> None:
        nonlocal state
        while state.step < cell.steps and not state.failure:
            state = training.advance(state, steps=min(CHUNK, cell.steps - state.step), limit=cell.steps)
            losses.append(state.losses)
            progress(0.8 * state.step / cell.steps)

    started = time.process_time()
    memory_growth = process_memory.peak_growth(train_first_stage)
    seconds = time.process_time() - started
    last_losses = np.concatenate(losses)[-CHUNK:] if state.step else np.full(1, np.nan)
    started = time.process_time()
    accuracies = _accuracies(state, cell, lambda share: progress(0.8 + 0.2 * share))
    measures = _measure_embedding(state)
    return Outcome(
        **accuracies, **measures, loss=float(last_losses.mean()), steps=state.step, seconds=seconds,
        seconds_two=time.process_time() - started, memory=memory_growth / process_memory.MIB,
        failure=state.failure or "",
    )  # fmt: skip


def _accuracies(state: State, cell: Cell, progress: ProgressCallback) -> dict[str, Any]:
    """Return the test accuracy for each of `HEADS`; NaN where there is none, as after a failed first stage.

    A net that is a classifier itself has one accuracy only, that of the variant it was trained with.
    """
    shares: NDArray[np.float64] = np.full(len(HEADS), np.nan)
    data = datasets.load(state.spec.dataset)
    y, y_test = torch.tensor(data.y_train), torch.tensor(data.y_test)
    if METHODS[cell.method].stages == 1 and not state.failure:
        weight, bias = training.class_weights(state)
        assert weight is not None
        assert bias is not None
        logits = training.embed(state, data.x_test) @ torch.from_numpy(weight).T + torch.from_numpy(bias)
        shares[HEADS.index("odd" if cell.odd else "right")] = (logits.argmax(1) == y_test).float().mean()
    elif not state.failure:
        train, test = (training.embed(state, x, features=True) for x in (data.x_train, data.x_test))
        weights, biases = train_classifiers(
            train,
            y,
            data.n_classes,
            epochs=cell.epochs,
            seed=cell.seed,
            optimiser=cell.spec.optimiser,
            progress=progress,
        )
        shares[:] = ((test @ weights + biases).argmax(2) == y_test).float().mean(1)
    return {f"accuracy_{head}": float(share) for head, share in zip(HEADS, shares, strict=True)}


def train_classifiers(
    features: Tensor,
    y: Tensor,
    classes: int,
    *,
    epochs: int,
    seed: int,
    optimiser: str = "adam",
    progress: ProgressCallback = lambda _: None,
) -> tuple[Tensor, Tensor]:
    """Train a linear classifier for each of `HEADS`, from the same initial weights and on the same batches.

    Args:
        features: (N, D) features of a frozen encoder.
        y: (N,) labels.
        classes: number of classes.
        epochs: number of epochs.
        seed: seed of the initial weights and of the order of the batches.
        optimiser: "adam" or "keras_adam".
        progress: called with the share of the epochs that are done, from 0 to 1.

    Returns:
        Weights (2, D, classes) and biases (2, 1, classes).
    """
    weight = torch.zeros(len(HEADS), features.shape[1], classes)
    torch.nn.init.xavier_uniform_(weight[0], generator=rng.generator(seed, rng.CLASSIFIER))
    weight[1] = weight[0]
    weight, bias = weight.requires_grad_(), torch.zeros(len(HEADS), 1, classes, requires_grad=True)
    adam = optimisers.adam(optimiser, [weight, bias], CLASSIFIER_RATE)
    steps = len(features) // CLASSIFIER_BATCH
    for epoch in range(epochs):
        order = rng.permutation(seed, epoch, len(features), rng.CLASSIFIER)
        for rows in order[: steps * CLASSIFIER_BATCH].view(steps, CLASSIFIER_BATCH):
            logits = features[rows] @ weight + bias  # (2, BATCH, C)
            loss = cross_entropy(logits[0], y[rows]) + cross_entropy(logits[1].softmax(1), y[rows])
            adam.zero_grad()
            loss.backward()
            adam.step()
        progress((epoch + 1) / epochs)
    return weight.detach(), bias.detach()


def _measure_embedding(state: State) -> dict[str, Any]:
    """Return the measures and the PCA view of the first stage's embedding; NaN and zeros after a failure."""
    snapshot = training.snapshot(state, PROBES)
    z, y = torch.from_numpy(snapshot.z), torch.from_numpy(snapshot.y)
    if state.failure or not is_finite(z):
        missing = dict.fromkeys(("knn", "map_r", "spread", "alignment", "uniformity", "compactness"), np.nan)
        return {**missing, "points": np.zeros((DRAWN, 2), np.float16)}
    drawn = projection.fit_views(snapshot.z, None)[2].project(snapshot.z)
    m = metrics.measure(z, y, torch.from_numpy(drawn))
    scores = {name: getattr(m, name) for name in ("knn", "map_r", "spread", "alignment", "uniformity")}
    return {**scores, "compactness": compactness(z, y), "points": drawn[:DRAWN].astype(np.float16)}


def compactness(z: Tensor, y: Tensor) -> float:
    """Return how compact the classes are: mean distance to the own class mean over mean distance between class means.

    Embeddings are scaled to unit length first. 0 means that every class is a single point.

    Args:
        z: (N, D) embeddings.
        y: (N,) labels.

    Returns:
        The ratio; NaN for a single class or if all class means coincide.
    """
    u = normalize(z.double())
    labels = y.unique()
    means = torch.stack([u[y == label].mean(0) for label in labels])  # (C, D)
    own = (u - means[torch.searchsorted(labels, y)]).norm(dim=1).mean()
    apart = torch.nn.functional.pdist(means).mean()
    return float(own / apart) if len(labels) > 1 and apart > 0 else float("nan")


def versions() -> Mapping[str, str]:
    """Return the machine and the library versions of this process, by name."""
    return {
        "numpy": np.__version__,
        "scikit-learn": version("scikit-learn"),
        "machine": machine_description(f"torch {torch.__version__}"),
    }
