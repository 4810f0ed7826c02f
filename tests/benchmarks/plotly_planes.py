"""The planes of the app drawn by plotly: the same two losses and slider, for comparison."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from cl_core.analysis import similarity_plane
from cl_core.losses import LOSSES

margin = st.slider("margin", 0.05, 0.5, 0.25, 0.01)
for column, key in zip(st.columns(2), ("circle", "am_softmax"), strict=True):
    plane = similarity_plane.similarity_plane(LOSSES[key], {"margin": margin})
    stride = len(plane.axis) // 12
    s_n, s_p = np.meshgrid(plane.axis[::stride], plane.axis[::stride])
    size = np.hypot(plane.d_x, plane.d_y)[::stride, ::stride].clip(1e-12)
    tip_n = s_n - 0.08 * plane.d_x[::stride, ::stride] / size
    tip_p = s_p - 0.08 * plane.d_y[::stride, ::stride] / size
    breaks = np.full(s_n.size, np.nan)
    figure = go.Figure(go.Contour(x=plane.axis, y=plane.axis, z=plane.value, contours_coloring="heatmap"))
    assert plane.boundary is not None
    figure.add_scatter(x=plane.boundary[:, 0], y=plane.boundary[:, 1], mode="lines")
    figure.add_scatter(
        x=np.stack([s_n.ravel(), tip_n.ravel(), breaks], 1).ravel(),
        y=np.stack([s_p.ravel(), tip_p.ravel(), breaks], 1).ravel(),
        mode="lines",
    )
    column.plotly_chart(figure, key=key)
