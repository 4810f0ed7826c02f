"""Failures on purpose: a card for each, and the failing run beside the cured one until its sign has shown."""

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
from cl_core.ui.pages.race import time_of_all
from cl_core.ui.pages.training import embedding_cloud
from cl_core.ui.server.lifespan import engine
from cl_core.ui.widgets.chart import chart
from cl_core.ui.widgets.playback_buttons import PACE, playback_buttons
from cl_core.ui.widgets.refresh_rate import RefreshRate, refresh_rate_of

PAGE = "break_it"
NONE = "none"
GROUP = "break"  # of both pictures: they show one moment
IMAGES = PROBE_SIZES[0]
HEIGHT = 330  # pixels, of a picture
CHART = 130  # pixels, of a loss curve
CARDS = 3  # in a row

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
LOSS_OF = ("Loss of the failing run", "Loss of the cured run")
LIVE = (
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
    """Every control of the page."""
    return FAILURE, SEED, PACE


def failure_notes() -> list[str]:
    """What in the link could not be used; a link also says what is on stage."""
    arrived = st.session_state.get("link_notes", ("",))[0] != PAGE
    if arrived and st.query_params:
        st.session_state.breaking = None  # nobody renews the other one's lease
    return controls.link_notes(PAGE, controls_for_link, plays=True)


def failure_controls() -> tuple[Failure | None, int]:
    """The controls in the sidebar: the failure, None as long as none is chosen, and the seed."""
    with st.sidebar:
        return FAILURES.get(FAILURE.render()), SEED.render()


def show_gallery() -> None:
    """A card for each failure; a click starts it."""
    _leave()
    intro("Break it", "Nine ways in which training goes wrong. Each starts with a click, beside a run that is cured, "
          "from the same start on the same images.")  # fmt: skip
    every = list(FAILURES.values())
    free = presentation().is_free(FAILURE.name)
    for row in (every[i : i + CARDS] for i in range(0, len(every), CARDS)):
        for column, each in zip(st.columns(CARDS), row, strict=True):
            with column.container(border=True, height="stretch", gap="small"):
                st.button(
                    each.title, icon=f":material/{ICONS[each.key]}:", key=f"break_{each.key}", on_click=_begin,
                    args=(each,), disabled=not free, width="stretch",
                )  # fmt: skip
                st.markdown(each.summary)


def _choose(key: str) -> None:
    """Set the control, before it is shown."""
    controls.set_to_defaults([replace(FAILURE, default=key)], all_of_them=True)


def _begin(failure: Failure) -> None:
    """A card was clicked."""
    _choose(failure.key)
    _open(failure, st.session_state.get(SEED.name, SEED.default)).play(until=failure.steps)


def _leave() -> None:
    """Nobody looks at the runs any more."""
    race: Race | None = st.session_state.get("breaking")
    if race is not None:
        race.close()
    st.session_state.breaking = None


def _open(failure: Failure, seed: int) -> Race:
    """Put a failure's two runs on stage, at their first frame."""
    _leave()
    st.session_state.breaking = race = engine().open_race(failure.runs(seed), IMAGES)
    return race


def show_failure(failure: Failure, seed: int) -> None:
    """The failing run beside the cured one, with the sign of each; open them if need be."""
    race: Race | None = st.session_state.get("breaking")
    if race is None or race.specs != failure.runs(seed):
        race = _open(failure, seed)
    if autoplays():
        race.play(until=failure.steps)
    pulse = refresh_rate_of(race)
    intro(f":material/{ICONS[failure.key]}: {failure.title}", f"{failure.summary} **Watch** {failure.watch}")
    _transport(race, failure, seed)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.fragment(_place, run_every=pulse.read)(race, failure)
        st.button(
            "All failures", icon=":material/apps:", key="all_failures", on_click=_choose, args=(NONE,),
            disabled=not presentation().is_free(FAILURE.name),
        )  # fmt: skip
    st.fragment(_pictures, run_every=pulse.tick)(race, failure, pulse)
    st.fragment(_losses, run_every=pulse.read)(race, failure)


def _transport(race: Race, failure: Failure, seed: int) -> None:
    """The buttons of both runs, and what a click on them does."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        pressed = playback_buttons(
            race, "Go on" if race.started else "Start", step="Pause, and let both do one step",
            reseed="Back to another start, again the same for both",
        )  # fmt: skip
        race.set_pace(PACES[PACE.render()])
    if pressed.reset:
        race = _open(failure, seed)
    if pressed.play:
        race.play(until=failure.steps)  # beyond that step, without end
    if pressed.pause:
        race.pause()
    if pressed.step:
        race.step()
    if any(pressed):
        st.rerun()


def _place(race: Race, failure: Failure) -> None:
    """Where both runs are."""
    look = race.progress()
    words = f"{BADGES[look.phase]} both at **step {max(look.step, 0):,}**; it shows by step {failure.steps}"
    st.markdown(words, width="content")


def _pictures(race: Race, failure: Failure, pulse: RefreshRate) -> None:
    """Both clouds with their signs, and the time of both; what keeps them alive, since they are looked at."""
    race.renew_lease(pulse.crowd)
    busy = race.busy  # before the look, so that nothing comes between the last look and the last rerun
    look = race.progress()
    for place, column in enumerate(st.columns(2, gap="medium")):
        shown, run = look.runs[place][0], race.runs[place][0]
        cloud = embedding_cloud(run, shown, 2)
        with column:
            st.markdown(f"{_heading(failure, place)}  \n{symptom_text(failure, shown)} {_knn(shown)}")
            embedding(
                replace(
                    cloud, timeline=False, title=f"{ROLES[place]}: {cloud.title}",
                    placeholder=cloud.placeholder if shown.failure is None else "There is no picture.",
                ),
                key=f"break_{place}", height=height(HEIGHT), group=GROUP,
            )  # fmt: skip
    time_of_all(race, look, "break", GROUP)
    if not pulse.suits(busy):
        st.rerun()


def _heading(failure: Failure, place: int) -> str:
    """What a run is, and its settings that the other one has otherwise."""
    own = {name: values[place] for name, values in failure.changes.items() if values[place] is not None}
    settings = " · ".join(f"{name} {_short(value)}" for name, value in own.items())
    return f"**:{('red', 'green')[place]}[{ROLES[place]}]** · {settings}"


def _knn(look: RunProgress) -> str:
    """The score that is looked at first, as a badge."""
    return f":gray-badge[kNN {look.frames[-1].metrics.knn:.0%}]" if look.frames else ""


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else to_text(value)


def symptom_text(failure: Failure, look: RunProgress) -> str:
    """How a run stands by the failure's sign, as a badge."""
    sign = failure.symptom
    if look.failure is not None:
        return ":red-badge[:material/heart_broken: the numbers ran out of range]"
    seen = sign.is_present(look)
    value = sign.value(look)
    bound = sign.format_value(sign.bound)
    if seen is None:
        known = f" {sign.format_value(value)}" if look.frames and value == value else ""
        return f":gray-badge[:material/hourglass: {sign.name}{known}, judged from step {sign.since}]"
    if seen:
        words = f"{sign.name} {sign.format_value(value)} {sign.side} {bound}: {sign.verdict}"
        return f":red-badge[:material/heart_broken: {words}]"
    return f":green-badge[:material/check: {sign.name} {sign.format_value(value)}, not {sign.side} {bound}]"


def _losses(race: Race, failure: Failure) -> None:
    """The losses between their lines, and once it has shown what there is to learn from it."""
    look = race.progress()
    if look.step > 0:
        at = _looked_at(look)
        for place, column in enumerate(st.columns(2, gap="medium")):
            own = look.runs[place][0]
            if own.references is not None and len(own.losses):
                words = charts.loss_alt(own.references, own.losses, at)
                with column:
                    st.caption(LOSS_OF[place])
                    rows = charts.loss_rows(own.losses, at)
                    chart(rows, _loss_chart(own.references, CHART), words, key=f"break_loss_{place}")
    if look.step < failure.steps:
        st.caption("What happens here, how to tell, and the cure: when it has shown.")
        return
    _words(failure, look)
    with st.container(horizontal=True):
        for (words, icon), spec in zip(LIVE, race.specs, strict=True):
            controls.page_link("training", words, icon, link_to_run(spec))


_loss_chart = lru_cache(maxsize=64)(charts.loss_chart)


def _looked_at(look: RaceProgress) -> int:
    """The step that the visitor looks at: the newest, unless they went back."""
    chosen: int | None = st.session_state.get("break_looked_at")
    return max(look.step if chosen is None else min(chosen, look.step), 0)


def _words(failure: Failure, look: RaceProgress) -> None:
    """What happened, how to tell and the cure; and a word where a seed went its own way."""
    if [failure.symptom.is_present(looks[0]) for looks in look.runs] != [True, False]:
        st.info(
            "At this step the sign does not tell the two runs apart, as it does with most seeds after "
            f"{failure.steps} steps.",
            icon=":material/casino:",
        )
    parts = (("What happened", failure.why), ("How to tell", failure.tell), ("The cure", failure.cure))
    for column, (title, words) in zip(st.columns(3, gap="medium"), parts, strict=True):
        column.markdown(f"**{title}**\n\n{words}")


def link_to_run(spec: RunSpec) -> Link:
    """A run with all its settings, for the training page."""
    return training_controls.link_of(spec, points=IMAGES)
