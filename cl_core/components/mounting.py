"""Register a component's folder with Streamlit."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from cl_core.components.bundle import joined, markup

_HERE = Path(__file__).parent


def registered(folder: Path, *styles: str) -> Callable[..., Any]:
    """The component of a folder, named after it, from the `.html`, `.css` and `.js` of its name.

    styles: what it has in common with others: the names of style sheets that come before its own, after `frame.css`.
    """
    file = folder / folder.name
    sheets = [*(_HERE / name for name in ("frame.css", *styles)), file.with_suffix(".css")]
    return st.components.v2.component(
        f"contrastive_loss_lab_{folder.name}",
        html=markup(file.with_suffix(".html")),
        css="".join(sheet.read_text(encoding="utf-8") for sheet in sheets),
        js=joined(file.with_suffix(".js")),
    )


def ignore() -> None:
    """Streamlit gives a component the values whose changes something listens to."""
