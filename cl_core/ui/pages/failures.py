"""Page of failures on purpose: a card for each, and the failing run beside the cured one until its symptom shows."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

import streamlit as st

from cl_core import charts, training
from cl_core.components.embedding.mount import embedding
from cl_core.runtime.race import Race, RaceProgress
from cl_core.teaching.failures import FAILURES, Failure
from cl_core.training import RunSpec
from cl_core.training.frames import PACES, PROBE_SIZES, RunProgress
from cl_core.ui.link import controls
from cl_core.ui.link.control import Control, Link, to_text
from cl_core.ui.link.presentation import autoplays, height, intro, presentation
from cl_core.ui.pages import training_controls
from cl_core.ui.pages.race import show_timeline
from cl_core.ui.pages.training_pictures import embedding_cloud
from cl_core.ui.server import streamlit_compat
from cl_core.ui.server.lifespan import engine
from cl_core.ui.widgets.chart import chart
from cl_core.ui.widgets.playback_buttons import PACE, playback_buttons
from cl_core.ui.widgets.refresh_rate import RefreshRate, refresh_rate_of

PAGE = "break_it"
NONE = "none"
GROUP = "break"  # of both pictures: they share one timeline
IMAGES = PROBE_SIZES[0]
HEIGHT = 330  # pixels, of a picture
CHART_HEIGHT = 130  # pixels, of a loss curve
CARDS_PER_ROW = 3

FAILURE = Control("failure", "failure", NONE, "a run that goes wrong, beside one that does not", (NONE, *FAILURES))
SEED = Control("seed", "seed", 0, "of the weights and the order of the images, the same for both runs",
               low=training.SEED_RANGE[0], high=training.SEED_RANGE[1], step=1)  # fmt: skip

ICONS = {
    "hard_collapse": "compress",
    "cold": "ac_unit",
    "hot": "local_fire_department",
    "margin": "straighten",
    "unbounded": "open_in_full",
    "flat": "crop_landscape",
    "unscaled": "tune",
    "fast": "rocket_launch",
    "alone": "person_off",
}
ROLES = ("Fails", "Cured")
LOSS_CAPTIONS = ("Loss of the failing run", "Loss of the cured run")
LIVE_LINKS = (
    ("Open the failing run live", ":material/heart_broken:"),
    ("Open the cured run live", ":material/healing:"),
)
BADGES = {
    "opening": ":gray-badge[opening]",
    "paused": ":gray-badge[paused]",
    "running": ":green-badge[training]",
    "failed": ":red-badge[stopped]",
    "finished": ":blue-badge[all steps done]",
}


def controls_for_link(_link: Link) -> tuple[Control, ...]:
    """List every control of the page.

    Args:
        _link: ignored; the controls are the same under every link.
    """
    return FAILURE, SEED, PACE


def failure_notes() -> list[str]:
    """Return a message for each setting in the link that could not be used.

    On arrival by a link, the session's race is dropped, so that the page opens the one that the link describes.
    """
    if controls.opened_by_link(PAGE):
        st.session_state.breaking = None  # no page renews the old race's lease, so it stops
    return controls.link_notes(PAGE, controls_for_link, plays=True)


def failure_controls() -> tuple[Failure | None, int]:
    """Show the controls in the sidebar.

    Returns:
        The failure, None while none is chosen, and the seed of both runs.
    """
    with st.sidebar:
        return FAILURES.get(FAILURE.render()), SEED.render()


def show_gallery() -> None:
    """Show a card for each failure; its button starts it."""
    _close_race()
    intro("Break it", "Nine ways in which training goes wrong. Each starts with a click, beside a run that is cured, "
          "from the same start on the same images.")  # fmt: skip
    failures = list(FAILURES.values())
    is_free = presentation().is_free(FAILURE.name)
    for row in (failures[i : i + CARDS_PER_ROW] for i in range(0, len(failures), CARDS_PER_ROW)):
        for column, failure in zip(st.columns(CARDS_PER_ROW), row, strict=True):
            with column.container(border=True, height="stretch", gap="small"):
                st.button(
                    failure.title, icon=f":material/{ICONS[failure.key]}:", key=f"break_{failure.key}",
                    on_click=_start_failure, args=(failure,), disabled=not is_free, width="stretch",
                )  # fmt: skip
                st.markdown(failure.summary)


def _set_failure(key: str) -> None:
    """Set the control of the failure, before it is shown."""
    controls.set_to_defaults([replace(FAILURE, default=key)], all_of_them=True)


def _start_failure(failure: Failure) -> None:
    """Start the failure whose card was clicked."""
    _set_failure(failure.key)
    _open_race(failure, st.session_state.get(SEED.name, SEED.default)).play(until=failure.steps)


def _close_race() -> None:
    """Close the race of this session, if there is one."""
    race: Race | None = st.session_state.get("breaking")
    if race is not None:
        race.close()
    st.session_state.breaking = None


def _open_race(failure: Failure, seed: int) -> Race:
    """Open a failure's two runs as the session's race, at their first frame."""
    _close_race()
    st.session_state.breaking = race = engine().open_race(failure.runs(seed), IMAGES)
    return race


def show_failure(failure: Failure, seed: int) -> None:
    """Show the failing run beside the cured one, with the symptom of each; open them if necessary.

    Args:
        failure: what goes wrong.
        seed: of the weights and the order of the images, the same for both runs.
    """
    race: Race | None = st.session_state.get("breaking")
    if race is None or race.specs != failure.runs(seed):
        race = _open_race(failure, seed)
    if autoplays():
        race.play(until=failure.steps)
    refresh = refresh_rate_of(race)
    intro(f":material/{ICONS[failure.key]}: {failure.title}", f"{failure.summary} **Watch** {failure.watch}")
    _show_buttons(race, failure, seed)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.fragment(_show_position, run_every=refresh.numbers_interval)(race, failure)
        st.button(
            "All failures", icon=":material/apps:", key="all_failures", on_click=_set_failure, args=(NONE,),
            disabled=not presentation().is_free(FAILURE.name),
        )  # fmt: skip
    st.fragment(_show_pictures, run_every=refresh.picture_interval)(race, failure, refresh)
    st.fragment(_show_losses, run_every=refresh.numbers_interval)(race, failure)


def _show_buttons(race: Race, failure: Failure, seed: int) -> None:
    """Show the playback buttons of both runs and handle their clicks."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        pressed = playback_buttons(
            race, "Go on" if race.started else "Start", step="Pause, and let both do one step",
            reseed="Back to another start, again the same for both",
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
    text = f"{BADGES[progress.phase]} both at **step {max(progress.step, 0):,}**; it shows by step {failure.steps}"
    st.markdown(text, width="content")


