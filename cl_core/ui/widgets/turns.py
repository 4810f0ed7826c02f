"""Turns of a run or a race: with a new turn, the browser replaces the one that it shows, even if it was started."""

import streamlit as st


def turn_of(slot: str) -> int:
    """Return the turn of a run or a race, counted in the session.

    Args:
        slot: its key in the session state.
    """
    turn: int = st.session_state.get(f"{slot}_turn", 0)
    return turn


def next_turn(slot: str) -> None:
    """Begin a new turn.

    Args:
        slot: key of the run or race in the session state.
    """
    st.session_state[f"{slot}_turn"] = turn_of(slot) + 1
