"""Batches drawn by class: K images of each of P classes, so that every image has K - 1 positives.

Hermans, Beyer and Leibe (2017), "In Defense of the Triplet Loss for Person Re-Identification", section 2, call them PK
batches. There, and in pytorch-metric-learning's `MPerClassSampler`, each batch draws its classes at random. Here the
classes take turns, and so do the images of a class: at any step all classes have been drawn equally often within one,
and so have the images of one class. The images of a small class are used more often than those of a large one.

Both turns are made the same way: items in random order stand in a circle, and each draw takes the next few. When a draw
ends where the first one began, the items get a new order. No item is twice in one draw, and any draw can be computed
from its number alone.
"""

from functools import lru_cache
from math import gcd

import torch
from torch import Tensor

from cl_core.training import rng


def batch_indices(labels: Tensor, seed: int, batch: int, images_per_class: int, step: int) -> Tensor:
    """Return the indices of the rows of one step.

    Args:
        labels: (N,) int64, the labels of the run's training set, with at least `images_per_class` rows of each class.
        seed: seed of the run.
        batch: number of rows of a batch, divisible by `images_per_class`.
        images_per_class: number K of rows of each class.
        step: number of the step, from 0.

    Returns:
        Indices (batch,) int64, class by class.
    """
    n_classes, n_drawn = len(_rows_of_classes(labels)), batch // images_per_class
    order, first = _turn(n_classes, n_drawn, step)
    classes = rng.permutation(seed, order, n_classes, rng.CLASS_ORDER).tolist()
    draws_per_order = n_drawn // gcd(n_classes, n_drawn)  # of each class, in one order of the classes
    return torch.cat(
        [
            _class_indices(
                labels, seed, classes[place % n_classes], images_per_class, order * draws_per_order + place // n_classes
            )
            for place in range(first, first + n_drawn)
        ]
    )


def _class_indices(labels: Tensor, seed: int, index: int, size: int, draw: int) -> Tensor:
    """Return the rows (size,) of draw number `draw` of the class at `index`."""
    n = len(_rows_of_classes(labels)[index])
    order, first = _turn(n, size, draw)
    return _ordered_rows(labels, seed, index, order)[torch.arange(first, first + size) % n]


def _turn(n: int, size: int, draw: int) -> tuple[int, int]:
    """Return the number of the order of `n` items at a draw of `size` items, and the draw's first place in it."""
    order, draw_in_order = divmod(draw, n // gcd(n, size))
    return order, draw_in_order * size


@lru_cache(maxsize=4)
def _rows_of_classes(labels: Tensor) -> list[Tensor]:
    """Return the rows of each class that has any."""
    return [torch.nonzero(labels == label).flatten() for label in labels.unique()]


@lru_cache(maxsize=256)
def _ordered_rows(labels: Tensor, seed: int, index: int, order: int) -> Tensor:
    """Return the rows of the class at `index` in the order of that number."""
    classes = _rows_of_classes(labels)
    rows = classes[index]
    return rows[torch.randperm(len(rows), generator=rng.generator(seed, rng.IMAGE_ORDER, order * len(classes) + index))]
