"""Programs of a loss over the plane of similarities or of angles, with its parameters as inputs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from cl_core.analysis.similarity_plane import (
    ANGLE_NODES,
    SIMILARITY_NODES,
    boundary_curve,
    ellipse_outline,
    evaluate,
    node_weights,
    weight_profiles,
)
from cl_core.analysis.wedge import tensor_of_angles, tensor_of_angles_away
from cl_core.losses.base import Loss
from cl_core.programs.compiler import compile_function
from cl_core.programs.program import Program
from cl_core.programs.sliders import slider_inputs

LENGTH = "length"  # input of a loss in which the length of embeddings counts


def similarity_program(loss: Loss, theta: Mapping[str, Any]) -> Program:
    """Compile a loss over the plane of similarities, with its curves and landmarks.

    Its inputs are the loss's sliders, and the `length` of embeddings where it counts. Its outputs are `value`,
    `force_x`, `force_y` and `violated` on the grid, points of the curves `boundary`, `ellipse`, `neutral`, `profile_n`
    and `profile_p`, the places `target`, `lowest` and `centre`, the `box`, and the weights `weight_x` and `weight_y`;
    as far as the loss has them.

    Args:
        loss: the loss.
        theta: all of its parameters; the values of sliders do not matter.

    Returns:
        The program.
    """
    n = SIMILARITY_NODES

    def outputs(values: Mapping[str, Any], length: Tensor | float) -> dict[str, Tensor]:
        axis = torch.linspace(-1, 1, n, dtype=torch.float64)
        value, d_p, d_n, violated = evaluate(loss, values, axis[:, None].expand(n, n), axis.expand(n, n), length)
        found: dict[str, Tensor | None] = {
            "value": value, "force_x": -d_n, "force_y": -d_p, "boundary": boundary_curve(loss, values)
        }  # fmt: skip
        landmarks = loss.landmarks(**values)
        if landmarks.ellipse is not None:
            found["ellipse"] = ellipse_outline(landmarks.ellipse)
            found["centre"] = _numbers(landmarks.ellipse[:2])
        if landmarks.neutral is not None:
            found["neutral"] = _numbers((landmarks.neutral, -1.0, landmarks.neutral, 1.0)).view(2, 2)
        if (weights := node_weights(loss, values, axis)) is not None:
            found["weight_x"], found["weight_y"] = weights
            found["profile_n"], found["profile_p"] = weight_profiles(axis, *weights)
        for name in ("target", "lowest", "box"):
            place = getattr(landmarks, name)
            found[name] = None if place is None else _numbers(place)
        return _for_pictures(found, violated)

    return _compile(loss, theta, outputs)


def angle_program(loss: Loss, theta: Mapping[str, Any]) -> Program:
    """Compile a loss over the plane of angles: outputs `value`, `force_x`, `force_y`, `violated` and `boundary`.

    Args:
        loss: the loss.
        theta: all of its parameters; the values of sliders do not matter.

    Returns:
        The program.
    """
    n = ANGLE_NODES

    def outputs(values: Mapping[str, Any], length: Tensor | float) -> dict[str, Tensor]:
        axis = torch.linspace(0, math.pi, n, dtype=torch.float64)
        s, slope = axis.cos(), -axis.sin()
        value, d_p, d_n, violated = evaluate(loss, values, s[:, None].expand(n, n), s.expand(n, n), length)
        curve = boundary_curve(loss, values)
        found = {
            "value": value, "force_x": -d_n * slope, "force_y": -d_p * slope[:, None],
            "boundary": None if curve is None else curve.clamp(-1, 1).acos() * (180 / math.pi),
        }  # fmt: skip
        return _for_pictures(found, violated)

    return _compile(loss, theta, outputs)


def wedge_program(loss: Loss, theta: Mapping[str, Any]) -> Program:
    """Compile the angles that a loss asks for around two class weights: outputs `table` and `away`.

    Args:
        loss: a loss with a boundary.
        theta: all of its parameters; the values of sliders do not matter.

    Returns:
        The program.
    """

    def outputs(values: Mapping[str, Any], _length: Tensor | float) -> dict[str, Tensor]:
        return {"table": tensor_of_angles(loss, values), "away": tensor_of_angles_away(loss, values)}

    return _compile(loss, theta, outputs)


def _compile(loss: Loss, theta: Mapping[str, Any], outputs: Any) -> Program:
    inputs = slider_inputs(loss, theta)
    if loss.lengths:
        inputs[LENGTH] = torch.ones((), dtype=torch.float64)
    order: list[str] = []

    def function(*values: Tensor) -> list[Tensor]:
        given: dict[str, Any] = dict(zip(inputs, values, strict=True))
        length = given.pop(LENGTH, 1.0)
        found = outputs({**theta, **given}, length)
        order[:] = found
        return list(found.values())

    return compile_function(function, inputs, order)


def _for_pictures(found: Mapping[str, Tensor | None], violated: Tensor | None) -> dict[str, Tensor]:
    """Return the tensors that are not None: numbers as float32, as messages hold them; `violated` as booleans."""
    floats = {name: tensor.float() for name, tensor in found.items() if tensor is not None}
    return floats if violated is None else {**floats, "violated": violated}


def _numbers(values: tuple[Any, ...]) -> Tensor:
    return torch.stack([torch.as_tensor(value, dtype=torch.float64) for value in values])
