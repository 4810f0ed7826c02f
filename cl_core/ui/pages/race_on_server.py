"""A race on the server, as its page shows it: playback buttons, and a row of pictures with a shared timeline."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from cl_core.components.embedding.mount import embedding
from cl_core.components.timeline.mount import timeline
from cl_core.data import datasets
from cl_core.runtime.race import Race, RaceProgress
from cl_core.training import RunSpec
from cl_core.training.frames import PACES
from cl_core.ui.link.presentation import autoplays
from cl_core.ui.pages import race_controls
from cl_core.ui.pages.race_controls import HIDDEN
from cl_core.ui.pages.race_results import GROUP, HEIGHTS, contender_label, show_notices, show_results
from cl_core.ui.pages.training_controls import shows_regions
from cl_core.ui.pages.training_pictures import embedding_cloud
from cl_core.ui.server import streamlit_compat
from cl_core.ui.server.lifespan import engine, load_note
from cl_core.ui.widgets import page_state
from cl_core.ui.widgets.playback_buttons import PACE, changed_notice, playback_buttons, state_row
from cl_core.ui.widgets.refresh_rate import RefreshRate, refresh_rate_of
from cl_core.ui.widgets.reloaded_run import continue_after_reload
from cl_core.ui.widgets.visitor_race import forget_race

BADGES = {
    "opening": ":gray-badge[opening]",
    "paused": ":gray-badge[paused]",
    "running": ":green-badge[racing]",
    "failed": ":red-badge[stopped]",
    "finished": ":blue-badge[all steps done]",
}


def show_race_on_server(specs: Sequence[RunSpec], points: int, seeds: int) -> None:
    """Show the session's race on the server with its controls; open one if necessary.

    Args:
        specs: one run for each contender.
        points: test images in each picture.
        seeds: runs of each contender, each with a seed of its own.
    """
    race = _current_race(specs, points, seeds)
    continue_after_reload("race", Race)
    refresh = refresh_rate_of(race)
    _show_buttons(race, specs, points, seeds)
    with state_row():
        st.fragment(_show_position, run_every=refresh.numbers_interval)(race)
        _show_difference(race, specs, points, seeds)
        regions = shows_regions(specs)
        race_controls.show_ready_races()
    st.fragment(show_notices, run_every=refresh.numbers_interval)(race)
    st.fragment(_show_pictures, run_every=refresh.picture_interval)(race, refresh, regions)
    show_results(race, refresh.numbers_interval)


def _current_race(specs: Sequence[RunSpec], points: int, seeds: int) -> Race:
    """Return the session's race. New settings replace it only if it has not been started; else they wait for Start."""
    race = st.session_state.get("race")
    if not isinstance(race, Race) or (_settings_differ(race, specs, points, seeds) and not race.started):
        race = _open_race(specs, points, seeds)
        if autoplays():
            race.play()
    return race


def _settings_differ(race: Race, specs: Sequence[RunSpec], points: int, seeds: int) -> bool:
    return (race.specs, race.n, race.seeds) != (tuple(specs), points, seeds)


def _open_race(specs: Sequence[RunSpec], points: int, seeds: int) -> Race:
    """Close the session's race and open a new one, at its first frame."""
    forget_race("race")
    st.session_state.race = race = engine().open_race(specs, points, seeds)
    return race


def _show_buttons(race: Race, specs: Sequence[RunSpec], points: int, seeds: int) -> None:
    """Show the playback buttons and handle their clicks."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        pressed = playback_buttons(
            race, "Start", step="Pause and do one step of all runs",
            reseed="Restart all with new initial weights",
        )  # fmt: skip
        race.set_pace(PACES[PACE.render()])
    if pressed.reset:
        race = _open_race(specs, points, seeds)
    if pressed.play:
        race.play()
    if pressed.pause:
        race.pause()
    if pressed.step:
        race.step()
    if pressed.reseed:
        race.close()
        st.session_state.race = None
    if any(pressed):
        streamlit_compat.rerun()


def _show_difference(race: Race, specs: Sequence[RunSpec], points: int, seeds: int) -> None:
    """Say that the page's settings are not those of the race, and start another one if the visitor wants that."""
    if not _settings_differ(race, specs, points, seeds):
        return
    _, restart = changed_notice(applicable=False)
    if restart:
        _open_race(specs, points, seeds).play()
        streamlit_compat.rerun()


def _show_position(race: Race) -> None:
    """Show the phase, the step and the speed of the race."""
    progress = race.progress()
    page_state.set_facts(step=max(progress.step, 0), playing="yes" if race.playing else "no")
    rate = f" · {progress.rate:.0f} steps/s" if progress.rate else ""
    seeds = f" · {race.seeds} seeds each; one is shown" if race.seeds > 1 else ""
    st.markdown(
        f"{BADGES[progress.phase]} all runs at **step {max(progress.step, 0):,}**{rate}{load_note()}{seeds}",
        width="content",
    )


def _show_pictures(race: Race, refresh: RefreshRate, regions: bool) -> None:
    """Show a cloud for each contender and the shared timeline; renew the lease, which keeps the race alive."""
    race.renew_lease(refresh.slowdown)
    busy = race.busy  # read before the progress, so that the last rerun cannot miss the last frame
    progress = race.progress()
    names = race_controls.contender_names(race.specs)
    hidden = st.session_state.get(race_controls.SCORES_SHOWN.name) == HIDDEN
    show_timeline(race, progress, "race", GROUP)
    pictures = st.container(key="race_pictures")  # four are two by two, where the window is not wide
    for index, column in enumerate(pictures.columns(len(names), gap="small")):
        shown, run = progress.runs[index][0], race.runs[index][0]
        cloud = embedding_cloud(run, shown, 2, regions=regions)
        with column:
            st.html(contender_label(index, names[index]))
            embedding(
                replace(
                    cloud, timeline=False, legend=False, title=f"{names[index]}: {cloud.title}",
                    alt="" if hidden else cloud.alt, counts=not hidden,
                    placeholder=cloud.placeholder if shown.failure is None else "This run has no picture.",
                ),
                key=f"race_{index}", height=HEIGHTS[len(names)], group=GROUP,
            )  # fmt: skip
    if not refresh.still_fits(busy):
        streamlit_compat.rerun()


def show_timeline(race: Race, progress: RaceProgress, name: str, group: str) -> None:
    """Show the one slider of all pictures of a group.

    Args:
        race: the race whose frames it moves through.
        progress: of the race; the contender with most frames sets the steps.
        name: prefix of the widget's key; the step chosen is `<name>_looked_at` in the session state.
        group: the pictures that move with the slider.
    """
    longest = max((runs[0] for runs in progress.runs), key=lambda run: len(run.frames))
    steps = [frame.step for frame in longest.frames]
    classes = datasets.load(race.specs[0].dataset).class_names
    chosen = timeline(race.runs[0][0].name, steps, classes, key=f"{name}_time", group=group)
    if chosen != st.session_state.get(f"{name}_looked_at"):
        st.session_state[f"{name}_looked_at"] = chosen
        streamlit_compat.rerun()  # update curves and numbers
