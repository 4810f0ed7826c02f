"""Register components with Streamlit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from cl_core.components.bundle import bundle_css, bundle_html, bundle_javascript


def register(folder: Path, *styles: str) -> Callable[..., Any]:
    """Register the component of a folder: the `.html`, `.css` and `.js` files of the folder's name.

    Args:
        folder: of the component.
        *styles: shared style sheets that come before its own, after `frame.css`.

    Returns:
        The function that mounts the component.
    """
    file = folder / folder.name
    return st.components.v2.component(
        f"contrastive_loss_lab_{folder.name}",
        html=bundle_html(file.with_suffix(".html")),
        css=bundle_css(file.with_suffix(".css"), *styles),
        js=bundle_javascript(file.with_suffix(".js")),
    )


def no_op() -> None:
    """Do nothing; Streamlit only returns values of a component that have a change callback."""
