"""Cells of the experiment: small clouds of all of them, and one of them closely, to be opened live or run again."""

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from cl_core import charts
from cl_core.data import datasets
from cl_core.experiments import METHODS, Cell, results, table
from cl_core.experiments.grid import DATASETS
from cl_core.experiments.pipeline import DRAWN
from cl_core.experiments.table import BATCHES, PUBLISHED, RIGHT
from cl_core.palette import CLASS_COLOURS
from cl_core.training import MAX_STEPS
from cl_core.ui.link import controls
from cl_core.ui.link.control import Control
from cl_core.ui.pages import training_controls
from cl_core.ui.pages.experiments import rerun
from cl_core.ui.pages.experiments.shipped_results import COMMAND, ShippedResults, show_empty
from cl_core.ui.widgets.chart import chart

DATASET = Control("dataset", "data set", "mnist", options=DATASETS)
METHOD = Control("method", "method", "sup_nt_xent", options=table.ROWS)
BATCH = Control("batch", "batch size", BATCHES[0], options=BATCHES)
MADE = Control("made", "made", PUBLISHED, options=(PUBLISHED, RIGHT))
CONTROLS = (DATASET, METHOD, BATCH, MADE)
MEASURES = {
    "accuracy_odd": ("accuracy, softmax twice", "{:.2%}"),
    "accuracy_right": ("accuracy, softmax once", "{:.2%}"),
    "knn": ("kNN", "{:.2%}"),
    "map_r": ("MAP@R", "{:.2%}"),
    "compactness": ("compactness", "{:.4f}"),
    "alignment": ("alignment", "{:.4f}"),
    "uniformity": ("uniformity", "{:.3f}"),
    "spread": ("spread (0 is collapsed)", "{:.4f}"),
    "loss": ("loss at the end", "{:.4f}"),
    "steps": ("steps", "{:,.0f}"),
    "seconds": ("seconds, first stage", "{:.1f}"),
    "seconds_two": ("seconds, second stage", "{:.1f}"),
    "memory": ("memory, MiB", "{:,.0f}"),
}
HEIGHT = 470  # pixels of the density


def show_pictures(found: ShippedResults) -> None:
    """The embeddings of one data set: methods by batch sizes."""
    left, right = st.columns(2)
    with left:
        dataset = DATASET.render()
    with right:
        kind = MADE.render()
    data = datasets.load(dataset)
    colours, labels = _colours(), [data.class_names[y] for y in _labels(dataset)]
    st.caption(
        f"The same {DRAWN} test images in each, by the two first principal axes of their embedding; first seed. "
        f"Over each cloud: batch size, and accuracy in per cent."
    )
    for i in range(0, len(table.ROWS), 2):
        for column, method in zip(st.columns(2, gap="medium"), table.ROWS[i : i + 2], strict=False):
            clouds: dict[int, NDArray[np.float32] | str] = {}
            heads = {}
            for batch in BATCHES:
                clouds[batch], accuracy = _cloud(found, dataset, method, batch, kind)
                heads[batch] = f"{batch:,}{accuracy}"
            missing = {batch: f", {cloud}" for batch, cloud in clouds.items() if isinstance(cloud, str)}
            title = table.row_title(method)
            words = f"{title}: " + "; ".join(f"batch {heads[b]}{missing.get(b, '')}" for b in BATCHES)
            with column:
                st.markdown(f"**{title}**")
                picture = charts.cloud_chart(words, data.class_names, colours)
                chart(charts.cloud_rows(clouds, heads, labels), picture, width="content")


def _colours() -> list[str]:
    return list(CLASS_COLOURS.dark if st.context.theme.type == "dark" else CLASS_COLOURS.light)


def _labels(dataset: str) -> NDArray[np.int64]:
    """Of the images whose places are kept."""
    data = datasets.load(dataset)
    labels: NDArray[np.int64] = data.y_test[datasets.probe_indices(data, DRAWN)]
    return labels


