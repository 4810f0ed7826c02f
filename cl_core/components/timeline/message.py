"""Message of the time slider: the steps of the frames that it goes through."""

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
    """Encode the steps of the frames as a message for the browser.

    Args:
        stream: name of what is shown; with a new name the slider follows the newest frame again.
        steps: training steps of the frames, ascending.
        group: name of the group of pictures that the slider moves.

    Returns:
        The message, to be read by `envelope.unpack`; equal arguments give equal bytes.
    """
    return pack({"stream": stream, "steps": [int(step) for step in steps], "group": group, "words": dict(WORDS)}, {})
