"""The values that the loss of a run has when all embeddings coincide, and for perfect classes.

Both depend on the labels of a batch, so they are means over the run's first batches. Batches without a valid term, such
as those without a positive pair, are left out: their loss is 0 whatever the embedding is.
"""

from collections.abc import Callable
from functools import lru_cache
from itertools import islice
from math import nan

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from cl_core import losses
from cl_core.data import datasets
from cl_core.losses import variants
from cl_core.losses.reference_values import has_terms
from cl_core.training import batches
from cl_core.training.config import RunSpec

SATURATING_LENGTH = 1e3  # length of vectors at which a softmax over their inner products is saturated
SETTLED = 1e-9  # largest difference of two floors, as a share of them or of 1, at which a longer vector changes nothing
MAX_AVERAGED, AVERAGED_PAIRS = 32, 2**16  # batches that are averaged, and pairs of rows in all of them
MAX_SEARCHED, SEARCHED_PAIRS = 256, 2**20  # batches that are searched for them, and pairs of rows in all of them


def collapse_and_floor(spec: RunSpec) -> tuple[float, float]:
    """Return the loss at total collapse and that of perfect classes, by the variant of the loss that the run trains.

    The function of a variant is evaluated with all classes at one point, and with the classes at the corners of a
    regular simplex.

    Args:
        spec: settings of the run.

    Returns:
        Both values. They are NaN if no batch with a valid term is found, and the floor is NaN if the loss still changes
        when the vectors get longer.
    """
    informative: list[tuple[float, float]] = []
    trivial: list[tuple[float, float]] = []
    for step in range(_number_of_batches(spec, MAX_SEARCHED, SEARCHED_PAIRS)):
        values = _values(spec, step)
        if values is not None:
            (informative if values[0] else trivial).append(values)
        if len(informative) == _number_of_batches(spec, MAX_AVERAGED, AVERAGED_PAIRS):
            break
    # a collapse value of 0 is that of every batch (a margin of 0), or of those that the function of a variant skips
    chosen = informative or trivial or [(nan, nan)]
    collapse, floor = np.mean(chosen, axis=0)
    return float(collapse), float(floor)


def averaged_labels(spec: RunSpec) -> list[Tensor]:
    """Return the labels (batch,) of the first batches with a valid term, as many as `collapse_and_floor` averages.

    Args:
        spec: settings of the run.
    """
    searched = (_labels(spec, step) for step in range(_number_of_batches(spec, MAX_SEARCHED, SEARCHED_PAIRS)))
    with_terms = (labels for labels in searched if has_terms(spec.loss, labels))
    return list(islice(with_terms, _number_of_batches(spec, MAX_AVERAGED, AVERAGED_PAIRS)))


@lru_cache(maxsize=64)
def share_without_terms(spec: RunSpec) -> float:
    """Return which share of the run's first batches have no valid term, so that their loss is 0.

    Args:
        spec: settings of the run.

    Returns:
        The share, 0 to 1, of as many batches as `collapse_and_floor` averages.
    """
    averaged = _number_of_batches(spec, MAX_AVERAGED, AVERAGED_PAIRS)
    return float(np.mean([not has_terms(spec.loss, _labels(spec, step)) for step in range(averaged)]))


def _labels(spec: RunSpec, step: int) -> Tensor:
    return torch.from_numpy(batches.batch_labels(spec, step))


def _number_of_batches(spec: RunSpec, most: int, pairs: int) -> int:
    loss = losses.LOSSES[spec.loss]
    if loss.classes or loss.views:  # the values are the same for every batch
        return 1
    return max(1, min(most, pairs // spec.batch**2))


def _values(spec: RunSpec, step: int) -> tuple[float, float] | None:
    """Return both values for the batch of one step; None if it has no valid term."""
    labels, classes = _labels(spec, step), datasets.load(spec.dataset).n_classes
    if not has_terms(spec.loss, labels):
        return None
    variant_loss = variants.get_variant(spec.loss, spec.convention).loss_function(spec.theta)
    if variant_loss is not None:
        collapse, floor = variant_values(spec, variant_loss, labels, classes)
        return float(collapse), float(floor)
    arguments = spec.loss, spec.theta, labels, classes
    return losses.collapse_value(*arguments), losses.floor_value(*arguments)


def variant_values(
    spec: RunSpec, variant_loss: Callable[..., Tensor], labels: Tensor, classes: int
) -> tuple[Tensor, Tensor]:
    """Return both values of a variant that has a function of its own, for one batch.

    Args:
        spec: settings of the run, of a loss on labels. Only loss and unit length matter.
        variant_loss: the variant's function of z, y, weight and bias, which are passed as keyword arguments.
        labels: (B,) labels of the batch.
        classes: number of classes of the data set.

    Returns:
        Two float64 scalars; the floor is NaN if the loss still changes when the vectors get longer.
    """
    axes = torch.eye(classes, dtype=torch.float64)
    classes_of_rows = (labels[:, None] == torch.arange(classes)).double()  # (B, C)

    def value(centres: Tensor, length: float, weight_length: float) -> Tensor:
        """Return the loss with every embedding at the centre of its class: centres (C, C) of unit length."""
        z = length * (classes_of_rows @ centres)
        return variant_loss(z=z, y=labels, weight=weight_length * centres, bias=0 * axes[0])

    collapse = value(axes[:1].expand_as(axes), 1.0, 1.0)
    corners = normalize(axes - 1 / classes) if classes > 1 else axes
    if not losses.LOSSES[spec.loss].lengths:
        return collapse, value(corners, 1.0, 1.0)
    # the lengths of class weights are free; those of embeddings only without unit_norm
    floor, beyond = (
        value(corners, 1.0 if spec.unit_norm else length, length)
        for length in (SATURATING_LENGTH, 2 * SATURATING_LENGTH)
    )
    settled = (floor - beyond).abs() <= SETTLED * torch.maximum(floor.abs(), beyond.abs()).clamp_min(1)
    return collapse, floor.where(settled, nan)
