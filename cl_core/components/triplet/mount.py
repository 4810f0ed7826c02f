"""The Streamlit half of the component."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from cl_core.components.mounting import register
from cl_core.components.triplet.message import Triplets, TripletState, decode, encode, initial_state

_component = register(Path(__file__).parent)


def triplets(
    scene: Triplets,
    *,
    key: str,
    height: int = 520,
    state: TripletState | None = None,
    on_move: Callable[[TripletState], None] | None = None,
) -> TripletState:
    """Show a scene, `height` pixels tall (on a phone as tall as it needs), and say where the viewer has left it.

    With another margin, distance or kind of space the points stay, and the rings move from where they were. With
    `on_move`, which is told where they were left, whoever calls remembers it and gives it as `state`; one that does not
    fit the scene does not count.
    """
    slot = f"_triplet_scene:{key}"  # the component's own state is forgotten while it is not on the page

    def keep() -> None:
        answer = (st.session_state.get(key) or {}).get("scene")
        if on_move is None:
            st.session_state[slot] = answer
        elif (moved := decode(answer, scene)) is not None:
            on_move(moved)

    told = decode(st.session_state.get(slot), scene) if on_move is None else _given(state, scene)
    _component(key=key, data=encode(scene, height=height, state=told), on_scene_change=keep)
    return told or initial_state(scene)


def _given(state: TripletState | None, scene: Triplets) -> TripletState | None:
    """What is remembered of it, where the scene has room for it."""
    if state is None:
        return None
    points = (state.anchor, state.positive, *state.negatives)
    return decode({"stream": scene.stream, "points": points, "selected": state.selected}, scene)
