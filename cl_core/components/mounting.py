"""Register a component's folder with Streamlit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from cl_core.components.bundle import bundle_html, bundle_javascript

_HERE = Path(__file__).parent


def register(folder: Path, *styles: str) -> Callable[..., Any]:
    """Register a component that is named after its folder.

    Args:
        folder: the component's folder, which holds one `.html`, `.css` and `.js` file of the folder's name.
        styles: file names of shared style sheets, inserted between `frame.css` and the component's own sheet.

    Returns:
        The function that mounts the component.
    """
    file = folder / folder.name
    sheets = [*(_HERE / name for name in ("frame.css", *styles)), file.with_suffix(".css")]
    return st.components.v2.component(
        f"contrastive_loss_lab_{folder.name}",
        html=bundle_html(file.with_suffix(".html")),
        css="".join(sheet.read_text(encoding="utf-8") for sheet in sheets),
        js=bundle_javascript(file.with_suffix(".js")),
    )


def no_op() -> None:
    """Do nothing; Streamlit only returns values of a component that have a change callback."""
