"""A loss over the square of two numbers, as a picture that one can point at: colour, contours, boundary and forces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.components.envelope import pack, quantise
from cl_core.palette import BOUNDARY, HIGHEST, NEGATIVE, POSITIVE

WORDS: Mapping[str, str] = {
    "tools": "View",
    "layers": "What is drawn",
    "zoomIn": "Zoom in (+)",
    "zoomOut": "Zoom out (−)",
    "reset": "Whole plane (0)",
    "save": "Save as a picture",
    "arrows": "Forces",
    "contours": "Contours",
    "pairs": "Pairs",
    "violated": "violated",
    "satisfied": "satisfied",
    "hint": "Point at the plane to read it. Click to keep the place.",
    "kept": "kept",
    "released": "let go",
    "keys": "Arrow keys move the cross-hair, with shift ten times as far. Enter keeps the place, Escape lets it go. "
    "Plus and minus zoom, 0 shows the whole plane.",
}

CURVES = ("boundary", "guide", "neutral")
MARKS = ("target", "centre", "corner")


@dataclass(frozen=True, eq=False)
class Curve:
    """A line over the plane.

    Attributes:
        points: (k, 2) x and y along it; a row that is not finite breaks the line.
        role: "boundary" (thick: where the loss changes its mind), "guide" (thin and dashed: the whole circle, the
            diagonal) or "neutral" (thin and dotted).
        label: a few words written beside it, where there is room.
    """

    points: NDArray[np.floating[Any]]
    role: str = "boundary"
    label: str = ""


@dataclass(frozen=True)
class Mark:
    """A place on the plane: a "target" (where the forces lead), a "centre" or a "corner"."""

    x: float
    y: float
    role: str = "target"
    label: str = ""


@dataclass(frozen=True, eq=False)
class Field:
    """Everything the picture shows.

    Attributes:
        title: the name of the loss.
        axes: what the axes are called, x first.
        value: (ny, nx) the loss on a regular grid over both ranges, ends included; row 0 has the lowest y.
        force_x: (ny, nx) minus the derivative of the loss by x: where descent moves a pair.
        force_y: (ny, nx) the same by y.
        x_range: the lowest and the highest x.
        y_range: the lowest and the highest y.
        violated: (ny, nx) bool, on which side of the boundary a pair is; None where there is no boundary.
        curves: lines, the later above the earlier.
        marks: places.
        box: a region (x_low, x_high, y_low, y_high), drawn as an outline; None for none.
        box_label: a few words written beside it.
        points: (n, 2) real pairs, laid over the plane; None for none.
        point_violated: (n,) bool, which of them are still violated; None where that has no meaning.
        unit: of x and y: "" or "°".
        names: what the readout calls the loss, x and y.
        alt: the picture in words, for those who do not see it.
        words: the words on the controls, to be replaced for another language.
    """

    title: str
    axes: tuple[str, str]
    value: NDArray[np.floating[Any]]
    force_x: NDArray[np.floating[Any]]
    force_y: NDArray[np.floating[Any]]
    x_range: tuple[float, float] = (-1.0, 1.0)
    y_range: tuple[float, float] = (-1.0, 1.0)
    violated: NDArray[np.bool_] | None = None
    curves: Sequence[Curve] = ()
    marks: Sequence[Mark] = ()
    box: tuple[float, float, float, float] | None = None
    box_label: str = ""
    points: NDArray[np.floating[Any]] | None = None
    point_violated: NDArray[np.bool_] | None = None
    unit: str = ""
    names: tuple[str, str, str] = ("L", "sₙ", "sₚ")
    alt: str = ""
    words: Mapping[str, str] = field(default_factory=lambda: WORDS)


@dataclass(frozen=True)
class PlaneState:
    """The place that the viewer has kept, a node of the grid; both None while there is none."""

    x: float | None = None
    y: float | None = None


def encode(field: Field, *, height: int = 520, group: str = "", kept: PlaneState | None = None) -> bytes:
    """A field for the browser; equal fields give equal bytes.

    `kept` is the place that the viewer is known to have kept, for a picture that is mounted again.

    Raises ValueError, in words, for arrays that do not fit each other.
    """
    _check(field)
    points = np.zeros((0, 2)) if field.points is None else np.asarray(field.points)
    whole, scale = quantise(points)
    header = {
        "title": field.title,
        "axes": list(field.axes),
        "shape": list(np.shape(field.value)),
        "span": [float(v) for v in (*field.x_range, *field.y_range)],
        "curves": [{"role": c.role, "label": c.label, "count": len(c.points)} for c in field.curves],
        "marks": [{"x": float(m.x), "y": float(m.y), "role": m.role, "label": m.label} for m in field.marks],
        "box": None if field.box is None else [float(v) for v in field.box],
        "box_label": field.box_label,
        "scale": scale,
        "unit": field.unit,
        "names": list(field.names),
        "alt": field.alt,
        "palette": {"light": _colours("light"), "dark": _colours("dark")},
        "height": height,
        "group": group,
        "kept": None if kept is None or kept.x is None or kept.y is None else {"x": kept.x, "y": kept.y},
        "words": dict(field.words),
    }
    buffers: dict[str, NDArray[Any]] = {
        "value": np.asarray(field.value, np.float32),
        "force_x": np.asarray(field.force_x, np.float32),
        "force_y": np.asarray(field.force_y, np.float32),
        "curves": np.concatenate([np.zeros((0, 2), np.float32), *(np.asarray(c.points) for c in field.curves)]).astype(
            np.float32
        ),
        "points": whole,
    }
    if field.violated is not None:
        buffers["violated"] = np.asarray(field.violated, bool).astype(np.uint8)
    if field.point_violated is not None:
        buffers["point_violated"] = np.asarray(field.point_violated, bool).astype(np.uint8)
    return pack(header, buffers)


def decode(told: Any) -> PlaneState:
    """The place that the browser told."""
    match told:
        case {"x": int() | float() as x, "y": int() | float() as y}:
            return PlaneState(float(x), float(y))
    return PlaneState()


def _colours(paper: str) -> list[str]:
    """One colour for each part of the picture, in the order that `scene.js` knows."""
    return [getattr(palette, paper)[0] for palette in (POSITIVE, NEGATIVE, BOUNDARY, HIGHEST)]


def _check(field: Field) -> None:
    shape = np.shape(field.value)
    if len(shape) != 2 or min(shape) < 2:
        raise ValueError(f"value must be a grid (ny, nx) of at least 2 by 2 nodes, not {shape}")
    for name in ("force_x", "force_y", "violated"):
        array = getattr(field, name)
        if array is not None and np.shape(array) != shape:
            raise ValueError(f"{name} is {np.shape(array)}, but the grid of value is {shape}")
    for name in ("x_range", "y_range"):
        low, high = getattr(field, name)
        if not low < high:
            raise ValueError(f"{name} must go from low to high, not from {low} to {high}")
    for curve in field.curves:
        if np.ndim(curve.points) != 2 or np.shape(curve.points)[1] != 2:
            raise ValueError(f"a curve has points (k, 2), not {np.shape(curve.points)}")
        if curve.role not in CURVES:
            raise ValueError(f"a curve is one of {', '.join(CURVES)}, not {curve.role!r}")
    for mark in field.marks:
        if mark.role not in MARKS:
            raise ValueError(f"a mark is one of {', '.join(MARKS)}, not {mark.role!r}")
    _check_points(field)


def _check_points(field: Field) -> None:
    pairs = None if field.points is None else np.shape(field.points)
    if pairs is not None and (len(pairs) != 2 or pairs[1] != 2):
        raise ValueError(f"points must be (n, 2), not {pairs}")
    if field.point_violated is not None and (pairs is None or np.shape(field.point_violated) != pairs[:1]):
        raise ValueError(f"point_violated is {np.shape(field.point_violated)}, but points is {pairs}")
