"""The browser's engine, as a file that the server sends."""

import hashlib
from functools import cache

import streamlit as st
from streamlit.components import v1

from cl_core.programs.engine.build import WASM


@cache
def engine_url() -> str:
    """Return the URL of the engine, which is another one for another engine; call it while the server runs."""
    # a component that is never shown: Streamlit serves the files of its folder
    files = v1.declare_component("files", path=str(WASM.parent))
    base = str(st.get_option("server.baseUrlPath")).strip("/")
    checksum = hashlib.sha256(WASM.read_bytes()).hexdigest()[:16]
    return f"{'/' + base if base else ''}/component/{files.name}/{WASM.name}?{checksum}"
