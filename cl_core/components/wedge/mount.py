"""The Streamlit half of the component."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from cl_core.components.mounting import register
from cl_core.components.wedge.message import Wedge, WedgeState, decode, encode

_component = register(Path(__file__).parent)


def wedge(
    picture: Wedge, *, key: str, height: int = 420, group: str = "", on_turn: Callable[[int], None] | None = None
) -> WedgeState:
    """Show a picture, `height` pixels tall with its numbers, and say which angle the viewer has chosen.

    With another table the wedges move from where they were to where they are now. Pictures of one `group` (if it is not
    "") share their angle, so that several losses can be compared. `on_turn` is told the angle when the hand lets go.
    """

    def turned() -> None:
        angle = decode((st.session_state.get(key) or {}).get("between"))
        if on_turn is not None and angle is not None:
            on_turn(angle)

    told = decode((st.session_state.get(key) or {}).get("between"))
    result = _component(
        key=key,
        data=encode(picture, height=height, group=group, between=told),
        on_between_change=turned,
    )
    now = decode(result.get("between"))
    return WedgeState(int(picture.between) if now is None else now)
