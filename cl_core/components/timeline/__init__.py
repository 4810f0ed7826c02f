"""One time slider for all pictures of a group: through the steps of runs that are watched side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from cl_core.components.envelope import pack
from cl_core.components.modules import ignore, registered

WORDS: Mapping[str, str] = {
    "readout": "step {step} · frame {frame} of {frames}",
    "time": "Time, of all pictures",
    "scrubber": "Frame",
    "play": "Replay",
    "live": "Live",
}


def message(stream: str, steps: Sequence[int], *, group: str) -> bytes:
    """The frames' steps, ascending, for the browser; equal ones give equal bytes."""
    return pack({"stream": stream, "steps": [int(step) for step in steps], "group": group, "words": dict(WORDS)}, {})


def timeline(stream: str, steps: Sequence[int], *, key: str, group: str) -> int | None:
    """Show the slider; the step that the viewer looks at, None while they follow the newest.

    stream: names what is watched: a choice made in another one does not count. steps: of the frames so far, ascending.
    """
    result = _component(key=key, data=message(stream, steps, group=group), on_step_change=ignore)
    match result.get("step"):
        case {"stream": told, "step": int(step)} if told == stream and step in steps:
            return step
    return None


_component = registered(Path(__file__).parent, "time.css")
