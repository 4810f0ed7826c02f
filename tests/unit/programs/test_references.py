"""The lines of a loss curve by the engine against the library, for every loss and corner of its sliders."""

import itertools

import numpy as np
import pytest
import torch

from cl_core.losses import LOSSES
from cl_core.programs.host import Running
from cl_core.programs.references import reference_program
from cl_core.programs.sliders import all_choices, sliders
from cl_core.training import RunSpec
from cl_core.training.collapse_values import averaged_labels, collapse_and_floor

ONE_BATCH, SIXTEEN = 256, 64  # batch sizes of which one batch counts, and sixteen


def check(loss, fixed, batch, corners):
    spec = RunSpec(loss=loss.key, theta=fixed, batch=batch, dim=8)
    labels = torch.stack(averaged_labels(spec)).numpy()
    running = Running(reference_program(spec))
    for values in corners:
        theta = dict(zip(sliders(loss), values, strict=True))
        got = running(labels=labels, **theta)
        expected = collapse_and_floor(RunSpec(loss=loss.key, theta={**fixed, **theta}, batch=batch, dim=8))
        np.testing.assert_allclose([got["collapse"], got["floor"]], expected, rtol=1e-9, atol=1e-9)
    return labels


@pytest.mark.parametrize("which", [0, -1], ids=["first choices", "last choices"])
@pytest.mark.parametrize("key", [key for key, loss in LOSSES.items() if not loss.views])
def test_lines_are_those_of_the_library(key, which):
    loss = LOSSES[key]
    ranges = [(spec.low, spec.high) for spec in (loss.parameters[name].spec for name in sliders(loss))]
    check(loss, list(all_choices(loss))[which], ONE_BATCH, itertools.product(*ranges))


def test_lines_are_means_of_several_batches():
    assert len(check(LOSSES["triplet"], {"mining": "semihard"}, SIXTEEN, [(0.2,)])) == 16
