"""Mount the time slider in Streamlit."""

from collections.abc import Sequence
from pathlib import Path

from cl_core.components.mounting import no_op, register
from cl_core.components.timeline.message import encode

_component = register(Path(__file__).parent, "legend.css", "time.css")


def timeline(stream: str, steps: Sequence[int], classes: Sequence[str], *, key: str, group: str) -> int | None:
    """Show the slider and return the training step that the viewer looks at.

    Args:
        stream: name of what is shown; a choice that was made in another stream is ignored.
        steps: training steps of the frames so far, ascending.
        classes: names of the classes, for the legend of all pictures.
        key: Streamlit key of the component.
        group: name of the group of pictures that the slider moves.

    Returns:
        The step; None while the pictures follow the newest frame.
    """
    result = _component(key=key, data=encode(stream, steps, classes, group=group), on_step_change=no_op)
    match result.get("step"):
        case {"stream": reported_stream, "step": int(step)} if reported_stream == stream and step in steps:
            return step
    return None
