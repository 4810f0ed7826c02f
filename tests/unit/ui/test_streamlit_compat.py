"""The private API of Streamlit that the app uses exists and works as the app needs."""

import inspect
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
import streamlit as st
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime import app_session
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests
from streamlit.testing.v1 import AppTest

from cl_core.ui.server import streamlit_compat


def test_streamlit_version_is_the_one_the_private_api_was_checked_with():
    assert st.__version__ == streamlit_compat.SEEN_ON


def requested(monkeypatch, **changes) -> RerunData:
    """Return what a session makes of a request of the browser."""
    monkeypatch.setattr(app_session, "RerunData", RerunData)
    streamlit_compat.keep_values_in_timed_runs()
    runner = Mock()
    session: Any = SimpleNamespace(_state=None, _scriptrunner=runner, has_fragment=lambda _: True)
    state = ClientState(query_string="failure=none", fragment_id="pictures", **changes)
    state.widget_states.widgets.add(id="failure", string_value="none")
    app_session.AppSession.request_rerun(session, state)
    data: RerunData = runner.request_rerun.call_args.args[0]
    return data


def test_timed_run_does_not_bring_back_values_that_code_has_replaced(monkeypatch):
    assert requested(monkeypatch, is_auto_rerun=True).widget_states is None
    # one that has to wait for the run before it neither
    waiting = ScriptRequests()
    waiting.request_rerun(requested(monkeypatch, is_auto_rerun=True))
    waiting.request_rerun(requested(monkeypatch, is_auto_rerun=True))
    request = waiting.on_scriptrunner_ready()
    assert (request.rerun_data.widget_states, request.rerun_data.fragment_id_queue) == (None, ["pictures"])


def test_values_of_a_visitor_are_kept_beside_a_timed_run(monkeypatch):
    assert requested(monkeypatch).widget_states.widgets[0].string_value == "none"
    waiting = ScriptRequests()
    waiting.request_rerun(requested(monkeypatch))
    waiting.request_rerun(requested(monkeypatch, is_auto_rerun=True))
    data = waiting.on_scriptrunner_ready().rerun_data
    assert [state.string_value for state in data.widget_states.widgets] == ["none"]


def sidebar_script():
    import streamlit as st

    from cl_core.ui.server import streamlit_compat

    st.session_state.main = streamlit_compat.in_sidebar()
    with st.sidebar, st.expander("more"):
        st.session_state.side = streamlit_compat.in_sidebar()


def test_in_sidebar_tells_the_sidebar_from_the_main_area():
    app = AppTest.from_function(sidebar_script).run()
    assert not app.exception
    assert (app.session_state.main, app.session_state.side) == (False, True)


def bound_widgets_script():
    import streamlit as st

    from cl_core.ui.server import streamlit_compat

    st.slider("margin", 0.0, 1.0, 0.5, key="margin", bind="query-params")
    st.session_state.bound = [streamlit_compat.is_bound(name) for name in ("margin", "other")]


def test_is_bound_tells_which_widgets_are_bound_to_the_link():
    app = AppTest.from_function(bound_widgets_script).run()
    assert not app.exception
    assert app.session_state.bound == [True, False]


def forgetting_script():
    import streamlit as st

    from cl_core.ui.server import streamlit_compat

    if "high" not in st.session_state:
        st.session_state.high = 1.0
    else:
        st.session_state.high, st.session_state.margin = 2.0, 0.5
        streamlit_compat.forget_query_param("margin")
    # with another range it is another widget, which would take the value that the page was opened with
    st.session_state.value = st.slider("margin", 0.0, st.session_state.high, 0.5, key="margin", bind="query-params")


def test_forgotten_query_parameter_does_not_set_a_new_slider():
    app = AppTest.from_function(forgetting_script)
    app.query_params["margin"] = "0.25"
    assert app.run().session_state.value == 0.25
    assert app.run().session_state.value == 0.5
    assert not app.exception


def replacing_script():
    import streamlit as st

    from cl_core.ui.server import streamlit_compat

    if "open" in st.query_params:
        streamlit_compat.replace_query_string(st.query_params["open"], without="open")
    st.session_state.value = st.slider("margin", 0.0, 1.0, 0.5, key="margin", bind="query-params")
    st.session_state.names = sorted(st.query_params)


def test_replaced_query_string_sets_the_widgets():
    app = AppTest.from_function(replacing_script)
    app.query_params["open"] = "margin=0.75&loss=circle&open=again"
    app.run()
    assert not app.exception
    assert app.session_state.value == 0.75
    assert app.session_state.names == ["loss", "margin"]


def test_session_statistics_are_empty_without_a_server():
    assert streamlit_compat.session_statistics("active_sessions") == []


@pytest.mark.parametrize("name", ["disable_pages_directory", "uploaded_file_manager", "in_sidebar", "is_bound",
                                  "forget_query_param", "replace_query_string", "is_history_navigation"])  # fmt: skip
def test_each_use_of_the_private_api_has_a_reason(name):
    reason = (inspect.getdoc(getattr(streamlit_compat, name)) or "").split("\n\n")
    assert len(reason) > 1 or name == "is_bound"


def test_rerun_takes_the_query_string_as_it_is_now():
    def page():
        import streamlit as st
        from streamlit.runtime.scriptrunner_utils.exceptions import RerunException
        from streamlit.runtime.scriptrunner_utils.script_run_context import get_script_run_ctx

        from cl_core.ui.server import streamlit_compat

        st.query_params["failure"] = "a lone & sole"
        get_script_run_ctx().query_string = "pace=fast"  # as a bound widget leaves it
        try:
            streamlit_compat.rerun()
        except RerunException as asked:
            st.session_state.asked = asked.rerun_data.query_string

    app = AppTest.from_function(page)
    app.query_params["pace"] = "fast"
    app.run()
    assert app.session_state.asked == "pace=fast&failure=a+lone+%26+sole"
