"""Race page: a row of pictures with a shared timeline, playback buttons, and what is the same for all contenders."""

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote

import streamlit as st

from cl_core import charts
from cl_core.components.embedding.mount import embedding
from cl_core.components.timeline.mount import timeline
from cl_core.runtime.race import Race, RaceProgress
from cl_core.training import RunSpec
from cl_core.training.frames import PACES
from cl_core.ui.link.presentation import autoplays
from cl_core.ui.pages import race_controls, race_scores
from cl_core.ui.pages.race_controls import HIDDEN
from cl_core.ui.pages.training_pictures import embedding_cloud
from cl_core.ui.server import streamlit_compat
from cl_core.ui.server.lifespan import engine, load_note
from cl_core.ui.widgets import page_state
from cl_core.ui.widgets.playback_buttons import PACE, playback_buttons
from cl_core.ui.widgets.refresh_rate import RefreshRate, refresh_rate_of

GROUP = "race"  # of all pictures here: they share one timeline
HEIGHTS = {2: 390, 3: 370, 4: 350}  # pixels, of each picture, by the number of contenders
BADGES = {
    "opening": ":gray-badge[opening]",
    "paused": ":gray-badge[paused]",
    "running": ":green-badge[racing]",
    "failed": ":red-badge[stopped]",
    "finished": ":blue-badge[all steps done]",
}


def show_race(specs: Sequence[RunSpec], points: int, seeds: int) -> None:
    """Show the session's race with its controls; open one if necessary.

    Args:
        specs: one run for each contender.
        points: test images in each picture.
        seeds: runs of each contender, each with a seed of its own.
    """
    race = _current_race(specs, points, seeds)
    refresh = refresh_rate_of(race)
    _show_buttons(race, specs, points, seeds)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.fragment(_show_position, run_every=refresh.numbers_interval)(race)
        race_controls.show_ready_races()
    st.fragment(_show_notices, run_every=refresh.numbers_interval)(race)
    st.fragment(_show_pictures, run_every=refresh.picture_interval)(race, refresh)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            st.markdown("**Curves**", width="content")
            race_controls.SCORE.render()
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            st.markdown("**Scores**", width="content")
            hidden = race_controls.SCORES_SHOWN.render() == HIDDEN
    if hidden:
        _show_vote()
    else:
        st.fragment(race_scores.show_scores, run_every=refresh.numbers_interval)(race)
    with st.expander("What is the same for all, and what is not", icon=":material/balance:"):
        st.markdown(_fairness_text(race))


def _current_race(specs: Sequence[RunSpec], points: int, seeds: int) -> Race:
    """Return the session's race. New settings replace it only if it has not been started; else they wait for Start."""
    race: Race | None = st.session_state.get("race")
    if race is None or (_settings_differ(race, specs, points, seeds) and not race.started):
        race = _open_race(specs, points, seeds)
        if autoplays():
            race.play()
    return race


def _settings_differ(race: Race, specs: Sequence[RunSpec], points: int, seeds: int) -> bool:
    return (race.specs, race.n, race.seeds) != (tuple(specs), points, seeds)


def _open_race(specs: Sequence[RunSpec], points: int, seeds: int) -> Race:
    """Close the session's race and open a new one, at its first frame."""
    previous: Race | None = st.session_state.get("race")
    if previous is not None:
        previous.close()
    st.session_state.race = race = engine().open_race(specs, points, seeds)
    return race


def _show_buttons(race: Race, specs: Sequence[RunSpec], points: int, seeds: int) -> None:
    """Show the playback buttons and handle their clicks."""
    differs = _settings_differ(race, specs, points, seeds)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        pressed = playback_buttons(
            race, "Start", step="Pause, and let all do one step", other=differs,
            reseed="Back to another start, again the same for all",
        )  # fmt: skip
        race.set_pace(PACES[PACE.render()])
    if differs:
        st.info("The settings have changed since this race was started.", icon=":material/tune:")
    if pressed.reset or (pressed.play and differs):
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


def _show_position(race: Race) -> None:
    """Show the phase, the step and the speed of the race."""
    progress = race.progress()
    page_state.set_facts(step=max(progress.step, 0), playing="yes" if race.playing else "no")
    rate = f" · {progress.rate:.0f} steps/s" if progress.rate else ""
    seeds = f" · {race.seeds} seeds each, one is drawn" if race.seeds > 1 else ""
    st.markdown(
        f"{BADGES[progress.phase]} all at **step {max(progress.step, 0):,}**{rate}{load_note()}{seeds}", width="content"
    )


