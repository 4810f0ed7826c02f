"""Playback buttons of a run, of a race, and of a failure beside its cure."""

from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cl_core.components.trainer.picture import WORDS
from cl_core.runtime.playback import Playback
from cl_core.training import SEED_RANGE
from cl_core.training.frames import PACES
from cl_core.ui.link.control import Control
from cl_core.ui.link.presentation import presentation

PACE = Control(
    "pace", "speed", "slow", options=tuple(PACES), row=True, titles={key: pace.title for key, pace in PACES.items()}
)


STATE_STYLE = """<style>
.st-key-state_row { flex-wrap: nowrap; min-height: 2.5rem; }
.st-key-state_row > div { flex: none; }
.st-key-state_row > div:first-child { flex: 1 1 0; min-width: 0; }
.st-key-state_row > div:first-child p { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.st-key-play button { min-width: 6.5rem; }
@media (width < 640px) { .st-key-state_row { flex-wrap: wrap; } }
</style>"""


class PressedButtons(NamedTuple):
    """Whether each button was pressed in this run of the page.

    Attributes:
        play: start or resume.
        pause: pause.
        step: a single step.
        reset: back to the same start.
        reseed: another seed, which is set already.
    """

    play: bool = False
    pause: bool = False
    step: bool = False
    reset: bool = False
    reseed: bool = False


def playback_buttons(playback: Playback, start: str, *, step: str, reseed: str) -> PressedButtons:
    """Show the buttons for start or pause, step, reset and another seed, in the row that the caller has opened.

    Start and pause are one button, which keeps the focus when it is pressed.

    Args:
        playback: the run or the race.
        start: label of the start button.
        step: tooltip of the step button.
        reseed: tooltip of the button for another seed.

    Returns:
        The button that was pressed.
    """
    playing = playback.playing
    label, icon = ("Pause", ":material/pause:") if playing else (start, ":material/play_arrow:")
    pressed = st.button(label, icon=icon, type="primary", key="play", disabled=playback.ended)
    single = st.button("Step", icon=":material/skip_next:", key="step", disabled=playback.ended, help=step)
    reset = st.button(
        "Reset", icon=":material/replay:", key="reset", help="Back to step 0 with the same initial weights"
    )
    new_seed = st.button(
        "New seed", icon=":material/casino:", key="new_seed", on_click=next_seed, help=reseed,
        disabled=not presentation().is_free("seed"),
    )  # fmt: skip
    return PressedButtons(pressed and not playing, pressed and playing, single, reset, new_seed)


def state_row() -> DeltaGenerator:
    """Return a row for what is going on and what has been changed: its height stays, whatever it says."""
    st.html(STATE_STYLE)
    return st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small", key="state_row"
    )


def changed_notice(*, applicable: bool) -> tuple[bool, bool]:
    """Show that the page's settings are not those of what goes on, in the row that the caller has opened.

    Args:
        applicable: whether they can be taken over without a restart.

    Returns:
        Whether "Apply" was pressed, and whether "Restart" was.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width="content", key="changed"):
        st.markdown(WORDS["changed"], width="content")
        apply = applicable and st.button(WORDS["apply"], key="apply", help=WORDS["applyHelp"])
        restart = st.button(WORDS["restart"], key="restart", help=WORDS["restartHelp"])
    return apply, restart


def next_seed() -> None:
    """Set the control of the seed to the next one."""
    st.session_state.seed = (st.session_state.seed + 1) % SEED_RANGE[1]
