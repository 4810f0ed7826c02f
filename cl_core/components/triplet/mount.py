"""Mount the triplet picture in Streamlit."""

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
    height: int = 580,
    state: TripletState | None = None,
    on_move: Callable[[TripletState], None] | None = None,
) -> TripletState:
    """Show a scene and return the positions to which the viewer has dragged the points.

    With another margin, distance or space the points stay, and the rings move from their old radius to the new one.

    Args:
        scene: what to show.
        key: Streamlit key of the component.
        height: height of the picture in CSS pixels; on a phone it is as tall as it needs.
        state: positions, as the caller has stored them; needs `on_move`, and is ignored if they do not fit the scene.
        on_move: callback with new positions. With it the caller stores them and passes them as `state`; without it the
            session does.

    Returns:
        The positions.
    """
    slot = f"_triplet_scene:{key}"  # Streamlit drops the component's own state while it is not on the page

    def store() -> None:
        reported = (st.session_state.get(key) or {}).get("scene")
        if on_move is None:
            st.session_state[slot] = reported
        elif (moved := decode(reported, scene)) is not None:
            on_move(moved)

    current = decode(st.session_state.get(slot), scene) if on_move is None else _fitting(state, scene)
    _component(key=key, data=encode(scene, height=height, state=current), on_scene_change=store)
    return current or initial_state(scene)


def _fitting(state: TripletState | None, scene: Triplets) -> TripletState | None:
    """Return the stored positions, or None if they do not fit the scene."""
    if state is None:
        return None
    points = (state.anchor, state.positive, *state.negatives)
    return decode({"stream": scene.stream, "points": points, "selected": state.selected}, scene)
