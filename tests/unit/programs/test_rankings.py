"""Programs of one anchor's triplets against the library, for every miner, with ties and at several margins."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from cl_core.losses.contrast import Contrast
from cl_core.losses.miners import GRID, KINDS, MINERS, picked_triplets, round_to_grid
from cl_core.programs.host import Running
from cl_core.programs.program import Program
from cl_core.programs.rankings import ranking_program

SIZE, CLASSES = 14, 3


def contrast(ties: bool) -> Contrast:
    generator = torch.Generator().manual_seed(3)
    z = torch.nn.functional.normalize(torch.randn(SIZE, 5, generator=generator, dtype=torch.float64))
    labels = torch.randint(CLASSES, (SIZE,), generator=generator)
    labels[-1] = CLASSES  # an image without a positive
    found = Contrast.of_batch(z, labels, "sqeuclidean")
    value = (found.value * 4).round() / 4 if ties else round_to_grid(found.value)
    return replace(found, value=value)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("mining", MINERS)
def test_kinds_and_picks_are_those_of_the_library(mining, ties):
    batch = contrast(ties)
    running = Running(Program.from_bytes(ranking_program(SIZE, mining)))
    for margin in (0.0, 0.25, 0.3, 2.0):
        rounded = float(round_to_grid(torch.tensor(margin, dtype=torch.float64)))
        for anchor in range(SIZE):
            value, positives, negatives = (part[anchor] for part in (batch.value, batch.positive, batch.negative))
            got = running(
                distances=value.numpy() * GRID, positives=positives.numpy(), negatives=negatives.numpy(), margin=margin
            )
            np.testing.assert_array_equal(got["edge"], (value.numpy() + rounded) * GRID)
            picks = picked_triplets(batch, rounded, mining, anchor)
            triplets = np.ix_(picks.positives, picks.negatives)
            picked, expected = got["picked"][triplets].astype(bool), picks.chosen.numpy()
            if ties and MINERS[mining].choice is not None:  # of equally near negatives a miner chooses any one
                d_an = value[picks.negatives].numpy()
                picked, expected = (np.sort(np.where(chosen, d_an, -1), 1) for chosen in (picked, expected))
            np.testing.assert_array_equal(picked, expected)
            for kind in ("hard", "easy"):
                expected = KINDS[kind](value[picks.positives][:, None], value[picks.negatives][None], rounded)
                np.testing.assert_array_equal(got[kind][triplets], expected.numpy())
