"""Rerun of an experiment's cell with few epochs, beside the shipped result."""

import time
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st

from cl_core import charts
from cl_core.experiments import METHODS, Cell, sweep, table
from cl_core.experiments.grid import PROGRAM
from cl_core.experiments.pipeline import Outcome
from cl_core.losses.variants import OURS
from cl_core.runtime import errors
from cl_core.ui.link.control import Control
from cl_core.ui.server import streamlit_compat
from cl_core.ui.server.lifespan import engine

EPOCHS = Control("epochs", "epochs", 1, "of the first stage, and of the classifier", options=(1, 2, 5))
CONTROLS = (EPOCHS,)
POLL_SECONDS = 1.0  # between two checks of a running cell
COLUMNS = {
    "accuracy_odd": "softmax twice",
    "accuracy_right": "softmax once",
    "knn": "kNN",
    "compactness": "compactness",
    "seconds": "seconds",
    "memory": "MiB",
}


@dataclass(frozen=True, eq=False)
class RunningCell:
    """A reduced cell that was submitted to a worker.

    Attributes:
        cell: the cell.
        future: of its outcome and the versions that made it.
        started_at: seconds of the monotonic clock.
    """

    cell: Cell
    future: Future[tuple[Outcome, dict[str, str]]]
    started_at: float


def reduced_cell(cell: Cell, epochs: int) -> Cell:
    """Return a cell with fewer epochs.

    Args:
        cell: the cell.
        epochs: of the first stage, and of the classifier.
    """
    return replace(cell, steps=epochs * (cell.steps // cell.epochs), epochs=epochs)


def show(cell: Cell, rows: pd.DataFrame) -> None:
    """Show the button that starts a reduced cell, its progress, and the table of the session's reruns.

    Args:
        cell: the cell to reduce.
        rows: its shipped results, one row a seed.
    """
    state = st.session_state
    _collect()
    running: RunningCell | None = state.get("reduced_run")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=180):
            epochs = EPOCHS.render()
        reduced = reduced_cell(cell, epochs)
        label = f"Run a short version here, about {max(sweep.estimate(reduced), 1):.0f} s"
        if st.button(label, icon=":material/bolt:", key="reduced_start", disabled=running is not None):
            future = engine().long_queue.submit(sweep.cell_task, reduced)
            state.reduced_failure = None
            state.reduced_run = RunningCell(reduced, future, time.monotonic())
            streamlit_compat.rerun()
    if running is not None:
        st.fragment(_show_progress, run_every=POLL_SECONDS)(running)
    if failure := state.get("reduced_failure"):
        st.error(failure, icon=":material/error:")
    _show_table(cell, rows, state.get("reduced", []))


def _show_progress(running: RunningCell) -> None:
    """Show the estimated progress and a button that cancels it."""
    if running.future.done():
        streamlit_compat.rerun()
    elapsed, estimate = time.monotonic() - running.started_at, sweep.estimate(running.cell)
    with st.container(horizontal=True, vertical_alignment="center"):
        status = "running" if running.future.running() else "waiting for a free worker"
        text = f"{_title(running.cell)}: {status} for {elapsed:.0f} s, of about {estimate:.0f} s on one processor"
        st.progress(min(elapsed / max(estimate, 1.0), 0.95), text=text)
        if st.button("Cancel", icon=":material/close:", key="reduced_drop", help="Its result will not be shown"):
            running.future.cancel()
            st.session_state.reduced_run = None
            streamlit_compat.rerun()


def _collect() -> None:
    """Move the outcome of a finished rerun into the session's table."""
    state = st.session_state
    running: RunningCell | None = state.get("reduced_run")
    if running is None or not running.future.done():
        return
    state.reduced_run = None
    try:
        outcome, _ = running.future.result()
    except (Exception, CancelledError) as error:  # any error of a worker: report it and keep the page
        state.reduced_failure = errors.describe_error(error, "Start it again, or choose another run.")
    else:
        state.reduced = [*state.get("reduced", []), (running.cell, outcome)]


def _title(cell: Cell) -> str:
    kind = table.PUBLISHED if cell.odd else table.RIGHT
    version = "" if METHODS[cell.method].odd == OURS else f", {table.KIND_TITLES[kind]}"
    version = f", {table.KIND_TITLES[table.ARTICLE]}" if cell.study == PROGRAM else version
    return f"{METHODS[cell.method].title}, {table.title_of(cell.dataset)}, {cell.batch:,}{version}"


def _show_table(cell: Cell, rows: pd.DataFrame, reruns: list[tuple[Cell, Outcome]]) -> None:
    """Show the shipped cell, and below it every rerun of this session."""
    if not reruns:
        return
    table_rows = [_row(cell, f"shipped, {cell.epochs} epochs, seed {row['seed']}", row) for _, row in rows.iterrows()]
    table_rows += [
        _row(rerun, f"Short run here, {rerun.epochs} epoch{'s' if rerun.epochs > 1 else ''}", pd.Series(vars(outcome)))
        for rerun, outcome in reruns
    ]
    st.dataframe(pd.DataFrame(table_rows), hide_index=True, height="content")
    st.caption("A short run has only a fraction of the steps. It is lost when you close this page.")


def _row(cell: Cell, label: str, row: pd.Series) -> dict[str, str]:
    def text(name: str) -> str:
        value = float(row[name])
        if np.isnan(value):
            return "failed" if row["failure"] else "none"
        return f"{value:.2%}" if name in ("accuracy_odd", "accuracy_right", "knn") else charts.short_number(value)

    numbers = {title: text(name) for name, title in COLUMNS.items()}
    return {"run": label, "settings": _title(cell), **numbers}
