"""Mount the plane picture in Streamlit."""

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
    """Show a field and return the point that the viewer has pinned.

    The picture morphs from the field that it showed before; zoom and cross-hair stay as the viewer has set them.

    Args:
        field: what to show.
        key: Streamlit key of the component.
        height: greatest height of the picture with its controls, in CSS pixels.
        group: planes with the same group share the hovered and the pinned point; "" for none.
        kept: pinned point, as the caller has stored it; needs `on_keep`.
        on_keep: callback with the pinned point. With it the caller stores the point and passes it as `kept`; without
            it the component's own state does.

    Returns:
        The pinned point.
    """

    def reported() -> PlaneState:
        return decode((st.session_state.get(key) or {}).get("point"))

    pinned = (kept or PlaneState()) if on_keep else reported()
    result = _component(
        key=key,
        data=encode(field, height=height, group=group, kept=pinned),
        on_point_change=(lambda: on_keep(reported())) if on_keep else no_op,
    )
    return pinned if on_keep else decode(result.get("point"))
