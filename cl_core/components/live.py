"""What lets a picture follow the page's sliders: a program that computes it in the browser."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Live:
    """A program with the sliders that are its inputs.

    Attributes:
        engine: URL of the engine.
        program: file of the program, as from `Program.to_bytes`; the component says what its outputs are.
        sliders: input of the program -> key of its slider in Streamlit.
        values: numbers of all inputs that are single numbers.
        arrays: those of the others, of types that `envelope.pack` takes.
    """

    engine: str
    program: bytes
    sliders: Mapping[str, str]
    values: Mapping[str, float]
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def live_header(live: Live | None) -> dict[str, Any] | None:
    """Return what the header of a message says of a live picture; the program itself is a buffer."""
    if live is None:
        return None
    return {
        "engine": live.engine,
        "sliders": dict(live.sliders),
        "values": {name: float(value) for name, value in live.values.items()},
    }


def live_buffers(live: Live | None) -> dict[str, NDArray[Any] | bytes]:
    """Return the buffers of a message of a live picture."""
    if live is None:
        return {}
    return {"program": live.program, **{f"live_{name}": array for name, array in live.arrays.items()}}
