"""Mount the embedding picture in Streamlit."""

from pathlib import Path

import streamlit as st

from cl_core.components.embedding.message import Cloud, EmbeddingState, decode, encode, frames_to_send
from cl_core.components.mounting import no_op, register

_component = register(Path(__file__).parent, "legend.css", "time.css")


def embedding(cloud: Cloud, *, key: str, height: int = 560, group: str = "") -> EmbeddingState:
    """Show a cloud and return the frame that the viewer looks at.

    A fragment may call it at every tick with a cloud that grows: only new frames are sent, and the picture stays
    mounted with the viewer's zoom and camera.

    Args:
        cloud: what to show.
        key: Streamlit key of the component.
        height: height of the picture with its controls, in CSS pixels.
        group: pictures with the same group share the training step that is shown or replayed; each shows its last frame
            up to that step. "" for none.

    Returns:
        The frame that the viewer looks at.
    """
    reported = st.session_state.get(key) or {}
    slot = f"_embedding_sent:{key}"
    sent = frames_to_send(len(cloud.points), cloud.stream, st.session_state.get(slot), reported.get("need"))
    st.session_state[slot] = sent
    frame = decode(reported.get("frame"), cloud)
    result = _component(
        key=key,
        data=encode(cloud, sent.first, sent.end, height=height, frame=frame, group=group),
        on_frame_change=no_op,
        on_need_change=no_op,
    )
    return EmbeddingState(decode(result.get("frame"), cloud))
