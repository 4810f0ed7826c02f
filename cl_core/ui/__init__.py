"""What pages are written with; beside `components` the only part that knows Streamlit."""

from cl_core.ui.controls import forget_link, link_notes, run_controls
from cl_core.ui.server import begin, lifespan
from cl_core.ui.stage import stage

__all__ = ["begin", "forget_link", "lifespan", "link_notes", "run_controls", "stage"]
