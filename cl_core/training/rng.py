"""Random numbers that depend on a seed, a purpose and a number only: there is no generator to carry along."""

from functools import lru_cache

import numpy as np
import torch
from torch import Generator, Tensor

WEIGHTS, ORDER, NOISE, CLASSIFIER = range(4)  # what dice are thrown for; each purpose has its own


def generator(seed: int, purpose: int, number: int = 0) -> Generator:
    """Dice for one purpose at one time, independent of all others."""
    mixed = np.random.SeedSequence([seed, purpose, number]).generate_state(1, np.uint64)
    return Generator().manual_seed(int(mixed[0] >> 1))


@lru_cache(maxsize=8)
def permutation(seed: int, epoch: int, n: int, purpose: int = ORDER) -> Tensor:
    """The order in which an epoch shows `n` rows, (n,) int64."""
    return torch.randperm(n, generator=generator(seed, purpose, epoch))
