"""Pictures of the angle between two class weights side by side, one for each loss."""

from collections.abc import Mapping
from functools import cache

import numpy as np
import streamlit as st

from cl_core.analysis.wedge import wedge_angles, wedge_angles_away
from cl_core.components.wedge import Wedge
from cl_core.components.wedge.mount import wedge
from cl_core.losses import LOSSES


@cache  # a test runs the script many times with the same margin
def angles(key: str, margin: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the angles towards the other class weight (181,) and away from it (181, 2), in degrees."""
    loss, theta = LOSSES[key], {} if margin is None else {"margin": margin}
    return wedge_angles(loss, theta), wedge_angles_away(loss, theta)


def picture(key: str, margin: float | None, between: int) -> Wedge:
    loss = LOSSES[key]
    table, away = angles(key, margin)
    return Wedge(
        title=loss.title,
        table=table,
        away=away,
        between=between,
        alt=f"what {loss.title} asks of two classes",
    )


def show(query: Mapping[str, str]) -> None:
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
        parameter = LOSSES[key].parameters.get("margin")
        margin = None if parameter is None else angular if parameter.kind == "integer" else additive
        with column:
            if "plain" in query or shown:
                between = int(query.get("between", 60))
                states.append(wedge(picture(key, margin, between), key=f"wedge{k}", height=height, group=group))
    st.markdown(f"python sees {', '.join(str(state.between) for state in states)}; runs: {count}")
