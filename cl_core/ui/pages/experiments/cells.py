"""Cells of the experiment: the clouds of all cells, and one cell in detail, to open as a live run or to run again."""

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from cl_core import charts
from cl_core.data import datasets
from cl_core.experiments import METHODS, Cell, results, table
from cl_core.experiments.grid import DATASETS
from cl_core.experiments.pipeline import DRAWN
from cl_core.experiments.table import BATCHES, PUBLISHED, VERSIONS
from cl_core.training import MAX_STEPS, RunSpec
from cl_core.training.setting_texts import setting_text
from cl_core.ui.link import controls
from cl_core.ui.link.control import Control
from cl_core.ui.pages import training_controls
from cl_core.ui.pages.experiments import rerun
from cl_core.ui.pages.experiments.shipped_results import COMMAND, ShippedResults, show_empty
from cl_core.ui.widgets.chart import chart

DATASET = Control("dataset", "data set", "mnist", options=DATASETS,
                  titles={key: table.title_of(key) for key in DATASETS})  # fmt: skip
METHOD = Control("method", "method", "sup_nt_xent", options=table.ROWS,
                 titles={key: table.row_title(key) for key in table.ROWS})  # fmt: skip
BATCH = Control("batch", "batch size", BATCHES[0], options=BATCHES)
VERSION = Control("made", "version", PUBLISHED, options=VERSIONS, titles=table.KIND_TITLES)
PICTURE = Control("picture", "picture", "density", options=("density", "points"), row=True)
CELL_CONTROLS = (DATASET, METHOD, BATCH, VERSION)
CONTROLS = (*CELL_CONTROLS, PICTURE)
DENSITY_METHODS = ("max_margin", "triplet_semihard", "npair", "sup_nt_xent")  # the losses of the article's figure
MEASURES = {
    "accuracy_odd": ("accuracy, softmax twice", "{:.2%}"),
    "accuracy_right": ("accuracy, softmax once", "{:.2%}"),
    "knn": ("kNN", "{:.2%}"),
    "map_r": ("MAP@R", "{:.2%}"),
    "compactness": ("compactness", "{:.4f}"),
    "alignment": ("alignment", "{:.4f}"),
    "uniformity": ("uniformity", "{:.3f}"),
    "spread": ("spread (0 if collapsed)", "{:.4f}"),
    "loss": ("loss at the end", "{:.4f}"),
    "steps": ("steps", "{:,.0f}"),
    "seconds": ("seconds, first stage", "{:.1f}"),
    "seconds_two": ("seconds, second stage", "{:.1f}"),
    "memory": ("memory, MiB", "{:,.0f}"),
}
DENSITY_HEIGHT = 470  # pixels


def show_pictures(shipped: ShippedResults) -> None:
    """Show the embeddings: densities of four losses on both data sets, or the points of every method on one.

    Args:
        shipped: results of the experiment.
    """
    left, middle, right = st.columns(3)
    with left:
        picture = PICTURE.render()
    with middle:
        version = VERSION.render()
    if picture == "points":
        with right:
            dataset = DATASET.render()
    with st.container(key="cell_pictures"):
        if picture == "points":
            _show_points(shipped, dataset, version)
        else:
            _show_densities(shipped, version)


def _show_densities(shipped: ShippedResults, version: str) -> None:
    """Show the densities of the article's four losses: a column for each data set, a row of squares for each loss."""
    st.caption(
        f"{DRAWN} test images, projected on the first two principal axes of their embedding; first seed. A stronger "
        "colour means more images. Above each square: batch size and accuracy in per cent."
    )
    for column, dataset in zip(st.columns(len(DATASETS), gap="medium"), DATASETS, strict=True):
        with column:
            st.markdown(f"#### {table.title_of(dataset)}")
            for method in DENSITY_METHODS:
                clouds, headings, description = _clouds(shipped, dataset, method, version)
                st.markdown(f"**{table.row_title(method)}**")
                picture = charts.density_chart(f"Density on {table.title_of(dataset)}, {description}")
                chart(charts.density_rows(clouds, headings), picture, width="content")


def _show_points(shipped: ShippedResults, dataset: str, version: str) -> None:
    """Show the points of one data set: a row of clouds for each method, one for each batch size."""
    data = datasets.load(dataset)
    labels = [data.class_names[y] for y in _image_labels(dataset)]
    st.caption(
        f"The same {DRAWN} test images in each picture, projected on the first two principal axes of their embedding; "
        "first seed. Above each picture: batch size and accuracy in per cent."
    )
    methods = table.methods_of(version)
    for i in range(0, len(methods), 2):
        for column, method in zip(st.columns(2, gap="medium"), methods[i : i + 2], strict=False):
            clouds, headings, description = _clouds(shipped, dataset, method, version)
            with column:
                st.markdown(f"**{table.row_title(method)}**")
                picture = charts.cloud_chart(description, data.class_names, dark=_is_dark())
                chart(charts.cloud_rows(clouds, headings, labels), picture, width="content")


