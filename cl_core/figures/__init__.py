"""Data in, figure out: what is looked at, compared and exported, in one language of colours."""

from cl_core.figures.batch import share_chart, share_rows
from cl_core.figures.curves import (
    density,
    loss_chart,
    loss_rows,
    score_chart,
    score_rows,
    triplet_chart,
    triplet_rows,
)
from cl_core.figures.planes import angle_field, landmarks_in_words, psi_chart, psi_rows, similarity_field

__all__ = [
    "angle_field",
    "density",
    "landmarks_in_words",
    "loss_chart",
    "loss_rows",
    "psi_chart",
    "psi_rows",
    "score_chart",
    "score_rows",
    "share_chart",
    "share_rows",
    "similarity_field",
    "triplet_chart",
    "triplet_rows",
]
