"""Mount the component of what holds for the whole visit."""

from pathlib import Path

from cl_core.components.envelope import pack
from cl_core.components.mounting import register

_component = register(Path(__file__).parent)


def visit() -> None:
    """Let one thing that the visitor does have one entry in the browser's history; nothing can be seen of it."""
    _component(key="visit", data=pack({}, {}))
