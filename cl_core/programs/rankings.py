"""Programs of one anchor's triplets: their kinds, and which of them a miner picks, with the margin as an input."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from cl_core.losses.contrast import Contrast
from cl_core.losses.miners import GRID, KINDS, MINERS
from cl_core.programs.compiler import compile_function

OUTPUTS = ("hard", "easy", "picked", "edge")


@lru_cache(maxsize=32)
def ranking_program(size: int, mining: str) -> bytes:
    """Return the program of an anchor in a batch of B images.

    Its inputs are the `distances` (B,) of all images to the anchor in steps of `GRID`, which ones are its `positives`
    and its `negatives` (B,), and the `margin`. Its outputs are by positive and negative: which triplets are `hard` or
    `easy`, and which are `picked`, (B, B) without a meaning where it is no triplet; and the `edge` (B,) from which a
    negative is easy, in the same steps.

    Args:
        size: number of images B.
        mining: key of the miner.

    Returns:
        The file of the program, as from `Program.to_bytes`.
    """
    miner = MINERS[mining]
    number, mask = torch.ones((), dtype=torch.float64), torch.ones(size, dtype=torch.bool)
    inputs = {"distances": number.expand(size), "positives": mask, "negatives": mask, "margin": number}

    def function(distances: Tensor, positives: Tensor, negatives: Tensor, margin: Tensor) -> tuple[Tensor, ...]:
        steps: Any = (margin * GRID + 0.5).floor()
        d_ap, d_an = distances[:, None], distances[None]
        if miner.rule is not None:
            picked = miner.rule(d_ap, d_an, steps).expand(size, size)
        else:
            assert miner.choice is not None
            chosen = miner.choice(Contrast(distances[None], positives[None], negatives[None]), steps)
            times = torch.zeros(1, size * size).scatter_add(1, chosen.p * size + chosen.n, chosen.valid.float())
            picked = times.view(size, size) > 0
        kinds = [KINDS[kind](d_ap, d_an, steps) for kind in ("hard", "easy")]
        return (*kinds, picked, distances + steps)

    return compile_function(function, inputs, OUTPUTS).to_bytes()
