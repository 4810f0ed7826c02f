"""The effect of a miner on one batch: the triplets that it picks, and their loss and gradient."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cl_core.losses import miners
from cl_core.losses.contrast import Contrast
from cl_core.losses.miners import KINDS


@dataclass(frozen=True, eq=False)
class MinerEffect:
    """The triplets that a miner picks from a batch of B rows, and their loss.

    Attributes:
        picked: (B, B, B) bool by anchor, positive and negative.
        kinds: "easy", "semihard" and "hard" -> number of picked triplets of that kind.
        value: mean hinge loss over the picked triplets.
        gradient: Euclidean norm of the derivative of `value` by all embeddings.
        shares: (B,) share of each anchor in the sum of |d value / d distance|.
    """

    picked: NDArray[np.bool_]
    kinds: Mapping[str, int]
    value: float
    gradient: float
    shares: NDArray[np.float64]


def triplets_of_kind(contrast: Contrast, margin: float, kind: str) -> Tensor:
    """Return which triplets are of a kind.

    Args:
        contrast: a batch of B rows against itself.
        margin: in the units of its distances.
        kind: key of `miners.KINDS`.

    Returns:
        (B, B, B) bool by anchor, positive and negative.
    """
    d_ap, d_an = contrast.value.detach()[:, :, None], contrast.value.detach()[:, None, :]
    return KINDS[kind](d_ap, d_an, margin) & contrast.positive[:, :, None] & contrast.negative[:, None, :]


def miner_effect(z: Tensor, y: Tensor, distance: str, margin: float, miner: str) -> MinerEffect:
    """Mine a batch, and measure loss and gradient of the mined triplets.

    Args:
        z: embeddings (B, D), float64.
        y: labels (B,).
        distance: one of the triplet loss's distances.
        margin: in the units of `distance`.
        miner: key of `miners.MINERS`.
    """
    z = z.clone().requires_grad_()
    contrast = Contrast.of_batch(z, y, distance)
    contrast = replace(contrast, value=miners.round_to_grid(contrast.value))
    margin = float(miners.round_to_grid(torch.tensor(margin, dtype=torch.float64)))
    picked = torch.zeros(len(z), len(z), len(z), dtype=torch.bool)
    for a in range(len(z)):
        one = miners.picked_triplets(contrast, margin, miner, a)
        picked[a, one.positives[:, None], one.negatives] = one.chosen
    mean = miners.mine(contrast, margin, miner).mean()
    slope, gradient = torch.autograd.grad(mean, [contrast.value, z])
    strength = slope.abs().sum(1)
    return MinerEffect(
        picked.numpy(),
        {kind: int((picked & triplets_of_kind(contrast, margin, kind)).sum()) for kind in KINDS},
        mean.item(),
        float(gradient.norm()),
        (strength / (strength.sum() or 1.0)).numpy(),
    )
