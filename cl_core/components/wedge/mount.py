"""Mount the angle picture in Streamlit."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from cl_core.components.mounting import register
from cl_core.components.wedge.message import Wedge, WedgeState, decode, encode

_component = register(Path(__file__).parent)


def wedge(
    picture: Wedge, *, key: str, height: int = 420, group: str = "", on_turn: Callable[[int], None] | None = None
) -> WedgeState:
    """Show an angle picture and return the angle that the viewer has chosen.

    With another table the wedges move from their old angle to the new one.

    Args:
        picture: what to show.
        key: Streamlit key of the component.
        height: height of the picture with its numbers, in CSS pixels.
        group: pictures with the same group share their angle, so that several losses can be compared; "" for none.
        on_turn: callback with the angle, in whole degrees, when the viewer releases the class weight.

    Returns:
        The angle that the viewer has chosen, or else the initial one.
    """

    def report() -> None:
        angle = decode((st.session_state.get(key) or {}).get("between"))
        if on_turn is not None and angle is not None:
            on_turn(angle)

    chosen = decode((st.session_state.get(key) or {}).get("between"))
    result = _component(
        key=key,
        data=encode(picture, height=height, group=group, between=chosen),
        on_between_change=report,
    )
    current = decode(result.get("between"))
    return WedgeState(int(picture.between) if current is None else current)
