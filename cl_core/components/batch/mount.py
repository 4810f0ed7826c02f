"""Mount the batch picture in Streamlit."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from cl_core.components.batch.message import Scene, SceneState, decode, encode
from cl_core.components.mounting import register

_component = register(Path(__file__).parent)


def batch_scene(
    scene: Scene,
    *,
    key: str,
    height: int = 540,
    group: str = "",
    anchor: int | None = None,
    on_pin: Callable[[int | None], None] | None = None,
) -> SceneState:
    """Show a scene and return the anchor that the viewer has pinned.

    The matrix of weights stands beside the plane, or below it on a narrow page.

    Args:
        scene: what to show.
        key: Streamlit key of the component.
        height: height of the plane in CSS pixels.
        group: scenes of one page with the same group share the hovered and the pinned image, so that one image can be
            compared under several losses; "" for none.
        anchor: pinned anchor, as the caller has stored it; needs `on_pin`, and is ignored if the scene does not have
            it.
        on_pin: callback with the pinned anchor or None. With it the caller stores the anchor and passes it as
            `anchor`; without it the session does.

    Returns:
        The pinned anchor.
    """
    slot = f"_batch_anchor:group:{group}" if group else f"_batch_anchor:key:{key}"

    def store() -> None:
        reported = (st.session_state.get(key) or {}).get("anchor")
        if on_pin is None:
            st.session_state[slot] = reported
        else:
            on_pin(decode(reported, scene))

    pinned = decode(st.session_state.get(slot), scene) if on_pin is None else _anchor_in_scene(anchor, scene)
    _component(
        key=key,
        data=encode(scene, height=height, group=group, anchor=pinned),
        on_anchor_change=store,
    )
    return SceneState(pinned)


def _anchor_in_scene(anchor: int | None, scene: Scene) -> int | None:
    """Return the anchor, or None if the scene does not have it."""
    nodes = len(scene.labels) + (0 if scene.prototypes is None else len(scene.prototypes))
    return anchor if anchor is not None and 0 <= anchor < nodes else None
