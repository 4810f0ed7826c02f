"""All uses of Streamlit's private API, each with its reason, as tested on the version `SEEN_ON`.

After an update of Streamlit, run tests/unit/ui/test_streamlit_compat.py and the browser tests named there, then raise
`SEEN_ON`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import parse_qs, urlencode

import streamlit as st
from streamlit import runtime
from streamlit.delta_generator_singletons import get_dg_singleton_instance
from streamlit.proto.RootContainer_pb2 import RootContainer
from streamlit.runtime import app_session
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.pages_manager import PagesManager
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData
from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx
from streamlit.runtime.state import get_session_state
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

SEEN_ON = "1.67.0"
EMBEDDING = ("embed", "embed_options")  # query parameters that `st.query_params` does not show

UploadedFile = UploadedFileRec


def disable_pages_directory() -> None:
    """Turn Streamlit's discovery of pages/ off.

    Until `st.navigation` has run once, Streamlit looks for pages in pages/ by its old rules, and a link to one of this
    app's pages would open without the course around it.
    """
    PagesManager.uses_pages_directory = False


@dataclass(frozen=True)
class _TimedRerunData(RerunData):
    """A request to run the script, without the browser's values if a timer has made it."""

    def __post_init__(self) -> None:
        if self.is_auto_rerun:
            object.__setattr__(self, "widget_states", None)  # the session's own are kept


def keep_values_in_timed_runs() -> None:
    """Let the timers of fragments leave the values of all widgets as they are.

    A timer sends all values that the browser has. On a busy machine it rings before the browser has taken in what code
    has set in the run before, so the old values come back: a click on a card of the failure gallery was undone a second
    later, when a timed run asked for a run of the whole page. What a visitor changes is sent at once, by itself.
    """
    vars(app_session)["RerunData"] = _TimedRerunData


def uploaded_file_manager() -> MemoryUploadedFileManager:
    """Return the running server's manager of uploaded files.

    Streamlit keeps each upload for as long as its session, without a limit on their number; there is no public way to
    bound it.
    """
    manager = runtime.get_instance().uploaded_file_mgr
    assert isinstance(manager, MemoryUploadedFileManager)
    return manager


def in_sidebar() -> bool:
    """Return whether the next element is added to the sidebar.

    Streamlit does not tell a function inside which `with` block it is called.
    """
    active = get_dg_singleton_instance().main_dg._active_dg
    return bool(active._root_container == RootContainer.SIDEBAR)


def is_bound(name: str) -> bool:
    """Return whether a widget on the page is bound to this query parameter; `st.query_params` must not set it then."""
    with _query_params() as params:
        return bool(params.is_bound(name))


def forget_query_param(name: str) -> None:
    """Remove a query parameter, also from those that the page was opened with.

    A slider with another range is another widget to Streamlit, and a new widget takes its value from the query string
    that the page was opened with, whatever the visitor or the page have set since. The browser hears of it at the end
    of the page's run, from `one_address_change`.

    Args:
        name: name of the parameter.
    """
    with _query_params() as params:
        params._initial_query_params.pop(name, None)
        params.discard_param_no_forward_msg(name)


@contextmanager
def one_address_change() -> Iterator[None]:
    """Send the address to the browser once, at the end, if it has changed.

    Streamlit sends it with every single parameter, and the browser makes an entry of its history of each.
    """
    context = get_script_run_ctx()
    if context is None:
        yield
        return
    with _query_params() as params:
        params._send_query_param_msg = lambda: None  # in the place of the method, for this session's object
    before = parse_qs(context.query_string, keep_blank_values=True)
    try:
        yield
    finally:
        with _query_params() as params:
            del params._send_query_param_msg
            if parse_qs(urlencode(params._query_params, doseq=True), keep_blank_values=True) != before:
                params._send_query_param_msg()


def replace_query_string(text: str, without: str = "") -> None:
    """Set the query string as if the page had been opened with `text`, leaving the parameter `without` out.

    Whether the page is embedded stays as it is.

    `st.page_link(query_params=...)` loses names that a widget of the page before was bound to, so links between pages
    carry their settings packed into one parameter.

    Args:
        text: query string, without its "?".
        without: name of the parameter to leave out.
    """
    with _query_params() as params:
        embedding = {name: value for name, value in params._query_params.items() if name.lower() in EMBEDDING}
        params.populate_from_query_string(text)
        params._query_params.update(embedding)
        params.remove_param(without)
        params.set_initial_query_params_from_current()
        params._send_query_param_msg()


def values_of_embed() -> list[str]:
    """Return the values of the query parameter `embed`, which `st.query_params` does not show."""
    with _query_params() as params:
        value = params._query_params.get(EMBEDDING[0], [])
    return [value] if isinstance(value, str) else list(value)


def rerun() -> NoReturn:
    """Run the script again, with the query string as it is now.

    `st.rerun` takes the query string that the browser sent for this run, so a control that code has set since, as the
    click on a card does, would lose its value. The browser test of the failure gallery shows it.
    """
    context = get_script_run_ctx()
    if context is not None:
        with _query_params() as params:
            context.query_string = urlencode(params._query_params, doseq=True)
    st.rerun()


def is_history_navigation() -> bool:
    """Return whether this run was asked for by the browser's Back or Forward.

    In such a run the address decides on the values of bound widgets, even on those that code has set: a parameter that
    it does not have is set to the default. Code that changes the address then replaces the entry of the browser's
    history; else it adds one.
    """
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation


def session_statistics(family: str) -> list[Any]:
    """Return the samples of one of the server's statistics.

    Args:
        family: name of the statistics, such as "active_sessions".

    Returns:
        The samples; none where no server runs, as under AppTest.
    """
    if not runtime.exists():
        return []
    stats: Any = runtime.get_instance().stats_mgr.get_stats([family])
    return list(stats.get(family, []))


@contextmanager
def _query_params() -> Iterator[Any]:
    with get_session_state().query_params() as params:
        yield params
