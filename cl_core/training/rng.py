"""Random generators that depend on a seed, a purpose and a counter alone.

A run therefore has no generator state to store: any step can create its generators again.
"""

from functools import lru_cache

import numpy as np
import torch
from torch import Generator, Tensor

# purposes of random numbers, each with its own stream
WEIGHTS, ORDER, NOISE, CLASSIFIER, CLASS_ORDER, IMAGE_ORDER = range(6)


def generator(seed: int, purpose: int, number: int = 0) -> Generator:
    """Create a random generator for one purpose at one time, independent of all others.

    Args:
        seed: seed of the run, 0 or more.
        purpose: one of the six above, such as `WEIGHTS`.
        number: counter within the purpose, such as a step or an epoch, 0 or more.

    Returns:
        A CPU generator, seeded by numpy's `SeedSequence` of the three numbers.
    """
    mixed_seed = np.random.SeedSequence([seed, purpose, number]).generate_state(1, np.uint64)
    return Generator().manual_seed(int(mixed_seed[0] >> 1))


@lru_cache(maxsize=8)
def permutation(seed: int, epoch: int, n: int, purpose: int = ORDER) -> Tensor:
    """Return the order of the rows in one epoch.

    Args:
        seed: seed of the run.
        epoch: number of the epoch, from 0.
        n: number of rows.
        purpose: purpose of the random numbers, which decides the stream that they come from.

    Returns:
        A permutation of 0 to n - 1, (n,) int64. It is cached and shared: do not write to it.
    """
    return torch.randperm(n, generator=generator(seed, purpose, epoch))
