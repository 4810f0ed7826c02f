"""Programs of a frozen batch against the library, for every loss and choice, at the corners of its sliders."""

import numpy as np
import pytest
import torch

from cl_core.analysis.gradients import Batch, batch_forces
from cl_core.losses import LOSSES
from cl_core.programs.batches import batch_program
from cl_core.programs.host import Running
from cl_core.programs.program import Program
from cl_core.programs.sliders import all_choices
from tests.unit.programs.test_planes import corners

ROUNDING = 2e-7  # of float32, in which pictures get their numbers
SIZE, DIM, CLASSES = 16, 12, 5


def batch() -> Batch:
    generator = torch.Generator().manual_seed(0)
    z = torch.nn.functional.normalize(torch.randn(SIZE, DIM, generator=generator))
    y = torch.arange(SIZE // 2).repeat(2) % CLASSES
    return Batch(z.double(), y, torch.randn(CLASSES, DIM, generator=generator).double(), torch.zeros(CLASSES).double())


@pytest.mark.parametrize("key", LOSSES)
def test_forces_and_weights_equal_the_librarys(key):
    loss, frozen = LOSSES[key], batch()
    axes = np.linalg.qr(np.random.default_rng(1).normal(size=(DIM, 2)))[0].T.astype(np.float32)
    inputs = {"z": frozen.z.numpy(), "y": frozen.y.numpy(), "axes": axes}
    if loss.classes:
        inputs |= {"weight": frozen.weight.numpy(), "bias": frozen.bias.numpy()}
    for fixed in list(all_choices(loss))[:6]:
        running = Running(Program.from_bytes(batch_program(loss, loss.check(fixed), frozen)))
        for values in corners(loss):
            got = running(**inputs, **values)
            forces = batch_forces(loss, {**fixed, **values}, frozen)
            drawn = forces.embedding_force.numpy() @ axes.T
            assert got["largest_force"] == pytest.approx(np.linalg.norm(drawn, axis=1).max(), rel=1e-6)
            assert got["largest_weight"] == pytest.approx(forces.weights.abs().max().item(), rel=1e-6)
            if forces.class_force is not None:
                drawn = np.concatenate([drawn, forces.class_force.numpy() @ axes.T])
            for name, expected in (("forces", drawn), ("weights", forces.weights.numpy())):
                allowed = ROUNDING * max(np.abs(expected).max(), 1e-37)
                np.testing.assert_allclose(got[name], expected, rtol=0, atol=allowed)


def test_programs_are_compiled_once():
    loss = LOSSES["supcon"]
    first, second = (batch_program(loss, loss.check({"temperature": value}), batch()) for value in (0.1, 0.2))
    assert first is second
