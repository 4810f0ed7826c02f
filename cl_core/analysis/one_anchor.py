"""A loss of a single anchor with hand-made similarities: its value and the force on each pair."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from cl_core.losses.base import Loss
from cl_core.losses.contrast import Contrast


def pair_forces(
    loss: Loss, theta: Mapping[str, Any], positives: Sequence[float], negatives: Sequence[float]
) -> tuple[float, list[float], list[float]]:
    """Compute a loss of one anchor, and where descent moves the similarity of each pair.

    Args:
        loss: a loss of similarities or inner products.
        theta: its parameters; defaults for those that are missing.
        positives: similarities of the positives.
        negatives: similarities of the negatives.

    Returns:
        The value, and minus its derivatives by the similarities of the positives and of the negatives.

    Raises:
        ValueError: when a parameter is unknown or out of range.
    """
    value = torch.tensor([[*positives, *negatives]], dtype=torch.float64, requires_grad=True)
    positive = torch.arange(value.shape[1])[None] < len(positives)
    total = loss(Contrast(value, positive, ~positive), **theta).mean()
    (slope,) = torch.autograd.grad(total, value)
    forces = (-slope[0]).tolist()
    return total.item(), forces[: len(positives)], forces[len(positives) :]