def _show_pictures(race: Race, failure: Failure, refresh: RefreshRate) -> None:
    """Show both clouds with their symptoms and the shared timeline; renew the lease, which keeps the race alive."""
    race.renew_lease(refresh.slowdown)
    busy = race.busy  # read before the progress, so that the last rerun cannot miss the last frame
    progress = race.progress()
    for index, column in enumerate(st.columns(2, gap="medium")):
        shown, run = progress.runs[index][0], race.runs[index][0]
        cloud = embedding_cloud(run, shown, 2)
        with column:
            st.markdown(f"{_heading(failure, index)}  \n{symptom_text(failure, shown)} {_knn_badge(shown)}")
            embedding(
                replace(
                    cloud, timeline=False, title=f"{ROLES[index]}: {cloud.title}",
                    placeholder=cloud.placeholder if shown.failure is None else "There is no picture.",
                ),
                key=f"break_{index}", height=height(HEIGHT), group=GROUP,
            )  # fmt: skip
    show_timeline(race, progress, "break", GROUP)
    if not refresh.still_fits(busy):
        streamlit_compat.rerun()


def _heading(failure: Failure, index: int) -> str:
    """Return the role of a run and the settings in which it differs from the other one."""
    changes = {name: values[index] for name, values in failure.changes.items() if values[index] is not None}
    settings = " · ".join(_setting_text(name, value) for name, value in changes.items())
    return f"**:{('red', 'green')[index]}[{ROLES[index]}]** · {settings}"


def _setting_text(name: str, value: Any) -> str:
    if name == "images_per_class":
        return f"{value} images of each class" if value else "images drawn at random"
    return f"{name} {_short(value)}"


def _knn_badge(progress: RunProgress) -> str:
    """Return the kNN score of the newest frame as a badge; empty before the first frame."""
    return f":gray-badge[kNN {progress.frames[-1].metrics.knn:.0%}]" if progress.frames else ""


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else to_text(value)


def symptom_text(failure: Failure, progress: RunProgress) -> str:
    """Return a badge that says whether a run shows the failure's symptom.

    Args:
        failure: the failure, with the symptom and its bound.
        progress: the run so far.
    """
    symptom = failure.symptom
    if progress.failure is not None:
        return ":red-badge[:material/heart_broken: the numbers ran out of range]"
    present = symptom.is_present(progress)
    value = symptom.value(progress)
    bound = symptom.format_value(symptom.bound)
    if present is None:
        value_text = f" {symptom.format_value(value)}" if progress.frames and value == value else ""
        return f":gray-badge[:material/hourglass: {symptom.name}{value_text}, judged from step {symptom.since}]"
    if present:
        text = f"{symptom.name} {symptom.format_value(value)} {symptom.side} {bound}: {symptom.verdict}"
        return f":red-badge[:material/heart_broken: {text}]"
    return f":green-badge[:material/check: {symptom.name} {symptom.format_value(value)}, not {symptom.side} {bound}]"


def _show_losses(race: Race, failure: Failure) -> None:
    """Show the loss curves and, from the step at which the failure is visible, its explanation."""
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
        st.caption("What happens here, how to tell, and the cure: when it has shown.")
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
            "At this step the sign does not tell the two runs apart, as it does with most seeds after "
            f"{failure.steps} steps.",
            icon=":material/casino:",
        )
    parts = (("What happened", failure.why), ("How to tell", failure.tell), ("The cure", failure.cure))
    for column, (title, text) in zip(st.columns(3, gap="medium"), parts, strict=True):
        column.markdown(f"**{title}**\n\n{text}")


def link_to_run(spec: RunSpec) -> Link:
    """Return the link that opens a run with all its settings on the training page.

    Args:
        spec: the run.
    """
    return training_controls.link_of(spec, points=IMAGES)
