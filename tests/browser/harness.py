"""Streamlit script that shows one scene of one component, for the browser tests.

The query string says which: `component` is a module of `tests.browser.scenes`, the other parameters are that module's.
Without a component the page is empty and the session forgets everything, so that the next scene begins anew.
"""

from importlib import import_module

import streamlit as st
import torch

EMPTY = "no scene"

if __name__ == "__main__":
    torch.set_num_threads(1)  # as in the app's workers; two on busy cores are several times slower
    st.set_page_config(layout="wide")
    component = st.query_params.get("component")
    if component:
        import_module(f"tests.browser.scenes.{component}").show(st.query_params)
    else:
        st.session_state.clear()
        st.markdown(EMPTY)
