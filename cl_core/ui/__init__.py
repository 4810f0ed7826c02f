"""What pages are written with; beside `components` the only part that knows Streamlit."""

from cl_core.ui.link.controls import forget_link
from cl_core.ui.link.presentation import intro
from cl_core.ui.link.share import share_view
from cl_core.ui.pages.batch import batch_controls, batch_notes, frozen_batch
from cl_core.ui.pages.boundaries import boundaries, boundary_controls, boundary_notes
from cl_core.ui.pages.experiments.page import experiment_notes, experiment_part, show_experiment
from cl_core.ui.pages.failures import failure_controls, failure_notes, gallery, show_failure
from cl_core.ui.pages.lesson_bar import lesson
from cl_core.ui.pages.lessons import list_lessons
from cl_core.ui.pages.race import show_race
from cl_core.ui.pages.race_controls import race_controls, race_notes
from cl_core.ui.pages.start import cards
from cl_core.ui.pages.status import show_status
from cl_core.ui.pages.training import stage
from cl_core.ui.pages.training_controls import run_controls, run_notes
from cl_core.ui.pages.triplets.page import show_triplets, triplet_notes, triplet_part
from cl_core.ui.server.lifespan import begin, lifespan

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
