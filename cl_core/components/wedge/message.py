"""Message of the angle picture: for each angle between two class weights, the wedge in which the margin is met."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.components.envelope import pack
from cl_core.components.live import Live, live_buffers, live_header
from cl_core.palette import CLASS_RINGS, HUES

WORDS: Mapping[str, str] = {
    "hint": "Drag W₁ or W₂",
    "save": "Save as a picture",
    "saved": "{title}: two class weights",
    "one": "W₁",
    "two": "W₂",
    "between": "Θ, between W₁ and W₂",
    "wedge": "θ₁*, margin met up to",
    "margin": "margin Θ − 2θ₁*",
    "gap": "margin {n}",
    "away": "margin met",
    "bisector": "bisector: boundary of softmax and of all predictions",
    "never": "The margin cannot be met at this angle, not even by an embedding that points along its class weight.",
    "beyond": "Even along the class weight itself the margin is not met. It is met only at {from} to {to} from the "
    "other class weight.",
    "slider": "{name}: angle between the class weights",
    "value": "{between} between the class weights; margin met up to {wedge}; margin {margin}",
    "valueNever": "{between} between the class weights; the margin cannot be met, even along the class weight itself",
}

N_ANGLES = 181  # rows of the tables, for 0 to 180 whole degrees
CLASS_HUES = ("purple", "green")  # neither is the colour of positives or of negatives


@dataclass(frozen=True, eq=False)
class Wedge:
    """Content of the angle picture.

    Attributes:
        title: name of the loss.
        table: (181,) theta_1* in degrees for class weights at 0..180 degrees to each other: how far from its own class
            weight an embedding may turn towards the other one with its margin met; NaN where the margin is not even met
            on the class weight itself.
        between: initial angle between the class weights, 0..180 whole degrees.
        alt: text alternative of the picture.
        words: texts that replace those of `WORDS` key by key, for another language.
        away: (181, 2) range of the angles, in degrees, by which an embedding may turn away from the other class weight
            with its margin met, or NaN; None draws none.
        live: what lets it follow the page's sliders, with the outputs `table` and `away`; None where it changes with
            Python's messages alone.
    """

    title: str
    table: NDArray[np.floating[Any]]
    between: int = 60
    alt: str = ""
    words: Mapping[str, str] = field(default_factory=lambda: WORDS)
    away: NDArray[np.floating[Any]] | None = None
    live: Live | None = None


@dataclass(frozen=True)
class WedgeState:
    """The viewer's choice.

    Attributes:
        between: angle between the class weights in whole degrees.
    """

    between: int


def encode(picture: Wedge, *, height: int = 420, group: str = "", between: int | None = None) -> bytes:
    """Encode an angle picture as a message for the browser.

    Args:
        picture: what to show.
        height: height of the picture with its numbers, in CSS pixels.
        group: name of the group of pictures that share their angle; "" for none.
        between: angle that the viewer has chosen, to be restored when the picture is mounted again; None for the
            initial one.

    Returns:
        The message, to be read by `envelope.unpack`; equal arguments give equal bytes.

    Raises:
        ValueError: when a table does not have one row for each of 0..180 degrees, or the initial angle is not in that
            range.
    """
    _check(picture)
    away = np.full((N_ANGLES, 2), np.nan) if picture.away is None else np.asarray(picture.away)
    header = {
        "title": picture.title,
        "table": _numbers(np.asarray(picture.table)),
        "away": [_numbers(away[:, 0]), _numbers(away[:, 1])],
        "between": int(picture.between if between is None else between),
        "alt": picture.alt,
        "palette": {"light": _colours(CLASS_RINGS.light), "dark": _colours(CLASS_RINGS.dark)},
        "height": height,
        "group": group,
        "words": {**WORDS, **picture.words},
        "live": live_header(picture.live),
    }
    return pack(header, live_buffers(picture.live))


def decode(reported: Any) -> int | None:
    """Return the angle that the browser reported.

    Args:
        reported: untrusted value: a number of degrees.

    Returns:
        The angle in whole degrees; None if the value is not a number in 0..180.
    """
    match reported:
        case int() | float() if 0 <= reported < N_ANGLES:
            return int(reported)
    return None


def _numbers(column: NDArray[np.floating[Any]]) -> list[float | None]:
    """Return values for JSON: rounded to nine decimals, None (null) where they are not finite."""
    return [round(float(x), 9) if np.isfinite(x) else None for x in column]


def _check(picture: Wedge) -> None:
    """Raise ValueError when a table or the initial angle is malformed."""
    if np.shape(picture.table) != (N_ANGLES,):
        raise ValueError(f"table must have one angle for each of 0..180 degrees, not {np.shape(picture.table)}")
    if picture.away is not None and np.shape(picture.away) != (N_ANGLES, 2):
        raise ValueError(f"away must have two angles for each of 0..180 degrees, not {np.shape(picture.away)}")
    if not 0 <= picture.between < N_ANGLES:
        raise ValueError(f"between must be 0..180 degrees, not {picture.between}")


def _colours(rings: Sequence[str]) -> list[str]:
    hues = list(HUES)
    return [rings[hues.index(name)] for name in CLASS_HUES]
