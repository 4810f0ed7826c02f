"""Mount the shares picture in Streamlit."""

from pathlib import Path

from cl_core.components.mounting import register
from cl_core.components.shares.message import Shares, encode

_component = register(Path(__file__).parent)


def shares(scene: Shares, *, key: str, height: int = 560, group: str = "") -> None:
    """Show the shares of a run; a fragment may call it at every tick with a run that grows.

    Args:
        scene: what to show.
        key: Streamlit key of the component.
        height: height of the picture in CSS pixels.
        group: pictures and embeddings with the same group share the moment that is shown; "" for none.
    """
    _component(key=key, data=encode(scene, height=height, group=group))
