"""Programs of one frozen batch: its forces, the weights of its pairs, and a gradient step, with a loss's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import normalize

from cl_core.analysis.gradients import Batch, batch_slopes, moved_batch
from cl_core.losses import LOSSES
from cl_core.losses.base import Loss
from cl_core.losses.distances import pairwise
from cl_core.programs.compiler import compile_function
from cl_core.programs.sliders import choices, slider_inputs

REACH = "reach"  # input: how far a step moves the embedding that is pulled hardest


def batch_program(loss: Loss, theta: Mapping[str, Any], batch: Batch) -> bytes:
    """Return the program of a batch of some sizes under a loss.

    Its inputs are the loss's sliders, the embeddings `z` (B, D), the labels `y` (B,), the two `axes` (2, D) of the
    picture and its `centre` (D,), and the `reach` of a step; for a loss with class weights also `weight` (C, D), `bias`
    (C,) and the `class_length` at which their directions are drawn.

    Its outputs are the places `points` of images and class weights in the picture and the `forces` on them, the
    `similarity` and the `weights` of pairs, the `largest_force` on an image and the `largest_weight`, without its sign;
    and after a gradient step `next_z` and `next_weight`, which may be its next inputs.

    Args:
        loss: the loss.
        theta: all of its parameters; the values of sliders do not matter.
        batch: of the sizes that the program is for; its numbers do not matter.

    Returns:
        The file of the program, as from `Program.to_bytes`.
    """
    classes = len(batch.weight) if loss.classes and batch.weight is not None else 0
    chosen = tuple(sorted(choices(loss, theta).items()))
    return _compile(loss.key, chosen, *batch.z.shape, classes, unit_norm=batch.unit_norm)


@lru_cache(maxsize=128)
def _compile(
    key: str, chosen: tuple[tuple[str, Any], ...], size: int, dim: int, classes: int, *, unit_norm: bool
) -> bytes:
    loss = LOSSES[key]
    theta = loss.check(dict(chosen))
    number = torch.ones((), dtype=torch.float64)
    inputs = slider_inputs(loss, theta)
    names = tuple(inputs)
    inputs |= {
        "z": torch.ones(size, dim, dtype=torch.float64), "y": torch.zeros(size, dtype=torch.int64),
        "axes": torch.ones(2, dim), "centre": torch.ones(dim), REACH: number,
    }  # fmt: skip
    if classes:
        inputs |= {"weight": torch.ones(classes, dim, dtype=torch.float64), "bias": torch.ones(classes)}
        inputs["class_length"] = number
    order: list[str] = []

    def function(*tensors: Tensor) -> list[Tensor]:
        given: dict[str, Any] = dict(zip(inputs, tensors, strict=True))
        batch = Batch(given["z"], given["y"], given.get("weight"), given.get("bias"), unit_norm)
        slopes = batch_slopes(loss, {**theta, **{name: given[name] for name in names}}, batch)
        moved, _ = moved_batch(batch, slopes.embedding_force, slopes.class_force, given[REACH])
        axes, others = given["axes"].double().t(), batch.z if batch.weight is None else batch.weight
        nodes, forces = batch.z, slopes.embedding_force
        largest = torch.linalg.vector_norm(forces @ axes, dim=1).amax()
        if batch.weight is not None and slopes.class_force is not None:
            nodes = torch.cat([nodes, normalize(batch.weight) * given["class_length"]])
            forces = torch.cat([forces, slopes.class_force])
        shown = {
            "points": (nodes - given["centre"].double()) @ axes,
            "forces": forces @ axes,
            "similarity": pairwise(batch.z, others, "similarity"),
            "weights": slopes.weights,
            "largest_force": largest,
            "largest_weight": slopes.weights.abs().amax(),
        }
        found = {name: tensor.float() for name, tensor in shown.items()} | {"next_z": moved.z}
        if moved.weight is not None:
            found["next_weight"] = moved.weight
        order[:] = found
        return list(found.values())

    return compile_function(function, inputs, order).to_bytes()
