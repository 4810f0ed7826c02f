"""Where descent leads one positive and one negative pair, with weights that are frozen or differentiated."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.analysis.similarity_plane import evaluate_at
from cl_core.losses.base import Loss

START = (0.5, 0.2)  # s_n, s_p
STEPS, RATE = 80, 0.1
SMALLEST_MOVE = 2e-5  # where a path ends early


def descent(
    loss: Loss, theta: Mapping[str, Any], start: tuple[float, float] = START
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Follow the force on one pair of pairs, within the square of similarities.

    Both derivatives have the factor 1 - e^-L, which becomes tiny inside the boundary. It is left out: the path is the
    same, and only takes less time.

    Args:
        loss: a loss of similarities with a parameter `scale`, which is log(1 + e^x) of one pair of pairs.
        theta: its parameters; defaults for those that are missing.
        start: first s_n and s_p.

    Returns:
        (n, 2) places (s_n, s_p), and (n,) losses there.
    """
    checked = loss.check(theta)
    (s_n, s_p), places, values = start, [], []
    for _ in range(STEPS):
        value, d_p, d_n = evaluate_at(loss, checked, s_p, s_n)
        places.append((s_n, s_p))
        values.append(value)
        size = RATE / (float(checked["scale"]) * max(-math.expm1(-value), 1e-300))
        moved = [min(max(s - size * d, -1.0), 1.0) for s, d in ((s_n, d_n), (s_p, d_p))]
        if abs(moved[0] - s_n) + abs(moved[1] - s_p) < SMALLEST_MOVE:
            break
        s_n, s_p = moved
    return np.array(places), np.array(values)
