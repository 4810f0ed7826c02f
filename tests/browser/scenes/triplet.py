"""One anchor, its positive and its negatives in the plane."""

import json
from collections.abc import Mapping

import streamlit as st

from cl_core.components.live import Live
from cl_core.components.triplet import Triplets
from cl_core.components.triplet.mount import triplets
from cl_core.losses.triplet import DISTANCES
from cl_core.programs import shipped
from cl_core.ui.server.browser_files import engine_url

POINTS = [[0, 0], [0.6, 0], [-0.2, 0.35], [-0.45, -0.5], [0.5, 0.85]]
ON_CIRCLE = [[1, 0], [0.8, 0.6], [0.96, -0.28], [0.6, -0.8], [-0.8, 0.6]]


def show(query: Mapping[str, str]) -> None:
    count = st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    margin, distance, circle = float(query.get("m", 0.2)), query.get("distance", "euclidean"), "circle" in query
    stream, shown = query.get("stream", "one"), True
    if "plain" not in query:
        controls = st.columns(6)
        margin = controls[0].slider("m", 0.0, 2.0, margin, 0.05, key="margin")
        distance = controls[1].selectbox("distance", DISTANCES, DISTANCES.index(distance))
        circle = controls[2].checkbox("circle", value=circle)
        controls[3].button("rerun")
        shown = controls[4].checkbox("show", value=True)
        stream = controls[5].text_input("stream", stream)
    anchor, positive, *negatives = json.loads(query.get("points", json.dumps(ON_CIRCLE if circle else POINTS)))
    live = None
    if "server" not in query:  # where the server measures, as for browsers without the engine
        program = shipped.triplets(distance, circle, len(negatives))
        live = Live(engine_url(), program, {"margin": "margin"}, {"margin": margin})
    scene = Triplets(
        stream, anchor, positive, negatives, margin, distance, circle, alt="one anchor and its negatives", live=live
    )
    state = triplets(scene, key="scene", height=int(query.get("height", 520))) if shown else None
    st.markdown(f"python sees `{state}`; runs: {count}")
