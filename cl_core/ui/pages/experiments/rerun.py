"""A cell of the experiment with a few epochs, run here while its visitor waits, and put beside the shipped one."""

import time
from concurrent.futures import BrokenExecutor, CancelledError, Future
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st

from cl_core.experiments import METHODS, Cell, sweep, table
from cl_core.experiments.grid import IMAGES
from cl_core.experiments.pipeline import Outcome
from cl_core.losses.variants import OURS
from cl_core.runtime import errors
from cl_core.ui.link.control import Control
from cl_core.ui.server.lifespan import engine

EPOCHS = Control("epochs", "epochs", 1, "of the first stage, and of the classifier", options=(1, 2, 5))
CONTROLS = (EPOCHS,)
TICK = 1.0  # seconds between two looks at a cell under way
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
    """A reduced cell that a worker has been asked for, and when."""

    cell: Cell
    future: Future[tuple[Outcome, dict[str, str]]]
    began: float


def reduced_cell(cell: Cell, epochs: int) -> Cell:
    """The same cell with so many epochs in either stage."""
    return replace(cell, steps=epochs * (IMAGES // cell.batch), epochs=epochs)


def show(cell: Cell, rows: pd.DataFrame) -> None:
    """The button, the way of what it started, and the session's table."""
    state = st.session_state
    _collect()
    under_way: RunningCell | None = state.get("reduced_run")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container(width=180):
            epochs = EPOCHS.render()
        small = reduced_cell(cell, epochs)
        words = f"Run a reduced cell here, about {max(sweep.estimate(small), 1):.0f} s"
        if st.button(words, icon=":material/bolt:", key="reduced_start", disabled=under_way is not None):
            future = engine().long_queue.submit(sweep.cell_task, small)
            state.reduced_failure = None
            state.reduced_run = RunningCell(small, future, time.monotonic())
            st.rerun()
    if under_way is not None:
        st.fragment(_progress, run_every=TICK)(under_way)
    if failure := state.get("reduced_failure"):
        st.error(failure, icon=":material/error:")
    _table(cell, rows, state.get("reduced", []))


def _progress(under_way: RunningCell) -> None:
    """How far it may be, and a way to have nothing more to do with it."""
    if under_way.future.done():
        st.rerun()
    gone, whole = time.monotonic() - under_way.began, sweep.estimate(under_way.cell)
    with st.container(horizontal=True, vertical_alignment="center"):
        doing = "in work" if under_way.future.running() else "waiting for a free worker"
        words = f"{_title(under_way.cell)}: {doing} for {gone:.0f} s; about {whole:.0f} s of one processor in all"
        st.progress(min(gone / max(whole, 1.0), 0.95), text=words)
        if st.button("Drop it", icon=":material/close:", key="reduced_drop", help="Its result will not be shown"):
            under_way.future.cancel()
            st.session_state.reduced_run = None
            st.rerun()


def _collect() -> None:
    """Take what has ended into the session's table."""
    state = st.session_state
    under_way: RunningCell | None = state.get("reduced_run")
    if under_way is None or not under_way.future.done():
        return
    state.reduced_run = None
    try:
        outcome, _ = under_way.future.result()
    except (BrokenExecutor, CancelledError):
        state.reduced_failure = "The worker process died before the cell was done. Run it again."
    except Exception as error:  # a worker's: whatever it was, the page stays
        state.reduced_failure = f"The cell could not be run: {errors.describe_error(error)}"
    else:
        state.reduced = [*state.get("reduced", []), (under_way.cell, outcome)]


def _title(cell: Cell) -> str:
    made = "" if METHODS[cell.method].odd == OURS else f", {table.PUBLISHED if cell.odd else table.RIGHT}"
    return f"{METHODS[cell.method].title}, {table.title_of(cell.dataset)}, {cell.batch:,}{made}"


def _table(cell: Cell, rows: pd.DataFrame, own: list[tuple[Cell, Outcome]]) -> None:
    """The shipped cell, and below it every reduced one of this session."""
    if not own:
        return
    lines = [_line(cell, f"shipped, {cell.epochs} epochs, seed {row['seed']}", row) for _, row in rows.iterrows()]
    lines += [
        _line(done, f"REDUCED here, {done.epochs} epoch{'s' if done.epochs > 1 else ''}", pd.Series(vars(outcome)))
        for done, outcome in own
    ]
    st.dataframe(pd.DataFrame(lines), hide_index=True, height="content")
    st.caption("A reduced cell shows the way, not the end: it has had a fraction of the steps. Gone with this session.")


def _line(cell: Cell, what: str, row: pd.Series) -> dict[str, str]:
    def text(name: str) -> str:
        value = float(row[name])
        if np.isnan(value):
            return "failed" if row["failure"] else "none"
        return f"{value:.2%}" if name in ("accuracy_odd", "accuracy_right", "knn") else f"{value:.3g}"

    numbers = {title: text(name) for name, title in COLUMNS.items()}
    return {"which": what, "cell": _title(cell), **numbers}
