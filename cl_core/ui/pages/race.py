"""Race page: the same start for all contenders, in the visitor's browser or on the server."""

from collections.abc import Sequence

import streamlit as st

from cl_core.training import RunSpec
from cl_core.ui.pages.race_in_browser import show_race_in_browser
from cl_core.ui.pages.race_on_server import show_race_on_server
from cl_core.ui.pages.training_controls import trains_on_server
from cl_core.ui.widgets.browser_training import reason_for_server


def show_race(specs: Sequence[RunSpec], points: int, seeds: int) -> None:
    """Show the session's race where it goes on, and why, if that is not where the visitor wants it.

    Args:
        specs: one run for each contender.
        points: test images in each picture.
        seeds: runs of each contender, each with a seed of its own.
    """
    if trains_on_server():
        show_race_on_server(specs, points, seeds)
    elif reason := reason_for_server(specs, points, seeds):
        st.info(f"This race runs on the server. {reason}", icon=":material/dns:")
        show_race_on_server(specs, points, seeds)
    else:
        show_race_in_browser(specs, points, seeds)
