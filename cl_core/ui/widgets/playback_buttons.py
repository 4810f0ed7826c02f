"""The buttons of whatever can be played: a run, a race, a failure beside its cure."""

from typing import NamedTuple

import streamlit as st

from cl_core.runtime.playback import Playback
from cl_core.training import SEED_RANGE
from cl_core.training.frames import PACES
from cl_core.ui.link.control import Control
from cl_core.ui.link.presentation import presentation

PACE = Control("pace", "speed", "slow", options=tuple(PACES), row=True)


class PressedButtons(NamedTuple):
    """Which of the buttons was pressed."""

    play: bool = False
    pause: bool = False
    step: bool = False
    reset: bool = False
    reseed: bool = False


def playback_buttons(what: Playback, start: str, *, step: str, reseed: str, other: bool = False) -> PressedButtons:
    """Start or pause, step, reset and another seed, in the row that the caller has opened.

    The words: `start` on the first button, `step` and `reseed` to explain theirs. `other` says that the settings have
    become others than those of `what`, which can be started anew with them.
    """
    play = pause = False
    if what.playing and not other:
        pause = st.button("Pause", icon=":material/pause:", type="primary", key="pause")
    else:
        words = "Start with these settings" if other else start
        off = what.ended and not other
        play = st.button(words, icon=":material/play_arrow:", type="primary", key="start", disabled=off)
    one = st.button("Step", icon=":material/skip_next:", key="step", disabled=what.ended, help=step)
    reset = st.button("Reset", icon=":material/replay:", key="reset", help="Back to the same start")
    again = st.button(
        "New seed", icon=":material/casino:", key="new_seed", on_click=_next_seed, help=reseed,
        disabled=not presentation().is_free("seed"),
    )  # fmt: skip
    return PressedButtons(play, pause, one, reset, again)


def _next_seed() -> None:
    st.session_state.seed = (st.session_state.seed + 1) % SEED_RANGE[1]
