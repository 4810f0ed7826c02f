"""The alternative to the planes of the app: the same two losses on a slider, drawn by plotly's contours."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from cl_core.analysis import similarity_plane
from cl_core.losses import LOSSES

margin = st.slider("margin", 0.05, 0.5, 0.25, 0.01)
for column, key in zip(st.columns(2), ("circle", "am_softmax"), strict=True):
    found = similarity_plane.similarity_plane(LOSSES[key], {"margin": margin})
    step = len(found.axis) // 12
    s_n, s_p = np.meshgrid(found.axis[::step], found.axis[::step])
    size = np.hypot(found.d_x, found.d_y)[::step, ::step].clip(1e-12)
    tip_n = s_n - 0.08 * found.d_x[::step, ::step] / size
    tip_p = s_p - 0.08 * found.d_y[::step, ::step] / size
    gap = np.full(s_n.size, np.nan)
    figure = go.Figure(go.Contour(x=found.axis, y=found.axis, z=found.value, contours_coloring="heatmap"))
    assert found.boundary is not None
    figure.add_scatter(x=found.boundary[:, 0], y=found.boundary[:, 1], mode="lines")
    figure.add_scatter(
        x=np.stack([s_n.ravel(), tip_n.ravel(), gap], 1).ravel(),
        y=np.stack([s_p.ravel(), tip_p.ravel(), gap], 1).ravel(),
        mode="lines",
    )
    column.plotly_chart(figure, key=key)
