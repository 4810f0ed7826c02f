"""Programs of a frozen batch against the library, for every loss and choice, at the corners of its sliders."""

from typing import Any

import numpy as np
import pytest
import torch

from cl_core.analysis.gradients import Batch, batch_forces, gradient_step
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


AXES = np.linalg.qr(np.random.default_rng(1).normal(size=(DIM, 2)))[0].T.astype(np.float32)
CENTRE = np.random.default_rng(2).normal(scale=0.1, size=DIM).astype(np.float32)
CLASS_LENGTH = 1.25


def inputs_of(loss, frozen: Batch) -> dict:
    inputs: dict[str, Any] = {"z": frozen.z.numpy(), "y": frozen.y.numpy(), "axes": AXES, "centre": CENTRE}
    if loss.classes and frozen.weight is not None and frozen.bias is not None:
        inputs |= {"weight": frozen.weight.numpy(), "bias": frozen.bias.numpy(), "class_length": CLASS_LENGTH}
    return inputs


def assert_shows(got, loss, theta, now: Batch, rounding=ROUNDING):
    """Compare what a program shows of a batch with the library."""
    forces = batch_forces(loss, theta, now)
    points, drawn = now.z.numpy() - CENTRE, forces.embedding_force.numpy() @ AXES.T
    assert got["largest_force"] == pytest.approx(np.linalg.norm(drawn, axis=1).max(), rel=5 * rounding)
    assert got["largest_weight"] == pytest.approx(forces.weights.abs().max().item(), rel=5 * rounding)
    if forces.class_force is not None and now.weight is not None:
        drawn = np.concatenate([drawn, forces.class_force.numpy() @ AXES.T])
        directions = torch.nn.functional.normalize(now.weight).numpy()
        points = np.concatenate([points, CLASS_LENGTH * directions - CENTRE])
    for name, expected in {
        "points": points @ AXES.T, "forces": drawn,
        "similarity": forces.similarity.numpy(), "weights": forces.weights.numpy(),
    }.items():  # fmt: skip
        allowed = rounding * max(np.abs(expected).max(), 1e-37)
        np.testing.assert_allclose(got[name], expected, rtol=0, atol=allowed, err_msg=name)


@pytest.mark.parametrize("key", LOSSES)
def test_batch_and_its_steps_equal_the_librarys(key):
    loss, frozen = LOSSES[key], batch()
    for number, fixed in enumerate(list(all_choices(loss))[:6]):
        running = Running(Program.from_bytes(batch_program(loss, loss.check(fixed), frozen)))
        for values in corners(loss):
            got = running(**inputs_of(loss, frozen), **values, reach=0.1)
            assert_shows(got, loss, {**fixed, **values}, frozen)
        now, theta = frozen, {**fixed, **values}
        for _ in range(0 if number else 3):
            now, _ = gradient_step(now, batch_forces(loss, theta, now), 0.1)
            got = running(z=got["next_z"], **({"weight": got["next_weight"]} if loss.classes else {}))
            assert_shows(got, loss, theta, now, rounding=1e-6)


def test_step_without_forces_moves_nothing():
    loss, frozen = LOSSES["contrastive"], batch()
    still = Batch(torch.ones_like(frozen.z) / DIM**0.5, torch.zeros_like(frozen.y))
    running = Running(Program.from_bytes(batch_program(loss, loss.check({}), still)))
    got = running(z=still.z.numpy(), y=still.y.numpy(), axes=AXES, centre=CENTRE, reach=0.5)
    assert got["largest_force"] == 0
    np.testing.assert_allclose(got["next_z"], still.z.numpy(), rtol=1e-15)


def test_programs_are_compiled_once():
    loss = LOSSES["supcon"]
    first, second = (batch_program(loss, loss.check({"temperature": value}), batch()) for value in (0.1, 0.2))
    assert first is second
