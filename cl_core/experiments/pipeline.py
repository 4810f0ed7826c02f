"""One cell from start to end: the first stage, classifiers on its frozen encoder, and what the embedding looks like."""

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
from cl_core.runtime import process_memory
from cl_core.training import State, rng
from cl_core.training.pretrained import recipe_runs

BATCH, RATE = 32, 0.001  # of the second stage, in the article
CHUNK = 200  # steps between two words on how far it is
PROBES = 2000  # test images that scores are measured on
DRAWN = 500  # of them, whose places in the PCA view are kept
HEADS = ("right", "odd")  # classifiers with softmax once, and twice

ProgressCallback = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What came of a cell.

    Attributes:
        accuracy_right, accuracy_odd: of the test images, by a classifier with softmax once, and twice.
        knn, map_r, spread, alignment, uniformity: of the first stage's embedding; see `metrics.Metrics`.
        compactness: mean distance to one's own class mean, over the mean distance between class means; 0 is tight.
        loss: of the first stage, mean of its last steps.
        steps, seconds: done in the first stage, and the processor's seconds they took.
        seconds_two: of the second stage.
        memory: MiB by which memory grew at the peak of the first stage's steps.
        failure: in words, why it ended early; empty where it did not.
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


def run_cell(cell: Cell, told: ProgressCallback = lambda _: None) -> Outcome:
    """Run a cell with one thread; `told` hears how much of it is done, 0 to 1. ValueError where it can't be run."""
    torch.set_num_threads(1)
    state = training.start(cell.spec)
    losses: list[NDArray[np.float32]] = []

    def first_stage() -> None:
        nonlocal state
        while state.step < cell.steps and not state.failure:
            state = training.advance(state, steps=min(CHUNK, cell.steps - state.step), limit=cell.steps)
            losses.append(state.losses)
            told(0.8 * state.step / cell.steps)

    began = time.process_time()
    grown = process_memory.peak_growth(first_stage)
    seconds = time.process_time() - began
    last = np.concatenate(losses)[-CHUNK:] if state.step else np.full(1, np.nan)
    began = time.process_time()
    accuracies = _accuracies(state, cell, lambda share: told(0.8 + 0.2 * share))
    seen = _looked_at(state)
    return Outcome(
        **accuracies, **seen, loss=float(last.mean()), steps=state.step, seconds=seconds,
        seconds_two=time.process_time() - began, memory=grown / process_memory.MIB, failure=state.failure or "",
    )  # fmt: skip


def _accuracies(state: State, cell: Cell, told: ProgressCallback) -> dict[str, Any]:
    """Of the test images, for each of `HEADS`; NaN where there is none, as after a first stage that failed.

    A net that is a classifier itself has only one, under the name of what it was trained with.
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
        weights, biases = train_classifiers(train, y, data.n_classes, epochs=cell.epochs, seed=cell.seed, told=told)
        shares[:] = ((test @ weights + biases).argmax(2) == y_test).float().mean(1)
    return {f"accuracy_{head}": float(share) for head, share in zip(HEADS, shares, strict=True)}


def train_classifiers(
    features: Tensor, y: Tensor, classes: int, *, epochs: int, seed: int, told: ProgressCallback = lambda _: None
) -> tuple[Tensor, Tensor]:
    """A linear classifier for each of `HEADS`, trained side by side from one start on the same batches.

    features: (N, D), of a frozen encoder; y: (N,). Returns weights (2, D, classes) and biases (2, 1, classes).
    """
    weight = torch.zeros(len(HEADS), features.shape[1], classes)
    torch.nn.init.xavier_uniform_(weight[0], generator=rng.generator(seed, rng.CLASSIFIER))
    weight[1] = weight[0]
    weight, bias = weight.requires_grad_(), torch.zeros(len(HEADS), 1, classes, requires_grad=True)
    optimiser = torch.optim.Adam([weight, bias], lr=RATE, fused=True)
    steps = len(features) // BATCH
    for epoch in range(epochs):
        order = rng.permutation(seed, epoch, len(features), rng.CLASSIFIER)
        for rows in order[: steps * BATCH].view(steps, BATCH):
            logits = features[rows] @ weight + bias  # (2, BATCH, C)
            loss = cross_entropy(logits[0], y[rows]) + cross_entropy(logits[1].softmax(1), y[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        told((epoch + 1) / epochs)
    return weight.detach(), bias.detach()


def _looked_at(state: State) -> dict[str, Any]:
    """Measures and picture of the first stage's embedding."""
    shot = training.snapshot(state, PROBES)
    z, y = torch.from_numpy(shot.z), torch.from_numpy(shot.y)
    if state.failure or not torch.isfinite(z).all():
        nothing = dict.fromkeys(("knn", "map_r", "spread", "alignment", "uniformity", "compactness"), np.nan)
        return {**nothing, "points": np.zeros((DRAWN, 2), np.float16)}
    drawn = projection.fit_views(shot.z, None)[2].project(shot.z)
    m = metrics.measure(z, y, torch.from_numpy(drawn))
    kept = {name: getattr(m, name) for name in ("knn", "map_r", "spread", "alignment", "uniformity")}
    return {**kept, "compactness": compactness(z, y), "points": drawn[:DRAWN].astype(np.float16)}


def compactness(z: Tensor, y: Tensor) -> float:
    """Mean distance of unit embeddings (N, D) to their class's mean, over the mean distance between class means."""
    u = normalize(z.double())
    labels = y.unique()
    means = torch.stack([u[y == label].mean(0) for label in labels])  # (C, D)
    own = (u - means[torch.searchsorted(labels, y)]).norm(dim=1).mean()
    apart = torch.nn.functional.pdist(means).mean()
    return float(own / apart) if len(labels) > 1 and apart > 0 else float("nan")


def versions() -> Mapping[str, str]:
    """What a result was made with."""
    return {
        "numpy": np.__version__,
        "scikit-learn": version("scikit-learn"),
        "machine": recipe_runs.machine_description(),
    }
