"""The visitor's own run, for pages that show it, measure it or ask for it: in their browser, or on the server."""

from typing import Any

import streamlit as st

from cl_core.components.own_run.mount import own_run as ask_browser
from cl_core.components.trainer import handover
from cl_core.data.npz import DataError
from cl_core.runtime.errors import describe_error
from cl_core.runtime.readable_run import ReadableRun
from cl_core.runtime.run import Run
from cl_core.runtime.visitor_run import VisitorRun
from cl_core.training import RunSpec
from cl_core.ui.server.lifespan import engine

KEY = "trainer"  # name of the run in the browser, and Streamlit key of the component that shows it


def run_in_browser(spec: RunSpec, n: int) -> VisitorRun:
    """Return the session's run in the browser, in the place of one on the server.

    Args:
        spec: the run, as the page has it now.
        n: number of probe images in each frame.
    """
    run = st.session_state.get("run")
    if not isinstance(run, VisitorRun):
        if isinstance(run, Run):
            run.close()
        st.session_state.run = run = VisitorRun(spec, n, engine().queue.client())
    run.expect(spec, n)
    return run


def handed_over() -> tuple[str, int] | None:
    """Return name and step of the run that the browser has handed over last; None for none."""
    known: tuple[str, int] | None = st.session_state.get("handed_over")
    return known


def take_over(reported: Any) -> None:
    """Take a run that the browser has handed over.

    Args:
        reported: untrusted value.
    """
    match reported:
        case {"id": str(run_id), "step": int(step), "text": text}:
            pass
        case _:
            return
    if isinstance(st.session_state.get("run"), Run):
        return  # it was on its way when a run on the server took its place
    st.session_state.handed_over = (run_id, step)  # also of one that cannot be read: it is not sent again
    try:
        saved = handover.decode(text)
    except DataError as error:
        st.session_state.handover_fault = describe_error(error)
        return
    run_in_browser(saved.state.spec, saved.n).hand_over(saved)


def show_handover_fault() -> None:
    """Show why the last run that was handed over could not be read, once."""
    if fault := st.session_state.pop("handover_fault", None):
        st.error(f"The server could not read your run. {fault}", icon=":material/error:")


def own_run() -> ReadableRun | None:
    """Return the visitor's own run, after asking their browser for it; None where there is none, or not yet."""
    run: ReadableRun | None = st.session_state.get("run")
    if run is not None and not isinstance(run, VisitorRun):
        return run
    show_handover_fault()
    ask_browser(KEY, handed_over(), key="own_run", on_handover=take_over)
    return run if run is not None and run.saved is not None else None
