"""Contrastive and metric-learning losses: the mathematics."""

from cl_core.losses._angular import psi_of_angle
from cl_core.losses.catalogue import LOSSES, get, table
from cl_core.losses.loss_module import LossModule, module
from cl_core.losses.reference_values import collapse_value, floor_value

__all__ = ["LOSSES", "LossModule", "collapse_value", "floor_value", "get", "module", "psi_of_angle", "table"]
