"""The Streamlit half of the component."""

from pathlib import Path

from cl_core.components.mounting import register
from cl_core.components.shares.message import Shares, encode

_component = register(Path(__file__).parent)


def shares(scene: Shares, *, key: str, height: int = 560, group: str = "") -> None:
    """Show a picture, `height` pixels tall.

    Pictures of one `group` (if it is not "") share the moment with each other and with the embeddings of that group.
    May be called at every tick of a fragment with a run that grows.
    """
    _component(key=key, data=encode(scene, height=height, group=group))
