"""Programs of one frozen batch: its forces and the weights of its pairs, with a loss's parameters as inputs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from cl_core.analysis.gradients import Batch, batch_slopes
from cl_core.losses import LOSSES
from cl_core.losses.base import Loss
from cl_core.programs.compiler import compile_function
from cl_core.programs.sliders import choices, slider_inputs

OUTPUTS = ("forces", "weights", "largest_force", "largest_weight")


def batch_program(loss: Loss, theta: Mapping[str, Any], batch: Batch) -> bytes:
    """Return the program of a batch of some sizes under a loss.

    Its inputs are the loss's sliders, the embeddings `z` (B, D), the labels `y` (B,) and the two `axes` (2, D) of the
    picture; for a loss with class weights also `weight` (C, D) and `bias` (C,). Its outputs are the `forces` on images
    and class weights in the plane of the picture, the `weights` of pairs, the `largest_force` on an image and the
    `largest_weight`, without its sign.

    Args:
        loss: the loss.
        theta: all of its parameters; the values of sliders do not matter.
        batch: of the sizes that the program is for; its numbers do not matter.

    Returns:
        The file of the program, as from `Program.to_bytes`.
    """
    classes = len(batch.weight) if loss.classes and batch.weight is not None else 0
    return _compile(loss.key, tuple(sorted(choices(loss, theta).items())), *batch.z.shape, classes)


@lru_cache(maxsize=128)
def _compile(key: str, chosen: tuple[tuple[str, Any], ...], size: int, dim: int, classes: int) -> bytes:
    loss = LOSSES[key]
    theta = loss.check(dict(chosen))
    inputs = slider_inputs(loss, theta)
    names = tuple(inputs)
    inputs |= {"z": torch.ones(size, dim), "y": torch.zeros(size, dtype=torch.int64), "axes": torch.ones(2, dim)}
    if classes:
        inputs |= {"weight": torch.ones(classes, dim), "bias": torch.ones(classes)}

    def function(*tensors: Tensor) -> list[Tensor]:
        given: dict[str, Any] = dict(zip(inputs, tensors, strict=True))
        batch = Batch(given["z"], given["y"], given.get("weight"), given.get("bias"))
        slopes = batch_slopes(loss, {**theta, **{name: given[name] for name in names}}, batch)
        axes = given["axes"].double().t()
        forces = slopes.embedding_force @ axes
        largest = torch.linalg.vector_norm(forces, dim=1).amax(), slopes.weights.abs().amax()
        drawn = forces if slopes.class_force is None else torch.cat([forces, slopes.class_force @ axes])
        return [each.float() for each in (drawn, slopes.weights, *largest)]

    return compile_function(function, inputs, OUTPUTS).to_bytes()
