"""What pages are written with; beside `components` the only part that knows Streamlit."""

from cl_core.ui.batch import batch_controls, batch_notes, frozen_batch
from cl_core.ui.boundary import boundaries, boundary_controls, boundary_notes
from cl_core.ui.break_it import failure_controls, failure_notes, gallery, show_failure
from cl_core.ui.cards import cards
from cl_core.ui.classroom import list_lessons
from cl_core.ui.controls import forget_link
from cl_core.ui.experiments import experiment_notes, experiment_part, show_experiment
from cl_core.ui.lesson import lesson
from cl_core.ui.manner import intro
from cl_core.ui.race import show_race
from cl_core.ui.race_settings import race_controls, race_notes
from cl_core.ui.run_settings import run_controls, run_notes
from cl_core.ui.server import begin, lifespan
from cl_core.ui.share import share_view
from cl_core.ui.stage import stage
from cl_core.ui.status import show_status
from cl_core.ui.triplets import show_triplets, triplet_notes, triplet_part

__all__ = [
    "batch_controls",
    "batch_notes",
    "begin",
    "boundaries",
    "boundary_controls",
    "boundary_notes",
    "cards",
    "experiment_notes",
    "experiment_part",
    "failure_controls",
    "failure_notes",
    "forget_link",
    "frozen_batch",
    "gallery",
    "intro",
    "lesson",
    "lifespan",
    "list_lessons",
    "race_controls",
    "race_notes",
    "run_controls",
    "run_notes",
    "share_view",
    "show_experiment",
    "show_failure",
    "show_race",
    "show_status",
    "show_triplets",
    "stage",
    "triplet_notes",
    "triplet_part",
]
