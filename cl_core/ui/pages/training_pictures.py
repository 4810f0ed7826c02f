"""Pictures of a run: the moving cloud of its embedding, and the densities of its classes."""

from dataclasses import replace
from functools import lru_cache

import plotly.graph_objects as go
import streamlit as st

from cl_core import charts
from cl_core.components.embedding import Cloud, cloud_of_probes
from cl_core.components.trainer.picture import view_of
from cl_core.runtime.readable_run import ReadableRun
from cl_core.training.frames import Frame, RunProgress

HEIGHT = 700  # pixels, of the picture


def embedding_cloud(run: ReadableRun, progress: RunProgress, dims: int) -> Cloud:
    """Return what the moving picture of a run shows.

    Args:
        run: the run.
        progress: of the run; every frame becomes a frame of the picture.
        dims: 2 or 3 dimensions to show; at most the dimensions of the embedding.
    """
    dims = min(dims, run.spec.dim)
    return replace(
        cloud_of_probes(run.spec.dataset, run.n),
        stream=f"{run.name}/{dims}",
        points=[frame.points[dims] for frame in progress.frames],
        steps=[frame.step for frame in progress.frames],
        shares=[frame.views[dims].shares for frame in progress.frames],
        alt=_frame_alt(progress.frames[-1]) if progress.frames else "",
        placeholder="Getting ready …",
        **view_of(run.spec, run.n, dims),
    )


def show_density(run: ReadableRun, frame: Frame, moves: bool) -> None:
    """Show the density of each class at one frame.

    Args:
        run: the run.
        frame: the frame; callers keep it while the run moves, since plotly draws each new figure afresh.
        moves: whether the run is moving.
    """
    dark = st.context.theme.type == "dark"
    figure = _density_figure(frame, run.spec.dataset, run.n, dark)
    probes = cloud_of_probes(run.spec.dataset, run.n)
    description = charts.density_alt(probes.labels, frame.points[2], probes.class_names)
    config = {"toImageButtonOptions": {"format": "svg", "filename": "density"}}
    st.plotly_chart(figure, key="density_figure", config=config, alt=description)
    st.caption(f"Densities at step {frame.step:,}." + (" Pause to see where the run has come since." if moves else ""))


@lru_cache(maxsize=16)
def _density_figure(frame: Frame, dataset: str, n: int, dark: bool) -> go.Figure:
    probes = cloud_of_probes(dataset, n)
    axes = frame.views[2].names
    return charts.density(frame.points[2], probes.labels, probes.class_names, axes, HEIGHT - 20, dark=dark)


def _frame_alt(frame: Frame) -> str:
    """Return the text alternative of a frame."""
    m = frame.metrics
    return (
        f"Step {frame.step}: kNN accuracy {m.knn:.1%}, in the picture {m.drawn:.1%}; "
        f"easy, semi-hard and hard triplets {m.easy:.1%}, {m.semihard:.1%}, {m.hard:.1%}; spread {m.spread:.3f}."
    )
