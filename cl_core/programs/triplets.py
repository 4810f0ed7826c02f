"""Programs of one anchor, its positive and a few negatives: what the triplet loss makes of their places."""

from __future__ import annotations

from dataclasses import fields

import torch
from torch import Tensor

from cl_core.analysis.triplet_scene import TripletScene, triplet_scene
from cl_core.programs.compiler import compile_function
from cl_core.programs.program import Program

OUTPUTS = tuple(field.name for field in fields(TripletScene))


def triplet_program(distance: str, circle: bool, negatives: int) -> Program:
    """Compile what the triplet loss makes of some points.

    Its inputs are the `points` (K + 2, 2), the `margin`, and the distance that is `asked` for; its outputs are the
    fields of `TripletScene`.

    Args:
        distance: "sqeuclidean", "euclidean" or "cosine".
        circle: whether the points are on the unit circle.
        negatives: number of negatives K.

    Returns:
        The program.
    """
    number = torch.ones((), dtype=torch.float64)
    inputs = {"points": torch.ones(negatives + 2, 2, dtype=torch.float64), "margin": number, "asked": number}

    def function(points: Tensor, margin: Tensor, asked: Tensor) -> tuple[Tensor, ...]:
        scene = triplet_scene(points, margin, distance, circle=circle, asked=asked)
        return tuple(getattr(scene, name) for name in OUTPUTS)

    return compile_function(function, inputs, OUTPUTS)
