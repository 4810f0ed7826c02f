"""What pages are written with; beside `components` the only part that knows Streamlit."""

from cl_core.ui.batch import batch_controls, batch_notes, frozen_batch
from cl_core.ui.boundary import boundaries, boundary_controls, boundary_notes
from cl_core.ui.controls import forget_link
from cl_core.ui.experiments import experiment_notes, experiment_part, show_experiment
from cl_core.ui.run_settings import run_controls, run_notes
from cl_core.ui.server import begin, lifespan
from cl_core.ui.stage import stage
from cl_core.ui.triplets import show_triplets, triplet_notes, triplet_part

__all__ = [
    "batch_controls",
    "batch_notes",
    "begin",
    "boundaries",
    "boundary_controls",
    "boundary_notes",
    "experiment_notes",
    "experiment_part",
    "forget_link",
    "frozen_batch",
    "lifespan",
    "run_controls",
    "run_notes",
    "show_experiment",
    "show_triplets",
    "stage",
    "triplet_notes",
    "triplet_part",
]
