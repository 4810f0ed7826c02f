"""What pages are built from; only this package and the mounts of `components` import Streamlit."""

from cl_core.runtime.errors import describe_error
from cl_core.ui.link.address import address
from cl_core.ui.link.controls import forget_link
from cl_core.ui.link.presentation import intro, show_link_notes
from cl_core.ui.link.share import share_view
from cl_core.ui.pages.batch import batch_controls, batch_notes, show_batch
from cl_core.ui.pages.boundaries import boundary_controls, boundary_notes, show_boundaries
from cl_core.ui.pages.derivations import derivation_notes, show_derivation
from cl_core.ui.pages.experiments.page import experiment_notes, experiment_part, show_experiment
from cl_core.ui.pages.failures import failure_controls, failure_notes, show_failure, show_gallery
from cl_core.ui.pages.lesson_bar import lesson_bar
from cl_core.ui.pages.lessons import show_lessons
from cl_core.ui.pages.page_setup import begin_page, close_phone_sidebar
from cl_core.ui.pages.race import show_race
from cl_core.ui.pages.race_controls import race_controls, race_notes
from cl_core.ui.pages.retrieval.page import retrieval_notes, retrieval_part, show_retrieval
from cl_core.ui.pages.start import show_cards, show_film_and_paths
from cl_core.ui.pages.status import show_status
from cl_core.ui.pages.sweep.page import show_sweep, sweep_notes, sweep_part
from cl_core.ui.pages.training import show_training
from cl_core.ui.pages.training_controls import run_controls, run_notes
from cl_core.ui.pages.triplets.page import show_triplets, triplet_notes, triplet_part
from cl_core.ui.server.lifespan import lifespan
from cl_core.ui.server.middleware import MIDDLEWARE

__all__ = [
    "MIDDLEWARE",
    "address",
    "batch_controls",
    "batch_notes",
    "begin_page",
    "boundary_controls",
    "boundary_notes",
    "close_phone_sidebar",
    "derivation_notes",
    "describe_error",
    "experiment_notes",
    "experiment_part",
    "failure_controls",
    "failure_notes",
    "forget_link",
    "intro",
    "lesson_bar",
    "lifespan",
    "race_controls",
    "race_notes",
    "retrieval_notes",
    "retrieval_part",
    "run_controls",
    "run_notes",
    "share_view",
    "show_batch",
    "show_boundaries",
    "show_cards",
    "show_derivation",
    "show_experiment",
    "show_failure",
    "show_film_and_paths",
    "show_gallery",
    "show_lessons",
    "show_link_notes",
    "show_race",
    "show_retrieval",
    "show_status",
    "show_sweep",
    "show_training",
    "show_triplets",
    "sweep_notes",
    "sweep_part",
    "triplet_notes",
    "triplet_part",
]
