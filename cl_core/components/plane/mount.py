"""The Streamlit half of the component."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from cl_core.components.mounting import no_op, register
from cl_core.components.plane.message import Field, PlaneState, decode, encode

_component = register(Path(__file__).parent)


def plane(
    field: Field,
    *,
    key: str,
    height: int = 520,
    group: str = "",
    kept: PlaneState | None = None,
    on_keep: Callable[[PlaneState], None] | None = None,
) -> PlaneState:
    """Show a field, at most `height` pixels tall with its controls, and say which place the viewer has kept.

    The picture moves from the field it showed before to this one; zoom and cross-hair are the viewer's own. Planes of
    one `group` (if it is not "") share their cross-hair: what is pointed at or kept in one is so in the others. With
    `on_keep`, which is told the place, whoever calls remembers it and gives it as `kept`.
    """

    def told() -> PlaneState:
        return decode((st.session_state.get(key) or {}).get("point"))

    known = (kept or PlaneState()) if on_keep else told()
    result = _component(
        key=key,
        data=encode(field, height=height, group=group, kept=known),
        on_point_change=(lambda: on_keep(told())) if on_keep else no_op,
    )
    return known if on_keep else decode(result.get("point"))
