"""Requests to start what the visitor's browser computes: a run or a race, as soon as it is there."""

import secrets

import streamlit as st


def request_start(name: str) -> None:
    """Let a run or a race of the browser start; each request counts once.

    Args:
        name: of the run or the race in the browser.
    """
    st.session_state[f"{name}_start"] = secrets.token_hex(8)


def requested_start(name: str) -> str:
    """Return what tells the last request from those before; "" if there was none."""
    request: str = st.session_state.get(f"{name}_start", "")
    return request
