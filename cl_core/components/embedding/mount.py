"""The Streamlit half of the component."""

from pathlib import Path

import streamlit as st

from cl_core.components.embedding.message import Cloud, EmbeddingState, decode, encode, frames_to_send
from cl_core.components.mounting import no_op, register

_component = register(Path(__file__).parent, "time.css")


def embedding(cloud: Cloud, *, key: str, height: int = 560, group: str = "") -> EmbeddingState:
    """Show a cloud, `height` pixels tall with its controls, and say which frame the viewer looks at.

    Pictures of one `group` (if it is not "") share the moment: what is replayed or looked at in one is in all, each
    showing its last frame up to the step.

    May be called at every tick of a fragment with a cloud that grows: only new frames are sent, the picture stays
    mounted, and zoom and camera are the viewer's own.
    """
    chosen = st.session_state.get(key) or {}
    slot = f"_embedding_sent:{key}"
    sent = frames_to_send(len(cloud.points), cloud.stream, st.session_state.get(slot), chosen.get("need"))
    st.session_state[slot] = sent
    frame = decode(chosen.get("frame"), cloud)
    result = _component(
        key=key,
        data=encode(cloud, sent.first, sent.end, height=height, frame=frame, group=group),
        on_frame_change=no_op,
        on_need_change=no_op,
    )
    return EmbeddingState(decode(result.get("frame"), cloud))
