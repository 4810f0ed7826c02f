"""Mount the picture of nearest neighbours in Streamlit."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from cl_core.components.mounting import register
from cl_core.components.neighbours.message import Search, decode, encode

_component = register(Path(__file__).parent)


def neighbours(search: Search, *, key: str, height: int = 600, on_choose: Callable[[int], None]) -> None:
    """Show the nearest neighbours of an image; the visitor chooses another by pointing.

    Args:
        search: what to show.
        key: Streamlit key of the component.
        height: height of the picture in CSS pixels.
        on_choose: callback with the number of the image that the visitor has chosen.
    """

    def report() -> None:
        image = decode((st.session_state.get(key) or {}).get("image"), search.n)
        if image is not None:
            on_choose(image)

    _component(key=key, data=encode(search, height=height), on_image_change=report)
