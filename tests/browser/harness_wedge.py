"""A page with two angle pictures side by side, for the browser tests: which losses is chosen in the link."""

import streamlit as st

from cl_core.analysis import similarity_plane
from cl_core.components.wedge import Wedge
from cl_core.components.wedge.mount import wedge
from cl_core.losses import LOSSES


def picture(key: str, theta: dict[str, float], between: int = 60) -> Wedge:
    loss = LOSSES[key]
    return Wedge(
        title=loss.title,
        table=similarity_plane.wedge_angles(loss, theta),
        away=similarity_plane.wedge_angles_away(loss, theta),
        between=between,
        alt=f"what {loss.title} asks of two classes",
    )


if __name__ == "__main__":
    st.set_page_config(layout="wide")
    query = st.query_params
    height = int(query.get("height", 420))
    keys = query.get("losses", "l_softmax,am_softmax").split(",")
    group = query.get("group", "")
    count = st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    if "plain" in query:
        angular, additive = int(query.get("m", 2)), float(query.get("a", 0.35))
    else:
        controls = st.columns(4)
        angular = controls[0].slider("m", 1, 4, int(query.get("m", 2)))
        additive = controls[1].slider("additive margin", 0.0, 1.0, float(query.get("a", 0.35)), 0.05)
        controls[2].button("rerun")
        shown = controls[3].checkbox("show", value=True)
    states = []
    for column, (k, key) in zip(st.columns(len(keys)), enumerate(keys), strict=True):
        margin = LOSSES[key].parameters.get("margin")
        theta = {} if margin is None else {"margin": angular if margin.kind == "integer" else additive}
        with column:
            if "plain" in query or shown:
                between = int(query.get("between", 60))
                states.append(wedge(picture(key, theta, between), key=f"wedge{k}", height=height, group=group))
    st.markdown(f"python sees {', '.join(str(state.between) for state in states)}; runs: {count}")
