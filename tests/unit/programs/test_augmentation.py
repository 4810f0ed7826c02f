"""The two views of the engine against those of the trainer, from the same random numbers."""

import numpy as np
import pytest
import torch

from cl_core.data import augmentation, datasets
from cl_core.programs.augmentation import two_views_program
from cl_core.programs.host import Running
from cl_core.training import RunSpec, rng
from cl_core.training.batches import to_float, training_set


def draws(shape, generator):
    """Return the numbers that `two_views` draws for rows of a shape, as the browser draws them: a flat list first."""
    uniforms = torch.rand(augmentation.n_uniforms(shape), generator=generator)
    return {"uniforms": uniforms, "normals": torch.randn((2 * shape[0], *shape[1:]), generator=generator)}


@pytest.mark.parametrize("dataset", ["mnist", "fashion_mnist"])
@pytest.mark.parametrize("step", [0, 7])
def test_views_of_images_are_those_of_the_trainer(dataset, step):
    spec = RunSpec(dataset=dataset, loss="nt_xent", batch=64)
    rows = training_set(RunSpec(dataset=dataset))[0][:32]
    x = to_float(rows)
    drawn = draws(x.shape, rng.generator(0, rng.NOISE, step))
    got = Running(two_views_program(spec))(images=rows.numpy(), **{name: each.numpy() for name, each in drawn.items()})
    theirs = augmentation.two_views(x, rng.generator(0, rng.NOISE, step)).numpy()
    # a dark pixel's power has a steep slope, so both differ from exact views there; the engine by no more than PyTorch
    basis = augmentation.pixel_basis(*x.shape[1:])
    exact = augmentation.views_of_draws(
        x.double(), drawn["normals"].double(), drawn["uniforms"].double(), basis.double()
    ).numpy()
    ours, error = (np.abs(views - exact) for views in (got["x"], theirs))
    assert ours.mean() < 2 * error.mean()
    assert ours.max() < 3 * error.max()
    assert (np.abs(got["x"] - theirs) > 1e-5).mean() < 1e-3  # a place in float32 is known to a millionth of a pixel


def test_views_of_points_are_those_of_the_trainer():
    spec = RunSpec(dataset="rings", loss="nt_xent", batch=64)
    rows = torch.tensor(datasets.load("rings").x_train[:32])
    program = two_views_program(spec)
    assert [slot.name for slot in program.inputs] == ["images", "normals"]
    normals = draws(rows.shape, rng.generator(0, rng.NOISE, 3))["normals"]
    got = Running(program)(images=rows.numpy(), normals=normals.numpy())
    np.testing.assert_array_equal(got["x"], augmentation.two_views(rows, rng.generator(0, rng.NOISE, 3)).numpy())
