"""One time slider for all pictures of a group: through the steps of runs that are watched side by side."""

from collections.abc import Mapping, Sequence

from cl_core.components.envelope import pack

WORDS: Mapping[str, str] = {
    "readout": "step {step} · frame {frame} of {frames}",
    "time": "Time, of all pictures",
    "scrubber": "Frame",
    "play": "Replay",
    "live": "Live",
}


def encode(stream: str, steps: Sequence[int], *, group: str) -> bytes:
    """The frames' steps, ascending, for the browser; equal ones give equal bytes."""
    return pack({"stream": stream, "steps": [int(step) for step in steps], "group": group, "words": dict(WORDS)}, {})
