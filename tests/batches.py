"""Small batches that cover the edge cases: ties, duplicates, single images, one class, as many classes as images."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Batch:
    name: str
    z: Tensor
    y: Tensor
    ties: bool = False  # of equal distances a miner may choose any, so the gradient is not determined


def batch(name, y, seed=0, dim=3, z=None, ties=False):
    generator = torch.Generator().manual_seed(seed)
    if z is None:
        z = torch.randn(len(y), dim, generator=generator, dtype=torch.float64)
    return Batch(name, z, torch.tensor(y), ties)


def _duplicates(y, seed):
    z = batch("", y, seed).z.clone()
    z[3] = z[0]
    z[5] = z[1]
    return batch("duplicates", y, z=z, ties=True)


def _lattice(y, seed):
    generator = torch.Generator().manual_seed(seed)
    z = torch.randint(-1, 2, (len(y), 2), generator=generator).double() + torch.tensor([4.0, 0.0])
    return batch("lattice", y, z=z, ties=True)


BATCHES = (
    batch("three classes", [0, 1, 2, 0, 1, 2, 0, 1], 1),
    batch("uneven", [0, 0, 0, 0, 0, 1, 1, 2], 2),
    batch("singletons", [5, -3, 5, 7, 9, 9], 3),
    batch("all distinct", [3, 1, 4, 0, 5, 9], 4),
    batch("one class", [2] * 6, 5),
    batch("single image", [0], 6),
    batch("two of one class", [1, 1], 7),
    batch("two of two classes", [1, 0], 8),
    batch(
        "short and long",
        [0, 1, 0, 1, 0, 1],
        z=batch("", [0] * 6, 9).z * torch.tensor([[0.01], [1], [3], [1], [1], [5]]),
    ),
    _duplicates([0, 0, 1, 1, 0, 0, 1, 2], 10),
    _lattice([0, 1, 0, 1, 2, 2, 0, 1], 11),
    batch("collapsed", [0, 0, 1, 1, 2, 1], z=torch.tensor([[0.6, 0.8]]).double().repeat(6, 1), ties=True),
    batch(
        "a zero vector",
        [0, 0, 1, 1],
        z=torch.tensor([[0.0, 0.0], [1.0, 0.2], [0.3, 1.0], [-1.0, 0.5]]).double(),
        ties=True,
    ),
)