def _clouds(
    shipped: ShippedResults, dataset: str, method: str, version: str
) -> tuple[dict[int, NDArray[np.float32] | str], dict[int, str], str]:
    """Return the points of a method by batch size, or why there are none; their headings; and a text alternative."""
    clouds: dict[int, NDArray[np.float32] | str] = {}
    headings = {}
    for batch in BATCHES:
        clouds[batch], accuracy = _cloud(shipped, dataset, method, batch, version)
        headings[batch] = f"{batch:,}{accuracy}"
    notes = {batch: f", {cloud}" for batch, cloud in clouds.items() if isinstance(cloud, str)}
    listed = "; ".join(f"batch {headings[batch]}{notes.get(batch, '')}" for batch in BATCHES)
    return clouds, headings, f"{table.row_title(method)}: {listed}"


def _is_dark() -> bool:
    return st.context.theme.type == "dark"


def _image_labels(dataset: str) -> NDArray[np.int64]:
    """Return the classes of the images whose positions the results hold."""
    data = datasets.load(dataset)
    labels: NDArray[np.int64] = data.y_test[datasets.probe_indices(data, DRAWN)]
    return labels


def _cloud(
    shipped: ShippedResults, dataset: str, method: str, batch: int, version: str
) -> tuple[NDArray[np.float32] | str, str]:
    """Return the points of the first seed, or why there are none, and its accuracy as text."""
    rows = table.result_of_cell(shipped.results, table.cell_of(dataset, method, batch, version))
    if rows.empty:
        return table.NOT_RUN, ""
    row = rows.iloc[0]
    accuracy = row[table.accuracy_column(version)]
    if row["failure"]:
        return table.FAILED, ""
    return results.drawn_points(row), "" if np.isnan(accuracy) else f" · {accuracy:.1%}"


def show(shipped: ShippedResults) -> None:
    """Show one cell: its density, its measures, and the ways to run it again.

    Args:
        shipped: results of the experiment.
    """
    columns = st.columns(4)
    values = []
    for column, control in zip(columns, CELL_CONTROLS, strict=True):
        with column:
            values.append(control.render())
    if values[1] not in table.methods_of(values[-1]):
        st.info(f"The article's program does not include {METHODS[values[1]].title}. Choose another version.")
        return
    cell = table.cell_of(*values)
    rows = table.result_of_cell(shipped.results, cell)
    st.markdown(f"#### {METHODS[cell.method].title} on {table.title_of(cell.dataset)}, batch {cell.batch:,}")
    st.caption(
        f"{VERSION.title_of(values[-1]).capitalize()}: learning rate {cell.rate:g}, {cell.steps:,} steps, then a "
        f"classifier on the frozen encoder for {cell.epochs} epochs. {_spec_text(cell.spec)}."
    )
    if rows.empty:
        show_empty("This run was not made yet. This command makes it:", f"{COMMAND} --cell {cell.name}")
    else:
        _show_details(cell, rows)
    _show_rerun(cell, rows)


def _spec_text(spec: RunSpec) -> str:
    return " · ".join(setting_text(spec.loss, name, getattr(spec, name)) for name in ("loss", "convention", "encoder"))


def _show_details(cell: Cell, rows: pd.DataFrame) -> None:
    """Show the density of the first seed, and the measures of all seeds."""
    first = rows.iloc[0]
    picture, numbers = st.columns([0.56, 0.44], gap="medium")
    with picture:
        if first["failure"]:
            st.warning(f"The run failed, so it has no picture. {first['failure']}", icon=":material/warning:")
        else:
            data = datasets.load(cell.dataset)
            axes = ("first principal axis", "second principal axis")
            points = results.drawn_points(first)
            figure = charts.density(
                points, _image_labels(cell.dataset), data.class_names, axes, DENSITY_HEIGHT, dark=_is_dark()
            )
            description = charts.density_alt(_image_labels(cell.dataset), points, data.class_names)
            st.plotly_chart(figure, key="cell_density", alt=description)
            st.caption(
                f"Density of each class over {DRAWN} test images, seed {first['seed']}. The curves at the edges are "
                "the densities along each axis."
            )
    with numbers:
        st.dataframe(_measure_table(rows), height="content")
        st.caption(f"Made with {table.environment_of(rows)}.")


def _measure_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the measures by seed, as text; missing values read "none"."""

    def text(value: float, template: str) -> str:
        return "none" if pd.isna(value) else template.format(value)

    columns = {}
    for _, row in rows.iterrows():
        heading = f"seed {row['seed']}" + (" (failed)" if row["failure"] else "")
        columns[heading] = [text(row[name], template) for name, (_, template) in MEASURES.items() if name in rows]
    return pd.DataFrame(columns, index=[title for name, (title, _) in MEASURES.items() if name in rows])


def _show_rerun(cell: Cell, rows: pd.DataFrame) -> None:
    """Show the link to the live page, the command, and the run with fewer epochs."""
    st.markdown("#### Run it again")
    with st.container(horizontal=True, vertical_alignment="center"):
        label = "Watch this run on the page Live training"
        controls.page_link("training", label, ":material/play_circle:", training_controls.link_of(cell.spec))
        if cell.steps > MAX_STEPS:
            st.caption(f"There it stops after {MAX_STEPS:,} of the {cell.steps:,} steps.")
    if len(rows):
        st.code(f"{COMMAND} --cell {cell.name} --results again", language="bash", wrap_lines=True)
    rerun.show(cell, rows)
