"""Program of the two views that a loss without labels compares: the augmentation of a batch."""

from __future__ import annotations

import torch
from torch import Tensor

from cl_core.data import augmentation, datasets
from cl_core.programs.compiler import compile_function
from cl_core.programs.program import Program
from cl_core.training import RunSpec
from cl_core.training.batches import to_float


def two_views_program(spec: RunSpec) -> Program:
    """Compile the augmentation of the images of a step.

    Its inputs are the `images` (N, *shape) as the data set has them, N the images of a step, and the random numbers
    that `data.augmentation.two_views` draws for them: `uniforms` (images only) and `normals` (2 N, *shape), in that
    order. Its output is `x` (2 N, *shape) float32, the input of that name of the step.

    Args:
        spec: the run, of a loss that compares two views. Only data set and batch size matter.

    Returns:
        The program.
    """
    data = datasets.load(spec.dataset)
    shape = (spec.images_per_step, *data.shape)
    basis = augmentation.pixel_basis(*data.shape).numpy() if len(data.shape) == 2 else None

    def views(images: Tensor, normals: Tensor, *uniforms: Tensor) -> list[Tensor]:
        # a tensor of the basis is made here: one from outside the function cannot be traced
        of_images = () if basis is None else (*uniforms, torch.tensor(basis))
        return [augmentation.views_of_draws(to_float(images), normals, *of_images)]

    inputs = {
        "images": torch.zeros(shape, dtype=torch.tensor(data.x_train[:1]).dtype),
        "normals": torch.zeros(2 * shape[0], *data.shape),
    }
    if basis is not None:
        inputs["uniforms"] = torch.zeros(augmentation.n_uniforms(shape))
    return compile_function(views, inputs, ("x",))
