"""The Streamlit half of the component."""

from collections.abc import Sequence
from pathlib import Path

from cl_core.components.mounting import no_op, register
from cl_core.components.timeline.message import encode

_component = register(Path(__file__).parent, "time.css")


def timeline(stream: str, steps: Sequence[int], *, key: str, group: str) -> int | None:
    """Show the slider; the step that the viewer looks at, None while they follow the newest.

    stream: names what is watched: a choice made in another one does not count. steps: of the frames so far, ascending.
    """
    result = _component(key=key, data=encode(stream, steps, group=group), on_step_change=no_op)
    match result.get("step"):
        case {"stream": told, "step": int(step)} if told == stream and step in steps:
            return step
    return None
