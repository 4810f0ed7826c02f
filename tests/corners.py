"""Combinations of the values of several sliders, for tests."""

import itertools
import random
from collections.abc import Iterable, Sequence
from typing import Any

MOST = 96  # of many sliders a sample, in which every two values of two sliders are together somewhere


def combinations(options: Iterable[Iterable[Any]]) -> list[tuple[Any, ...]]:
    """Return all combinations of one option each; of too many a fixed sample, with the first and the last."""
    every: Sequence[tuple[Any, ...]] = list(itertools.product(*options))
    if len(every) <= MOST:
        return list(every)
    return [every[0], *random.Random(0).sample(every[1:-1], MOST - 2), every[-1]]