def _cloud(
    found: ShippedResults, dataset: str, method: str, batch: int, kind: str
) -> tuple[NDArray[np.float32] | str, str]:
    """The points of the first seed there is, or why there are none; and its accuracy."""
    rows = table.result_of_cell(found.results, table.cell_of(dataset, method, batch, kind))
    if rows.empty:
        return table.NOT_RUN, ""
    row = rows.iloc[0]
    accuracy = row["accuracy_odd" if kind == PUBLISHED else "accuracy_right"]
    if row["failure"]:
        return table.FAILED, ""
    return results.drawn_points(row), "" if np.isnan(accuracy) else f" · {accuracy:.1%}"


def show(found: ShippedResults) -> None:
    """One cell: its picture, its numbers, and the ways to run it again."""
    places = st.columns(4)
    values = []
    for place, control in zip(places, CONTROLS, strict=True):
        with place:
            values.append(control.render())
    cell = table.cell_of(*values)
    rows = table.result_of_cell(found.results, cell)
    st.markdown(f"#### {METHODS[cell.method].title} on {table.title_of(cell.dataset)}, batch {cell.batch:,}")
    st.caption(
        f"{values[-1].capitalize()}: learning rate {cell.rate:g}, {cell.steps:,} steps, then {cell.epochs} epochs of a "
        f"classifier on the frozen encoder. Loss `{cell.spec.loss}`, convention `{cell.spec.convention}`."
    )
    if rows.empty:
        show_empty("This cell was not run. This command runs it:", f"{COMMAND} --cell {cell.name}")
    else:
        _closely(cell, rows)
    _again(cell, rows)


def _closely(cell: Cell, rows: pd.DataFrame) -> None:
    first = rows.iloc[0]
    picture, numbers = st.columns([0.56, 0.44], gap="medium")
    with picture:
        if first["failure"]:
            st.warning(f"The run failed, and has no picture. {first['failure']}", icon=":material/warning:")
        else:
            data = datasets.load(cell.dataset)
            axes = ("first principal axis", "second principal axis")
            points = results.drawn_points(first)
            figure = charts.density(points, _labels(cell.dataset), data.class_names, _colours(), axes, HEIGHT)
            words = charts.density_alt(_labels(cell.dataset), points, data.class_names)
            st.plotly_chart(figure, key="cell_density", alt=words)
            st.caption(f"Density of each class of {DRAWN} test images, seed {first['seed']}, with its margins.")
    with numbers:
        st.dataframe(_numbers(rows), height="content")
        st.caption(f"Made with {table.environment_of(rows)}.")


def _numbers(rows: pd.DataFrame) -> pd.DataFrame:
    """Measures by seed, as text; a number that is none is said to be none."""

    def text(value: float, form: str) -> str:
        return "none" if pd.isna(value) else form.format(value)

    columns = {}
    for _, row in rows.iterrows():
        head = f"seed {row['seed']}" + (" (failed)" if row["failure"] else "")
        columns[head] = [text(row[name], form) for name, (_, form) in MEASURES.items() if name in rows]
    return pd.DataFrame(columns, index=[title for name, (title, _) in MEASURES.items() if name in rows])


def _again(cell: Cell, rows: pd.DataFrame) -> None:
    """The cell on the live page, by the command, and with fewer epochs here."""
    st.markdown("#### Run it again")
    with st.container(horizontal=True, vertical_alignment="center"):
        words = "Watch this run on the page Live training"
        controls.page_link("training", words, ":material/play_circle:", training_controls.link_of(cell.spec))
        if cell.steps > MAX_STEPS:
            st.caption(f"It ends after {MAX_STEPS:,} of the {cell.steps:,} steps there.")
    if len(rows):
        st.code(f"{COMMAND} --cell {cell.name} --results again", language="bash", wrap_lines=True)
    rerun.show(cell, rows)
