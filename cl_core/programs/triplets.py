"""Programs of single triplets: what the triplet loss makes of the places of a few points, or of two distances."""

from __future__ import annotations

from dataclasses import fields

import torch
from torch import Tensor

from cl_core.analysis.triplet_scene import TripletScene, triplet_scene
from cl_core.losses import LOSSES
from cl_core.losses.contrast import Contrast
from cl_core.programs.compiler import compile_function
from cl_core.programs.program import Program

OUTPUTS = tuple(field.name for field in fields(TripletScene))
_NUMBER = torch.ones((), dtype=torch.float64)


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
    inputs = {"points": torch.ones(negatives + 2, 2, dtype=torch.float64), "margin": _NUMBER, "asked": _NUMBER}

    def function(points: Tensor, margin: Tensor, asked: Tensor) -> tuple[Tensor, ...]:
        scene = triplet_scene(points, margin, distance, circle=circle, asked=asked)
        return tuple(getattr(scene, name) for name in OUTPUTS)

    return compile_function(function, inputs, OUTPUTS)


def triplet_loss_program() -> Program:
    """Compile the loss of one triplet: inputs `d_ap`, `d_an` and `margin`, output `loss`."""
    triplet = LOSSES["triplet"]

    def function(d_ap: Tensor, d_an: Tensor, margin: Tensor) -> tuple[Tensor]:
        contrast = Contrast.of_pairs(d_ap, d_an)
        return (triplet.function(contrast, margin=margin, distance="sqeuclidean", mining="all").total[0],)

    return compile_function(function, {"d_ap": _NUMBER, "d_an": _NUMBER, "margin": _NUMBER}, ("loss",))
