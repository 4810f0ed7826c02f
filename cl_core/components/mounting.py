"""Register a component's folder with Streamlit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from cl_core.components.bundle import bundle_html, bundle_javascript

_HERE = Path(__file__).parent


def register(folder: Path, *styles: str) -> Callable[..., Any]:
    """The component of a folder, named after it, from the `.html`, `.css` and `.js` of its name.

    styles: what it has in common with others: the names of style sheets that come before its own, after `frame.css`.
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
    """Streamlit gives a component the values whose changes something listens to."""
