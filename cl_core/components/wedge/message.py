"""Two class weights at an angle that one can drag, and how far around each a loss is content: the angle picture."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.components.envelope import pack
from cl_core.palette import CLASS_COLOURS

WORDS: Mapping[str, str] = {
    "hint": "Drag W₁ or W₂",
    "save": "Save as a picture",
    "saved": "{title}: two class weights",
    "one": "W₁",
    "two": "W₂",
    "between": "Θ, between W₁ and W₂",
    "wedge": "θ₁*, content up to",
    "margin": "margin Θ − 2θ₁*",
    "gap": "margin {n}",
    "away": "content too",
    "bisector": "bisector: softmax, and every prediction, decides here",
    "never": "Cannot be met at this angle: not even the class weight itself is content.",
    "beyond": "Not even the class weight is content, only what is turned {from} to {to} away from the other.",
    "slider": "{name}: angle between the class weights",
    "value": "{between} between the class weights; content up to {wedge}; margin {margin}",
    "valueNever": "{between} between the class weights; not even the class weight itself is content",
}

DEGREES = 181  # angles that the table knows: 0 to 180
CLASSES = (3, 5)  # of CLASS_COLOURS: far apart on either paper, and neither is a positive's nor a negative's colour


@dataclass(frozen=True, eq=False)
class Wedge:
    """Everything the picture shows.

    Attributes:
        title: the name of the loss.
        table: (181,) theta_1* in degrees for class weights at 0..180 degrees to each other: how far from its own class
            weight an embedding may turn towards the other one; NaN where not even the class weight itself is content.
        between: the angle that the picture starts with, 0..180 whole degrees.
        alt: the picture in words, for those who do not see it.
        words: the words on it, to be replaced for another language.
        away: (181, 2) from and to how many degrees it may turn away from the other one, or NaN; None: not drawn.
    """

    title: str
    table: NDArray[np.floating[Any]]
    between: int = 60
    alt: str = ""
    words: Mapping[str, str] = field(default_factory=lambda: WORDS)
    away: NDArray[np.floating[Any]] | None = None


@dataclass(frozen=True)
class WedgeState:
    """The angle between the class weights where the viewer has left it, in whole degrees."""

    between: int


def encode(picture: Wedge, *, height: int = 420, group: str = "", between: int | None = None) -> bytes:
    """A picture for the browser; equal pictures give equal bytes.

    `between` is the angle that the viewer is known to have chosen, for a picture that is mounted again.

    Raises ValueError, in words, for tables of another size and for an angle that is not in them.
    """
    _check(picture)
    away = np.full((DEGREES, 2), np.nan) if picture.away is None else np.asarray(picture.away)
    header = {
        "title": picture.title,
        "table": _numbers(np.asarray(picture.table)),
        "away": [_numbers(away[:, 0]), _numbers(away[:, 1])],
        "between": int(picture.between if between is None else between),
        "alt": picture.alt,
        "palette": {paper: [getattr(CLASS_COLOURS, paper)[i] for i in CLASSES] for paper in ("light", "dark")},
        "height": height,
        "group": group,
        "words": {**WORDS, **picture.words},
    }
    return pack(header, {})


def decode(told: Any) -> int | None:
    """The angle that the browser told."""
    match told:
        case int() | float() if 0 <= told < DEGREES:
            return int(told)
    return None


def _numbers(column: NDArray[np.floating[Any]]) -> list[float | None]:
    """What JSON can hold: nine digits behind the point, null for what is not finite."""
    return [round(float(x), 9) if np.isfinite(x) else None for x in column]


def _check(picture: Wedge) -> None:
    if np.shape(picture.table) != (DEGREES,):
        raise ValueError(f"table must have one angle for each of 0..180 degrees, not {np.shape(picture.table)}")
    if picture.away is not None and np.shape(picture.away) != (DEGREES, 2):
        raise ValueError(f"away must have two angles for each of 0..180 degrees, not {np.shape(picture.away)}")
    if not 0 <= picture.between < DEGREES:
        raise ValueError(f"between must be 0..180 degrees, not {picture.between}")
