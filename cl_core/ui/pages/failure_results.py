"""What is shown around the pictures of a failure and its cure, wherever they train: symptoms, losses, explanation."""

from functools import lru_cache

import streamlit as st

from cl_core import charts
from cl_core.components.arena.message import Badge, Colour
from cl_core.runtime.race import RaceProgress, ReadableRace
from cl_core.teaching.failures import Failure
from cl_core.training import RunSpec
from cl_core.training.frames import PROBE_SIZES, RunProgress
from cl_core.training.setting_texts import setting_text
from cl_core.ui.link import controls
from cl_core.ui.link.control import Link
from cl_core.ui.pages import training_controls
from cl_core.ui.widgets.chart import chart

GROUP = "break"  # of both pictures: they share one timeline
IMAGES = PROBE_SIZES[0]
HEIGHT = 420  # pixels, of a picture
CHART_HEIGHT = 130  # pixels, of a loss curve
ROLES = ("Fails", "Cured")
COLOURS: tuple[Colour, Colour] = ("red", "green")
LOSS_CAPTIONS = ("Loss of the failing run", "Loss of the cured run")
LIVE_LINKS = (
    ("Open the failing run live", ":material/heart_broken:"),
    ("Open the cured run live", ":material/healing:"),
)


def changed_settings(failure: Failure, index: int) -> str:
    """Return the settings in which a run differs from the other one.

    Args:
        failure: the failure.
        index: 0 for the failing run, 1 for the cured one.
    """
    loss = (failure.failing, failure.cured)[index].loss
    changes = {name: values[index] for name, values in failure.changes.items() if values[index] is not None}
    return " · ".join(setting_text(loss, name, value) for name, value in changes.items())


def knn_badge(progress: RunProgress) -> Badge | None:
    """Return the kNN score of the newest frame; None before the first frame."""
    return Badge(f"kNN {progress.frames[-1].metrics.knn:.0%}") if progress.frames else None


def symptom_badge(failure: Failure, progress: RunProgress) -> Badge:
    """Say whether a run shows the failure's symptom.

    Args:
        failure: the failure, with the symptom and its bound.
        progress: the run so far.

    Returns:
        A red badge if it does, a green one if not, and one without a colour while it is too early to judge.
    """
    symptom = failure.symptom
    if progress.failure is not None:
        return Badge("the numbers are out of range", "red")
    present = symptom.is_present(progress)
    value = symptom.value(progress)
    bound = symptom.format_value(symptom.bound)
    if present is None:
        value_text = f" {symptom.format_value(value)}" if progress.frames and value == value else ""
        return Badge(f"{symptom.name}{value_text}, judged from step {symptom.since}")
    if present:
        return Badge(f"{symptom.name} {symptom.format_value(value)} {symptom.side} {bound}: {symptom.verdict}", "red")
    return Badge(f"{symptom.name} {symptom.format_value(value)}: healthy", "green")


def show_losses(race: ReadableRace, failure: Failure) -> None:
    """Show the loss curves and, from the step at which the failure is visible, its explanation.

    Args:
        race: the failing run and the cured one.
        failure: what goes wrong.
    """
    progress = race.progress()
    if progress.step > 0:
        viewed_step = _viewed_step(progress)
        for index, column in enumerate(st.columns(2, gap="medium")):
            run_progress = progress.runs[index][0]
            if run_progress.references is not None and len(run_progress.losses):
                description = charts.loss_alt(run_progress.references, run_progress.losses, viewed_step)
                with column:
                    st.caption(LOSS_CAPTIONS[index])
                    rows = charts.loss_rows(run_progress.losses, viewed_step)
                    chart(
                        rows, _loss_chart(run_progress.references, CHART_HEIGHT), description, key=f"break_loss_{index}"
                    )
                    if notes := charts.loss_notes(run_progress):
                        st.caption(notes)
    if progress.step < failure.steps:
        st.caption("The explanation and the cure appear once the failure is visible.")
        return
    _show_explanation(failure, progress)
    with st.container(horizontal=True):
        for (label, icon), spec in zip(LIVE_LINKS, race.specs, strict=True):
            controls.page_link("training", label, icon, link_to_run(spec))


_loss_chart = lru_cache(maxsize=64)(charts.loss_chart)


def _viewed_step(progress: RaceProgress) -> int:
    """Return the step that the visitor is viewing: the newest, unless they went back."""
    chosen: int | None = st.session_state.get("break_looked_at")
    return max(progress.step if chosen is None else min(chosen, progress.step), 0)


def _show_explanation(failure: Failure, progress: RaceProgress) -> None:
    """Explain what happened, how to tell and the cure; say so if the symptom does not tell the two runs apart."""
    if [failure.symptom.is_present(seeds[0]) for seeds in progress.runs] != [True, False]:
        st.info(
            "At this step the symptom does not distinguish the two runs. With most seeds it does after "
            f"{failure.steps} steps.",
            icon=":material/casino:",
        )
    parts = (("What happened", failure.why), ("How to recognise it", failure.tell), ("The cure", failure.cure))
    for column, (title, text) in zip(st.columns(3, gap="medium"), parts, strict=True):
        column.markdown(f"**{title}**\n\n{text}")


def link_to_run(spec: RunSpec) -> Link:
    """Return the link that opens a run with all its settings on the training page.

    Args:
        spec: the run.
    """
    return training_controls.link_of(spec, points=IMAGES)
