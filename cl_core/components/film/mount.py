"""Mount the film in Streamlit."""

from pathlib import Path

from cl_core.components.film.message import Film, encode
from cl_core.components.mounting import register

_component = register(Path(__file__).parent, "time.css")


def film(content: Film, *, key: str, height: int) -> None:
    """Show a film, which plays at once; with reduced motion it shows its last moment and waits.

    Args:
        content: what to show.
        key: Streamlit key of the component.
        height: height with the controls, in CSS pixels.
    """
    _component(key=key, data=encode(content, height=height), height=height)
