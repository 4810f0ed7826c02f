"""Message of the time slider: the steps of the frames that it goes through, and the legend of the classes."""

from collections.abc import Mapping, Sequence

from cl_core.components.envelope import pack
from cl_core.palette import CLASS_COLOURS

WORDS: Mapping[str, str] = {
    "readout": "step {step} · frame {frame} of {frames}",
    "time": "Step of all pictures",
    "scrubber": "Frame",
    "play": "Replay",
    "live": "Live",
    "legend": "Classes: press to show one alone",
}


def encode(stream: str, steps: Sequence[int], classes: Sequence[str], *, group: str) -> bytes:
    """Encode the steps of the frames as a message for the browser.

    Args:
        stream: name of what is shown; with a new name the slider follows the newest frame again.
        steps: training steps of the frames, ascending.
        classes: names of the classes.
        group: name of the group of pictures that the slider moves.

    Returns:
        The message, to be read by `envelope.unpack`; equal arguments give equal bytes.
    """
    header = {
        "stream": stream,
        "steps": [int(step) for step in steps],
        "class_names": list(classes),
        "palette": CLASS_COLOURS._asdict(),
        "group": group,
        "words": dict(WORDS),
    }
    return pack(header, {})
