"""A failure beside its cure on the server, as their page shows them."""

from dataclasses import replace

import streamlit as st

from cl_core.components.embedding.mount import embedding
from cl_core.runtime.race import Race
from cl_core.teaching.failures import Failure
from cl_core.training.frames import PACES, RunProgress
from cl_core.ui.link.presentation import height
from cl_core.ui.pages.failure_results import (
    COLOURS,
    GROUP,
    HEIGHT,
    IMAGES,
    ROLES,
    changed_settings,
    knn_badge,
    show_losses,
    symptom_badge,
)
from cl_core.ui.pages.race_on_server import show_timeline
from cl_core.ui.pages.training_pictures import embedding_cloud
from cl_core.ui.server import streamlit_compat
from cl_core.ui.server.lifespan import engine
from cl_core.ui.widgets.playback_buttons import PACE, playback_buttons
from cl_core.ui.widgets.refresh_rate import RefreshRate, refresh_rate_of
from cl_core.ui.widgets.visitor_race import forget_race

BADGES = {
    "opening": ":gray-badge[opening]",
    "paused": ":gray-badge[paused]",
    "running": ":green-badge[training]",
    "failed": ":red-badge[stopped]",
    "finished": ":blue-badge[all steps done]",
}
ICONS = {"red": ":material/heart_broken: ", "green": ":material/check: ", "": ":material/hourglass: "}  # of symptoms


def _open_race(failure: Failure, seed: int) -> Race:
    """Open a failure's two runs as the session's race, at their first frame."""
    forget_race("breaking")
    st.session_state.breaking = race = engine().open_race(failure.runs(seed), IMAGES)
    return race


def show_failure_on_server(failure: Failure, seed: int, *, starts: bool) -> None:
    """Show the failing run beside the cured one, with the symptom of each; open them if necessary.

    Args:
        failure: what goes wrong.
        seed: of the weights and the order of the images, the same for both runs.
        starts: whether to start now.
    """
    race = st.session_state.get("breaking")
    if not isinstance(race, Race) or race.specs != failure.runs(seed):
        race = _open_race(failure, seed)
    if starts:
        race.play(until=failure.steps)
    refresh = refresh_rate_of(race)
    _show_buttons(race, failure, seed)
    st.fragment(_show_position, run_every=refresh.numbers_interval)(race, failure)
    st.fragment(_show_pictures, run_every=refresh.picture_interval)(race, failure, refresh)
    st.fragment(show_losses, run_every=refresh.numbers_interval)(race, failure)


def _show_buttons(race: Race, failure: Failure, seed: int) -> None:
    """Show the playback buttons of both runs and handle their clicks."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        pressed = playback_buttons(
            race, "Resume" if race.started else "Start", step="Pause and do one step of both",
            reseed="Restart both with new initial weights",
        )  # fmt: skip
        race.set_pace(PACES[PACE.render()])
    if pressed.reset:
        race = _open_race(failure, seed)
    if pressed.play:
        race.play(until=failure.steps)  # without a limit once that step has passed
    if pressed.pause:
        race.pause()
    if pressed.step:
        race.step()
    if any(pressed):
        streamlit_compat.rerun()


def _show_position(race: Race, failure: Failure) -> None:
    """Show the phase and the step of both runs."""
    progress = race.progress()
    text = (
        f"{BADGES[progress.phase]} both at **step {max(progress.step, 0):,}**; the failure becomes visible by step "
        f"{failure.steps}"
    )
    st.markdown(text, width="content")


def _show_pictures(race: Race, failure: Failure, refresh: RefreshRate) -> None:
    """Show both clouds with their symptoms and the shared timeline; renew the lease, which keeps the race alive."""
    race.renew_lease(refresh.slowdown)
    busy = race.busy  # read before the progress, so that the last rerun cannot miss the last frame
    progress = race.progress()
    show_timeline(race, progress, "break", GROUP)
    for index, column in enumerate(st.columns(2, gap="medium")):
        shown, run = progress.runs[index][0], race.runs[index][0]
        cloud = embedding_cloud(run, shown, 2)
        with column:
            st.markdown(f"{_heading(failure, index)}  \n{_badges(failure, shown)}")
            embedding(
                replace(
                    cloud, timeline=False, legend=False, title=f"{ROLES[index]}: {cloud.title}",
                    placeholder=cloud.placeholder if shown.failure is None else "This run has no picture.",
                ),
                key=f"break_{index}", height=height(HEIGHT), group=GROUP,
            )  # fmt: skip
    if not refresh.still_fits(busy):
        streamlit_compat.rerun()


def _heading(failure: Failure, index: int) -> str:
    """Return the role of a run and the settings in which it differs from the other one."""
    return f"**:{COLOURS[index]}[{ROLES[index]}]** · {changed_settings(failure, index)}"


def _badges(failure: Failure, progress: RunProgress) -> str:
    """Return symptom and kNN score of a run as Markdown."""
    symptom, score = symptom_badge(failure, progress), knn_badge(progress)
    texts = [f":{symptom.colour or 'gray'}-badge[{ICONS[symptom.colour]}{symptom.text}]"]
    if score:
        texts.append(f":gray-badge[{score.text}]")
    return " ".join(texts)
