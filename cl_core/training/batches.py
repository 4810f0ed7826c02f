"""The training set in memory, and which of its rows each step of a run gets."""

from functools import lru_cache
from math import ceil

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cl_core import losses
from cl_core.data import datasets
from cl_core.data.label_noise import with_wrong_labels
from cl_core.training import class_batches, rng
from cl_core.training.config import RunSpec, training_rows


def training_set(spec: RunSpec) -> tuple[Tensor, Tensor]:
    """Return the examples that a run trains on, and their labels, as tensors.

    Args:
        spec: settings of the run. Its `training_images` choose examples and put them into the order of
            `datasets.training_indices`; the whole training set has the order of its file. Its `classes_left_out` have
            no example, and a share `wrong_labels` of the labels is wrong.

    Returns:
        Examples (N, *shape), uint8 images or float32 points, and labels (N,) int64. They are cached and shared: do not
        write to them.
    """
    x, y = _true_training_set(spec.dataset, spec.training_images, spec.classes_left_out)
    return (x, _wrong_labels(spec)) if spec.wrong_labels else (x, y)


@lru_cache(maxsize=4)
def _true_training_set(dataset: str, n: int, left_out: str) -> tuple[Tensor, Tensor]:
    """Return `n` training examples of a data set with their true labels; all of them if `n` is 0."""
    data = datasets.load(dataset)
    rows = training_rows(data, n, left_out)
    return torch.tensor(data.x_train[rows]), torch.tensor(data.y_train[rows])  # copies: the arrays are read-only


def _wrong_labels(spec: RunSpec) -> Tensor:
    """Return the labels of a run's training set, some of which are wrong."""
    # by what decides them, so that all runs with the same labels share one tensor
    return _labels_with_noise(spec.dataset, spec.training_images, spec.classes_left_out, spec.wrong_labels)


@lru_cache(maxsize=16)
def _labels_with_noise(dataset: str, n: int, left_out: str, share: float) -> Tensor:
    labels = _true_training_set(dataset, n, left_out)[1].numpy()
    return torch.from_numpy(with_wrong_labels(labels, share))


def to_float(x: Tensor) -> Tensor:
    """Scale uint8 pixels to floats in [0, 1]; points are floats already.

    The training set stays in memory as bytes, a quarter of the size of its floats, so each batch is converted.

    Args:
        x: (n, *shape), examples as a data set holds them.

    Returns:
        (n, *shape) float32.
    """
    return x / 255 if x.dtype == torch.uint8 else x


def steps_per_epoch(spec: RunSpec) -> int:
    """Return the number of steps in one pass through the training set.

    Args:
        spec: settings of the run.

    Returns:
        Number of batches in the run's training set, at least 1. A last, smaller batch counts unless the spec drops it.
    """
    return _batches_per_epoch(spec, len(training_set(spec)[0]))


def _batches_per_epoch(spec: RunSpec, n: int) -> int:
    """Return the number of batches in one pass through `n` examples."""
    size = min(spec.images_per_step, n)
    return n // size if spec.drop_last else ceil(n / size)


def batch_indices(spec: RunSpec, step: int, n: int) -> Tensor:
    """Return the indices of the rows of step number `step` among the `n` examples of a run.

    Every epoch has its own permutation; its last, smaller batch is left out if the spec drops it. Batches that are
    drawn by class have their own turns (see `class_batches`).

    Args:
        spec: settings of the run.
        step: number of the step, from 0.
        n: size of the run's training set.

    Returns:
        Indices into `training_set(spec)` (images per step,) int64, fewer in a last, smaller batch.
    """
    if spec.images_per_class:
        labels = training_set(spec)[1]
        return class_batches.batch_indices(labels, spec.seed, spec.batch, spec.images_per_class, step)
    size = min(spec.images_per_step, n)
    epoch, batch = divmod(step, _batches_per_epoch(spec, n))
    return rng.permutation(spec.seed, epoch, n)[batch * size : (batch + 1) * size]


def batch_labels(spec: RunSpec, step: int) -> NDArray[np.int64]:
    """Return the labels that the loss gets at one step.

    Args:
        spec: settings of the run.
        step: number of the step, from 0.

    Returns:
        Labels (batch,) int64. A loss of two views takes no labels; its rows get the number of their image in the batch,
        so that the two views of an image have the same label.
    """
    rows, y = training_set(spec)
    labels: NDArray[np.int64] = y[batch_indices(spec, step, len(rows))].numpy()
    return np.tile(np.arange(len(labels)), 2) if losses.LOSSES[spec.loss].views else labels


def share_with_positive(spec: RunSpec, steps: int) -> float:
    """Return the share of images of the first steps that have a positive: another image of their class in the batch.

    Args:
        spec: settings of the run, of a loss on labels.
        steps: number of steps, at least 1.

    Returns:
        The share, 0 to 1.
    """
    counts = [np.unique(batch_labels(spec, step), return_counts=True)[1] for step in range(steps)]
    sizes = np.concatenate(counts)
    return float(sizes[sizes > 1].sum() / sizes.sum())
