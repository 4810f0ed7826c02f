"""A run in the visitor's browser, as the training page shows it."""

from typing import Any

import streamlit as st

from cl_core import charts
from cl_core.components.trainer.mount import trainer
from cl_core.components.trainer.picture import WORDS, Trainer, view_title
from cl_core.training import MAX_STEPS, RunSpec
from cl_core.training.frames import PACES
from cl_core.training.saved_run import SavedRun
from cl_core.ui.link import presentation
from cl_core.ui.pages import training_controls, training_export
from cl_core.ui.pages.training_on_server import open_saved_run, remedy_for_empty_steps
from cl_core.ui.pages.training_pictures import HEIGHT
from cl_core.ui.widgets import page_state
from cl_core.ui.widgets.browser_training import browser_training, note_refusal
from cl_core.ui.widgets.playback_buttons import PACE, next_seed
from cl_core.ui.widgets.start_request import request_start, requested_start
from cl_core.ui.widgets.turns import turn_of
from cl_core.ui.widgets.visitor_run import KEY, handed_over, run_in_browser, show_handover_fault, take_over

FACTS = ("step", "frames", "playing", "knn", "spread")  # that a lesson may wait for


def show_run_in_browser(spec: RunSpec, points: int) -> None:
    """Show the run of the visitor's browser with its controls.

    Args:
        spec: the run.
        points: test images in the picture.
    """
    run = run_in_browser(spec, points)
    if presentation.autoplays():
        request_start(KEY)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        pace = PACES[PACE.render()]
        view = training_controls.VIEW.render()
        regions = training_controls.shows_regions([spec])
        axes = 3 if view == "3D" and spec.dim >= 3 else 2
        wanted = training_export.show_export(run, view_title(spec, points, axes), _open_saved_run)
    show_handover_fault()
    made = browser_training(spec, points)
    trainer(
        Trainer(
            spec, points, made.files, pace, axes, made.knn_raw, made.epoch_steps,
            density=view == "density",
            regions=regions,
            turn=turn_of("run"),
            start=requested_start(KEY),
            wanted=wanted,
            known=handed_over(),
            changes=training_controls.noted_changes(),
            conditions=page_state.awaited(FACTS),
            remarks=charts.curve_remarks(spec),
            height=presentation.height(HEIGHT),
            words={**WORDS, "empty": WORDS["empty"] + remedy_for_empty_steps(spec)},
        ),
        key=KEY, on_handover=take_over, on_reseed=next_seed, on_facts=_note_facts, on_refused=note_refusal,
        on_changes=_note_changes,
    )  # fmt: skip


def _open_saved_run(saved: SavedRun) -> None:
    """Open a run from its file, on the server."""
    st.session_state[training_controls.ENGINE.name] = training_controls.SERVER
    open_saved_run(saved)


def _note_facts(reported: Any) -> None:
    """Note facts of the page that the browser has reported."""
    if isinstance(reported, dict):
        known = {name: reported[name] for name in FACTS if isinstance(reported.get(name), str | int | float)}
        page_state.set_facts(**known)


def _note_changes(reported: Any) -> None:
    """Note the steps that the browser has reported; what cannot be so is ignored."""
    if isinstance(reported, list) and all(type(step) is int and 0 < step <= MAX_STEPS for step in reported):
        training_controls.note_changes(reported)
