"""The Streamlit half of the component."""

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
    height: int = 460,
    group: str = "",
    anchor: int | None = None,
    on_pin: Callable[[int | None], None] | None = None,
) -> SceneState:
    """Show a scene, its plane `height` pixels tall, and say which anchor the viewer keeps.

    Beside the plane, or below it where there is no room, is the matrix of weights. Scenes on one page with the same
    `group` share what is pointed at and what is kept, so that one image is seen under several losses. With `on_pin`,
    which is told the anchor that is kept or None, whoever calls remembers it and gives it as `anchor`; one that the
    scene does not have does not count.
    """
    slot = f"_batch_anchor:group:{group}" if group else f"_batch_anchor:key:{key}"

    def keep() -> None:
        answer = (st.session_state.get(key) or {}).get("anchor")
        if on_pin is None:
            st.session_state[slot] = answer
        else:
            on_pin(decode(answer, scene))

    kept = decode(st.session_state.get(slot), scene) if on_pin is None else _there(anchor, scene)
    _component(
        key=key,
        data=encode(scene, height=height, group=group, anchor=kept),
        on_anchor_change=keep,
    )
    return SceneState(kept)


def _there(anchor: int | None, scene: Scene) -> int | None:
    """The anchor, if the scene has it."""
    nodes = len(scene.labels) + (0 if scene.prototypes is None else len(scene.prototypes))
    return anchor if anchor is not None and 0 <= anchor < nodes else None
