"""Pictures of a run: the moving cloud of its embedding, and the densities of its classes."""

from functools import lru_cache
from math import ceil, sqrt
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from cl_core import charts
from cl_core.components.embedding import Cloud
from cl_core.data import datasets
from cl_core.palette import CLASS_COLOURS
from cl_core.runtime.run import Run
from cl_core.training.frames import Frame, RunProgress

HEIGHT = 570  # pixels, of the picture


def embedding_cloud(run: Run, progress: RunProgress, dims: int) -> Cloud:
    """Return what the moving picture of a run shows.

    Args:
        run: the run.
        progress: of the run; every frame becomes a frame of the picture.
        dims: 2 or 3 dimensions to show; at most the dimensions of the embedding.
    """
    probes = _probes(run.spec.dataset, run.n)
    dims = min(dims, run.spec.dim)
    views = [frame.views[dims] for frame in progress.frames]
    identity = run.spec.dim == dims
    return Cloud(
        stream=f"{run.name}/{dims}",
        points=[frame.points[dims] for frame in progress.frames],
        steps=[frame.step for frame in progress.frames],
        labels=probes.labels,
        class_names=probes.class_names,
        title=picture_title(run, dims),
        axes=views[0].names if views else tuple(f"axis {i + 1}" for i in range(dims)),
        shares=[view.shares for view in views],
        rows=probes.rows,
        sprite=probes.sprite or None,
        sprite_columns=probes.columns,
        sprite_size=probes.size,
        alt=_frame_alt(progress.frames[-1]) if progress.frames else "",
        placeholder="Getting ready …",
        unit_circle=identity and run.spec.unit_norm,
    )


def picture_title(run: Run, dims: int = 2) -> str:
    """Return the title of a run's picture.

    Args:
        run: the run.
        dims: dimensions of the picture; without projection if the embedding has as many.
    """
    probes = _probes(run.spec.dataset, run.n)
    kind = "Embedding" if run.spec.dim == dims else "PCA view"
    return f"{kind} of {len(probes.labels):,} {'test images' if probes.sprite else 'test points'}"


def show_density(run: Run, frame: Frame, moves: bool) -> None:
    """Show the density of each class at one frame.

    Args:
        run: the run.
        frame: the frame; callers keep it while the run moves, since plotly draws each new figure afresh.
        moves: whether the run is moving.
    """
    dark = st.context.theme.type == "dark"
    figure = _density_figure(frame, run.spec.dataset, run.n, dark)
    probes = _probes(run.spec.dataset, run.n)
    description = charts.density_alt(probes.labels, frame.points[2], probes.class_names)
    config = {"toImageButtonOptions": {"format": "svg", "filename": "density"}}
    st.plotly_chart(figure, key="density_figure", config=config, alt=description)
    st.caption(f"Densities at step {frame.step:,}." + (" Pause to see where the run has come since." if moves else ""))


@lru_cache(maxsize=16)
def _density_figure(frame: Frame, dataset: str, n: int, dark: bool) -> go.Figure:
    probes = _probes(dataset, n)
    colours = CLASS_COLOURS.dark if dark else CLASS_COLOURS.light
    return charts.density(
        frame.points[2], probes.labels, probes.class_names, colours, frame.views[2].names, HEIGHT - 20
    )


def _frame_alt(frame: Frame) -> str:
    """Return the text alternative of a frame."""
    m = frame.metrics
    return (
        f"Step {frame.step}: kNN accuracy {m.knn:.1%}, in the drawn plane {m.drawn:.1%}; "
        f"easy, semi-hard and hard triplets {m.easy:.1%}, {m.semihard:.1%}, {m.hard:.1%}; spread {m.spread:.3f}."
    )


class _Probes(NamedTuple):
    """The probe images of a data set, as pictures show them.

    Attributes:
        rows: (n,) of the test images in the data set.
        labels: (n,) classes.
        class_names: by class.
        sprite: PNG of all images in a grid; empty for data sets without images.
        columns: of the grid.
        size: width and height of one image, pixels.
    """

    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    sprite: bytes
    columns: int
    size: tuple[int, int]


@lru_cache(maxsize=8)
def _probes(dataset: str, n: int) -> _Probes:
    data = datasets.load(dataset)
    rows = datasets.probe_indices(data, n)
    size = (data.shape[1], data.shape[0]) if data.is_image else (1, 1)
    sprite = datasets.sprite_sheet(data, rows)
    return _Probes(rows, data.y_test[rows], data.class_names, sprite, ceil(sqrt(len(rows))), size)
