"""The lines of a loss curve by the engine against the library, for every loss, choice and corner of its sliders."""

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

CASES = [
    pytest.param(loss, fixed, id="-".join([loss.key, *map(str, fixed.values())]))
    for loss in LOSSES.values()
    if not loss.views
    for fixed in all_choices(loss)
]


@pytest.mark.parametrize(("loss", "fixed"), CASES)
def test_lines_are_those_of_the_library(loss, fixed):
    spec = RunSpec(loss=loss.key, theta=fixed, batch=32, dim=8)
    running = Running(reference_program(spec))
    labels = torch.stack(averaged_labels(spec)).numpy()
    ranges = [
        (spec_.low, loss.parameters[name].default, spec_.high)
        for name in sliders(loss)
        for spec_ in [loss.parameters[name].spec]
    ]
    for values in itertools.product(*ranges):
        theta = dict(zip(sliders(loss), values, strict=True))
        got = running(labels=labels, **theta)
        expected = collapse_and_floor(RunSpec(loss=loss.key, theta={**fixed, **theta}, batch=32, dim=8))
        np.testing.assert_allclose([got["collapse"], got["floor"]], expected, rtol=1e-9, atol=1e-9)
