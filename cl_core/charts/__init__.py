"""Charts of whatever is shown, compared and exported: functions from data to figures, with one set of colours."""

from cl_core.charts.alt_text import density_alt, loss_alt, psi_alt, race_alt, scores_alt, shares_alt, triplets_alt
from cl_core.charts.batch import share_chart, share_rows
from cl_core.charts.cells import cloud_chart, cloud_rows, density_chart, density_rows
from cl_core.charts.census import PARTS, anchor_chart, anchor_rows, margin_chart, margin_rows, pair_chart, pair_rows
from cl_core.charts.curves import loss_chart, loss_rows, score_chart, score_rows, triplet_chart, triplet_rows
from cl_core.charts.density_plot import density
from cl_core.charts.experiments import heat_chart, heat_rows, rate_chart, rate_rows
from cl_core.charts.force_bars import force_chart, force_rows, force_text
from cl_core.charts.large_type import enlarge
from cl_core.charts.loss_notes import curve_remarks, loss_notes
from cl_core.charts.miners import miner_chart, miner_rows, pick_chart, pick_rows
from cl_core.charts.numbers import short_number
from cl_core.charts.paths import path_chart, path_rows
from cl_core.charts.planes import (
    add_answers,
    angle_field,
    hide_answer,
    landmarks_text,
    psi_chart,
    psi_rows,
    similarity_field,
)
from cl_core.charts.race import LOSS, RUN_STYLES, TRIPLETS, has_floor, race_chart, race_rows
from cl_core.charts.retrieval import error_chart, error_rows, pairs_chart, pairs_rows
from cl_core.charts.small_cloud import small_cloud
from cl_core.charts.sweeps import PICK, SERIES_STYLES, map_chart, sweep_chart, sweep_rows
from cl_core.charts.triplet_kinds import KINDS

__all__ = [
    "KINDS",
    "LOSS",
    "PARTS",
    "PICK",
    "RUN_STYLES",
    "SERIES_STYLES",
    "TRIPLETS",
    "add_answers",
    "anchor_chart",
    "anchor_rows",
    "angle_field",
    "cloud_chart",
    "cloud_rows",
    "curve_remarks",
    "density",
    "density_alt",
    "density_chart",
    "density_rows",
    "enlarge",
    "error_chart",
    "error_rows",
    "force_chart",
    "force_rows",
    "force_text",
    "has_floor",
    "heat_chart",
    "heat_rows",
    "hide_answer",
    "landmarks_text",
    "loss_alt",
    "loss_chart",
    "loss_notes",
    "loss_rows",
    "map_chart",
    "margin_chart",
    "margin_rows",
    "miner_chart",
    "miner_rows",
    "pair_chart",
    "pair_rows",
    "pairs_chart",
    "pairs_rows",
    "path_chart",
    "path_rows",
    "pick_chart",
    "pick_rows",
    "psi_alt",
    "psi_chart",
    "psi_rows",
    "race_alt",
    "race_chart",
    "race_rows",
    "rate_chart",
    "rate_rows",
    "score_chart",
    "score_rows",
    "scores_alt",
    "share_chart",
    "share_rows",
    "shares_alt",
    "short_number",
    "similarity_field",
    "small_cloud",
    "sweep_chart",
    "sweep_rows",
    "triplet_chart",
    "triplet_rows",
    "triplets_alt",
]
