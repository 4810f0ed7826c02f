"""Contrastive and metric-learning losses.

A loss is one function that takes a `contrast.Contrast`: anchors, the items they are compared with, and masks of
positives and negatives. A mini-batch, a grid over a plane of similarities and a few points placed by hand are all
contrasts. `LOSSES` is the catalogue; `module` creates a loss as a PyTorch module:

    f = module("triplet", margin=0.2)
    value = f(embeddings, labels)  # embeddings (B, D), labels (B,)

`collapse_value` and `floor_value` give the values to compare a loss curve with. Further public modules are `contrast`,
`distances`, `parameters`, `base`, `miners` and `autograd`; `variants` holds other published definitions of the losses,
`plain` their formulas in plain PyTorch, and `snippets` generates example programs.
"""

from cl_core.losses._angular import psi_of_angle
from cl_core.losses.catalogue import LOSSES, get, table
from cl_core.losses.distances import OutOfRangeError
from cl_core.losses.loss_module import LossModule, module
from cl_core.losses.reference_values import collapse_value, floor_value

__all__ = [
    "LOSSES",
    "LossModule",
    "OutOfRangeError",
    "collapse_value",
    "floor_value",
    "get",
    "module",
    "psi_of_angle",
    "table",
]
