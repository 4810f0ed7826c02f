"""Mount the component that opens and closes the sidebar of a phone."""

from pathlib import Path

from cl_core.components.mounting import register
from cl_core.components.phone_sidebar.message import encode

_component = register(Path(__file__).parent)


def phone_sidebar(page: str, *, key: str) -> None:
    """On a phone, show the picture above the sidebar when that opens, and close it whenever another page is shown.

    Args:
        page: name of the page that is shown.
        key: Streamlit key of the component.
    """
    _component(key=key, data=encode(page))
