"""Mount the picture of points in Streamlit."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from cl_core.components.mounting import register
from cl_core.components.points.message import Points, PointsState, decode, encode

_component = register(Path(__file__).parent)


def points(
    scene: Points,
    *,
    key: str,
    height: int = 510,
    state: PointsState | None = None,
    on_move: Callable[[PointsState], None],
) -> None:
    """Show points and class weights that can be dragged.

    With another margin, loss or measure they stay where they are.

    Args:
        scene: what to show.
        key: Streamlit key of the component.
        height: height of the picture in CSS pixels; on a phone it is as tall as it needs.
        state: where they are, as the caller has stored it; None for the initial places.
        on_move: callback with where they are when one has been moved.
    """

    def report() -> None:
        moved = decode((st.session_state.get(key) or {}).get("scene"), scene)
        if moved is not None:
            on_move(moved)

    _component(key=key, data=encode(scene, height=height, state=state), on_scene_change=report)
