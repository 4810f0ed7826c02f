"""A race in the visitor's browser, as its page shows it."""

from collections.abc import Mapping, Sequence

import streamlit as st

from cl_core.components.arena.message import Label
from cl_core.training import RunSpec
from cl_core.training.frames import PACES
from cl_core.ui.link.presentation import autoplays
from cl_core.ui.pages import race_controls
from cl_core.ui.pages.race_controls import HIDDEN
from cl_core.ui.pages.race_results import GROUP, HEIGHTS, contender_line, show_notices, show_results
from cl_core.ui.pages.training_controls import shows_regions
from cl_core.ui.widgets.playback_buttons import PACE
from cl_core.ui.widgets.start_request import request_start
from cl_core.ui.widgets.visitor_race import RaceSettings, race_in_browser, show_arena

SLOT = "race"
WORDS: Mapping[str, str] = {
    "buttons": "The race",
    "running": "Racing",
    "stepHelp": "Pause and do one step of all runs",
    "reseedHelp": "Restart all with new initial weights",
    "stepText": "all runs at step {step}",
    "seeds": "{seeds} seeds each; one is shown",
}


def show_race_in_browser(specs: Sequence[RunSpec], points: int, seeds: int) -> None:
    """Show the race of the visitor's browser with its controls.

    Args:
        specs: one run for each contender.
        points: test images in each picture.
        seeds: runs of each contender, each with a seed of its own.
    """
    settings = RaceSettings(SLOT, specs, points, seeds)
    race = race_in_browser(settings)
    if autoplays():
        request_start(SLOT)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        pace = PACES[PACE.render()]
        regions = shows_regions(specs)
        race_controls.show_ready_races()
    labels = [
        Label(name, line=contender_line(index)) for index, name in enumerate(race_controls.contender_names(specs))
    ]
    show_arena(
        settings, race, labels, pace, group=GROUP, height=HEIGHTS[len(specs)], words=WORDS,
        tells=st.session_state.get(race_controls.SCORES_SHOWN.name) != HIDDEN,
        regions=regions,
    )  # fmt: skip
    show_notices(race)
    show_results(race, None)
