"""The toy data sets: points of the plane, drawn at random."""

from math import sqrt

import numpy as np

GOLDEN_ANGLE = np.pi * (3 - sqrt(5))


def ten_blobs(rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw `n` points of each of ten Gaussian blobs, their centres placed like sunflower seeds.

    Args:
        rng: where the noise comes from.
        n: number of points of each blob.

    Returns:
        (10, n, 2) float64.
    """
    rank = np.arange(10)
    angle = GOLDEN_ANGLE * rank
    centres = 0.85 * np.sqrt((rank + 0.5) / 10) * np.stack([np.cos(angle), np.sin(angle)])  # (2, 10)
    points: np.ndarray = centres.T[:, None] + rng.normal(scale=0.07, size=(10, n, 2))
    return points


def five_rings(rng: np.random.Generator, n: int) -> np.ndarray:
    """Draw `n` points of each of five rings around the origin, which are not linearly separable.

    Args:
        rng: where angles and noise come from.
        n: number of points of each ring.

    Returns:
        (5, n, 2) float64.
    """
    angle = rng.uniform(0, 2 * np.pi, size=(5, n))
    radius = np.linspace(0.15, 0.95, 5)[:, None] + rng.normal(scale=0.025, size=(5, n))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
