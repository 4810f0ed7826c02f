"""Training page: one run, in the visitor's browser or on the server."""

import streamlit as st

from cl_core.training import RunSpec
from cl_core.ui.pages import training_controls
from cl_core.ui.pages.training_in_browser import show_run_in_browser
from cl_core.ui.pages.training_on_server import show_run_on_server
from cl_core.ui.widgets.browser_training import reason_for_server


def show_training(spec: RunSpec, points: int) -> None:
    """Show the session's run where it trains, and why, if that is not where the visitor wants it.

    Args:
        spec: the run.
        points: test images in the picture.
    """
    if training_controls.trains_on_server():
        show_run_on_server(spec, points)
    elif reason := reason_for_server([spec], points):
        st.info(f"This run trains on the server. {reason}", icon=":material/dns:")
        show_run_on_server(spec, points)
    else:
        show_run_in_browser(spec, points)
