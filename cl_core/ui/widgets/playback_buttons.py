"""Playback buttons of a run, of a race, and of a failure beside its cure."""

from typing import NamedTuple

import streamlit as st

from cl_core.runtime.playback import Playback
from cl_core.training import SEED_RANGE
from cl_core.training.frames import PACES
from cl_core.ui.link.control import Control
from cl_core.ui.link.presentation import presentation

PACE = Control(
    "pace", "speed", "slow", options=tuple(PACES), row=True, titles={key: pace.title for key, pace in PACES.items()}
)


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


def playback_buttons(playback: Playback, start: str, *, step: str, reseed: str, other: bool = False) -> PressedButtons:
    """Show the buttons for start or pause, step, reset and another seed, in the row that the caller has opened.

    Args:
        playback: the run or the race.
        start: label of the start button.
        step: tooltip of the step button.
        reseed: tooltip of the button for another seed.
        other: whether the page's settings differ from those of `playback`, so that it can be restarted with them.

    Returns:
        The button that was pressed.
    """
    play = pause = False
    if playback.playing and not other:
        pause = st.button("Pause", icon=":material/pause:", type="primary", key="pause")
    else:
        label = "Start with these settings" if other else start
        disabled = playback.ended and not other
        play = st.button(label, icon=":material/play_arrow:", type="primary", key="start", disabled=disabled)
    single = st.button("Step", icon=":material/skip_next:", key="step", disabled=playback.ended, help=step)
    reset = st.button("Reset", icon=":material/replay:", key="reset", help="Back to the same start")
    new_seed = st.button(
        "New seed", icon=":material/casino:", key="new_seed", on_click=next_seed, help=reseed,
        disabled=not presentation().is_free("seed"),
    )  # fmt: skip
    return PressedButtons(play, pause, single, reset, new_seed)


def next_seed() -> None:
    """Set the control of the seed to the next one."""
    st.session_state.seed = (st.session_state.seed + 1) % SEED_RANGE[1]
