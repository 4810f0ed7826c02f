"""Data in, figure out: what is looked at, compared and exported, in one language of colours."""

from cl_core.charts.alt_text import (
    density_in_words,
    loss_in_words,
    psi_in_words,
    race_in_words,
    scores_in_words,
    shares_in_words,
    triplets_in_words,
)
from cl_core.charts.batch import share_chart, share_rows
from cl_core.charts.census import PARTS, anchor_chart, anchor_rows, margin_chart, margin_rows, pair_chart, pair_rows
from cl_core.charts.curves import density, loss_chart, loss_rows, score_chart, score_rows, triplet_chart, triplet_rows
from cl_core.charts.experiments import cloud_chart, cloud_rows, heat_chart, heat_rows, rate_chart, rate_rows
from cl_core.charts.large_type import enlarged
from cl_core.charts.miners import miner_chart, miner_rows, pick_chart, pick_rows
from cl_core.charts.planes import (
    angle_field,
    covered,
    landmarks_in_words,
    psi_chart,
    psi_rows,
    similarity_field,
    with_places,
)
from cl_core.charts.race import LOSS, RUNNERS, TRIPLETS, floor_known, race_chart, race_rows
from cl_core.charts.triplet_kinds import KINDS

__all__ = [
    "KINDS",
    "LOSS",
    "PARTS",
    "RUNNERS",
    "TRIPLETS",
    "anchor_chart",
    "anchor_rows",
    "angle_field",
    "cloud_chart",
    "cloud_rows",
    "covered",
    "density",
    "density_in_words",
    "enlarged",
    "floor_known",
    "heat_chart",
    "heat_rows",
    "landmarks_in_words",
    "loss_chart",
    "loss_in_words",
    "loss_rows",
    "margin_chart",
    "margin_rows",
    "miner_chart",
    "miner_rows",
    "pair_chart",
    "pair_rows",
    "pick_chart",
    "pick_rows",
    "psi_chart",
    "psi_in_words",
    "psi_rows",
    "race_chart",
    "race_in_words",
    "race_rows",
    "rate_chart",
    "rate_rows",
    "score_chart",
    "score_rows",
    "scores_in_words",
    "share_chart",
    "share_rows",
    "shares_in_words",
    "similarity_field",
    "triplet_chart",
    "triplet_rows",
    "triplets_in_words",
    "with_places",
]