def _show_notices(race: Race) -> None:
    """Show the failures and notes of all runs."""
    progress = race.progress()
    for name, runs in zip(race_controls.contender_names(race.specs), progress.runs, strict=True):
        for run in runs:
            seed = f", seed {run.spec.seed}" if race.seeds > 1 else ""
            if run.failure:
                st.error(f"**{name}{seed}** is out. {run.failure}", icon=":material/error:")
            if run.note:
                st.info(f"**{name}{seed}**: {run.note}", icon=":material/healing:")


def _show_pictures(race: Race, refresh: RefreshRate) -> None:
    """Show a cloud for each contender and the shared timeline; renew the lease, which keeps the race alive."""
    race.renew_lease(refresh.slowdown)
    busy = race.busy  # read before the progress, so that the last rerun cannot miss the last frame
    progress = race.progress()
    names = race_controls.contender_names(race.specs)
    hidden = st.session_state.get(race_controls.SCORES_SHOWN.name) == HIDDEN
    for index, column in enumerate(st.columns(len(names), gap="small")):
        shown, run = progress.runs[index][0], race.runs[index][0]
        cloud = embedding_cloud(run, shown, 2)
        with column:
            st.html(_contender_label(index, names[index]))
            embedding(
                replace(
                    cloud, timeline=False, title=f"{names[index]}: {cloud.title}", alt="" if hidden else cloud.alt,
                    placeholder=cloud.placeholder if shown.failure is None else "There is no picture.",
                ),
                key=f"race_{index}", height=HEIGHTS[len(names)], group=GROUP,
            )  # fmt: skip
    show_timeline(race, progress, "race", GROUP)
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
    chosen = timeline(race.runs[0][0].name, steps, key=f"{name}_time", group=group)
    if chosen != st.session_state.get(f"{name}_looked_at"):
        st.session_state[f"{name}_looked_at"] = chosen
        streamlit_compat.rerun()  # update curves and numbers


def _contender_label(index: int, name: str) -> str:
    """Return a contender's name with its line and mark in the curves, as HTML; names hold no text from a link."""
    style = charts.RUN_STYLES[index]
    dash = " ".join(map(str, style.dash)) if style.dash[1] else "none"
    mark = {
        "circle": "<circle cx='20' cy='8' r='6'/>",
        "square": "<rect x='14.5' y='2.5' width='11' height='11'/>",
        "triangle-up": "<path d='M20 1 27 14H13z'/>",
        "diamond": "<path d='M20 1 27 8 20 15 13 8z'/>",
    }[style.shape]
    picture = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='40' height='16' fill='{style.colour}'>"
        f"<path d='M0 8H40' stroke='{style.colour}' stroke-width='3' stroke-dasharray='{dash}'/>{mark}</svg>"
    )
    return (
        '<div style="align-items:center;display:flex;font-size:1.1rem;font-weight:650;gap:8px;line-height:1.25">'
        f'<img alt="" src="data:image/svg+xml,{quote(picture)}">{name}</div>'
    )


def _show_vote() -> None:
    """Show the vote that replaces curves and scores until they are revealed."""
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown("**Which one has the best kNN score?** Vote by the pictures alone, then reveal.", width="content")
        st.button(
            "Reveal", icon=":material/visibility:", type="primary", key="reveal", on_click=race_controls.reveal_scores
        )


def _fairness_text(race: Race) -> str:
    """Return what the contenders share and what the settings make differ, as Markdown."""
    specs, names = race.specs, race_controls.contender_names(race.specs)
    by_class = [name for name, spec in zip(names, specs, strict=True) if spec.images_per_class]
    lines = [
        "- Same seed: the same weights to start from"
        f"{'' if by_class else ', the same order of the images'}, the same noise.",
        "- All are at the same step whenever you look; no run begins the next stretch before all have come as far.",
        "- The loss curves lie between each loss's floor and its value at total collapse, since raw losses do not "
        "compare.",
        "- Scores are measured on the same test images, in the full space. The linear probe is fitted to one half of "
        "them and tried on the other.",
    ]
    if len({(spec.encoder, spec.images_per_step, spec.images_per_class) for spec in specs}) == 1:
        lines.insert(1, "- Every step sees the same batch of images.")
    else:
        sizes = ", ".join(f"{name} {spec.images_per_step:,}" for name, spec in zip(names, specs, strict=True))
        order = (
            f"Drawn by class, so in another order: {', '.join(by_class)}."
            if by_class
            else "The images come in the same order, cut differently, so at one step a run with a larger batch has "
            "seen more of them."
        )
        lines.insert(1, f"- Images a step: {sizes}. {order}")
    if len({spec.unit_norm for spec in specs}) > 1:
        free = ", ".join(spec.loss for spec in specs if not spec.unit_norm)
        lines.append(f"- Not the same: {free} leaves the length of embeddings free, as its recipe does.")
    return "\n".join(lines)
