"""Message of the plane picture: a loss on a grid over two numbers, with curves, marks and real pairs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.components.envelope import pack, quantise
from cl_core.components.live import Live, live_buffers, live_header
from cl_core.palette import BOUNDARY, HIGHEST_LOSS, NEGATIVE, POSITIVE

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
    "hint": "Hover for values; click to pin.",
    "kept": "pinned",
    "released": "unpinned",
    "keys": "Arrow keys move the cross-hair, with shift ten times as far. Enter pins the place, Escape unpins it. "
    "Plus and minus zoom, 0 shows the whole plane.",
}

CURVE_ROLES = ("boundary", "guide", "neutral", "weight")
MARK_ROLES = ("target", "centre", "corner")


@dataclass(frozen=True, eq=False)
class Curve:
    """A line over the plane.

    Attributes:
        points: (k, 2) x and y along it; a row that is not finite interrupts the line.
        role: "boundary" (thick: the decision boundary), "guide" (thin and dashed, such as the whole circle or the
            diagonal), "neutral" (thin and dotted) or "weight" (the filled outline of weights along an edge).
        label: short text beside it, shown where there is room.
        name: output of the program that computes it as a slider moves; "" for none.
        moving: text beside it meanwhile, without numbers; the same as `label` if empty.
    """

    points: NDArray[np.floating[Any]]
    role: str = "boundary"
    label: str = ""
    name: str = ""
    moving: str = ""


@dataclass(frozen=True)
class Mark:
    """A marked point of the plane.

    Attributes:
        x: position along x.
        y: position along y.
        role: "target" (where the forces lead), "centre" or "corner".
        label: short text beside it.
        name: output of the program that computes its place as a slider moves; "" for none.
    """

    x: float
    y: float
    role: str = "target"
    label: str = ""
    name: str = ""


@dataclass(frozen=True, eq=False)
class Field:
    """Content of the plane picture.

    Attributes:
        title: name of the loss.
        axes: names of the axes, x first.
        value: (ny, nx) loss on a regular grid over both ranges, ends included; row 0 has the lowest y.
        force_x: (ny, nx) minus the derivative of the loss by x: where descent moves a pair.
        force_y: (ny, nx) minus the derivative by y.
        x_range: lowest and highest x.
        y_range: lowest and highest y.
        violated: (ny, nx) bool, whether a pair is on the violated side of the boundary; None where there is no
            boundary.
        curves: lines, later ones drawn above earlier ones.
        marks: marked points.
        box: region (x_low, x_high, y_low, y_high), drawn as an outline; None for none.
        box_label: short text beside the box.
        points: (n, 2) real pairs, drawn over the plane; None for none.
        point_violated: (n,) bool, which of them are violated; None where there is no boundary.
        unit: unit of x and y: "" or "°".
        names: symbols of the loss, x and y in the readout.
        weights: (nx,) weights of the pair of x and (ny,) of the pair of y, for the readout; None for none.
        weight_names: their symbols in the readout.
        alt: text alternative of the picture.
        words: texts on the controls: `WORDS`, or all of them in another language.
        live: what lets it follow the page's sliders; None where it changes with Python's messages alone. Its program's
            outputs are `value`, `force_x`, `force_y` and `violated`, those that curves and marks name, `box`,
            `weight_x` and `weight_y`, as far as the picture has them.
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
    weights: tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]] | None = None
    weight_names: tuple[str, str] = ("αₙ", "αₚ")
    alt: str = ""
    words: Mapping[str, str] = field(default_factory=lambda: WORDS)
    live: Live | None = None


@dataclass(frozen=True)
class PlaneState:
    """The point that the viewer has pinned.

    Attributes:
        x: position along x, that of a node of the grid; None while none is pinned.
        y: position along y.
    """

    x: float | None = None
    y: float | None = None


def encode(field: Field, *, height: int = 520, group: str = "", kept: PlaneState | None = None) -> bytes:
    """Encode a field as a message for the browser.

    Args:
        field: what to show.
        height: greatest height of the picture with its controls, in CSS pixels.
        group: name of the group of planes that share their cross-hair; "" for none.
        kept: pinned point, to be restored when the picture is mounted again.

    Returns:
        The message, to be read by `envelope.unpack`; equal arguments give equal bytes. Real pairs are quantised to 16
        bits.

    Raises:
        ValueError: when the shapes of two arrays do not fit, a range is empty, or a curve or a mark has an unknown
            role.
    """
    _check(field)
    points = np.zeros((0, 2)) if field.points is None else np.asarray(field.points)
    codes, scale = quantise(points)
    header = {
        "title": field.title,
        "axes": list(field.axes),
        "shape": list(np.shape(field.value)),
        "span": [float(v) for v in (*field.x_range, *field.y_range)],
        "curves": [
            {"role": c.role, "label": c.label, "moving": c.moving or c.label, "count": len(c.points), "name": c.name}
            for c in field.curves
        ],
        "marks": [
            {"x": float(m.x), "y": float(m.y), "role": m.role, "label": m.label, "name": m.name} for m in field.marks
        ],
        "box": None if field.box is None else [float(v) for v in field.box],
        "box_label": field.box_label,
        "scale": scale,
        "unit": field.unit,
        "names": list(field.names),
        "weight_names": list(field.weight_names),
        "alt": field.alt,
        "palette": {"light": _colours("light"), "dark": _colours("dark")},
        "height": height,
        "group": group,
        "kept": None if kept is None or kept.x is None or kept.y is None else {"x": kept.x, "y": kept.y},
        "words": dict(field.words),
        "live": live_header(field.live),
    }
    buffers: dict[str, NDArray[Any] | bytes] = {
        "value": np.asarray(field.value, np.float32),
        "force_x": np.asarray(field.force_x, np.float32),
        "force_y": np.asarray(field.force_y, np.float32),
        "curves": np.concatenate([np.zeros((0, 2), np.float32), *(np.asarray(c.points) for c in field.curves)]).astype(
            np.float32
        ),
        "points": codes,
    }
    buffers |= live_buffers(field.live)
    if field.weights is not None:
        buffers["weight_x"], buffers["weight_y"] = (np.asarray(each, np.float32) for each in field.weights)
    if field.violated is not None:
        buffers["violated"] = np.asarray(field.violated, bool).astype(np.uint8)
    if field.point_violated is not None:
        buffers["point_violated"] = np.asarray(field.point_violated, bool).astype(np.uint8)
    return pack(header, buffers)


def decode(reported: Any) -> PlaneState:
    """Return the pinned point that the browser reported.

    Args:
        reported: untrusted value: a mapping with the numbers "x" and "y".

    Returns:
        The point; an empty state if none is pinned or the value is malformed.
    """
    match reported:
        case {"x": int() | float() as x, "y": int() | float() as y}:
            return PlaneState(float(x), float(y))
    return PlaneState()


def _colours(paper: str) -> list[str]:
    """Return one colour for each part of the picture, in the order that `scene.js` expects."""
    return [getattr(palette, paper)[0] for palette in (POSITIVE, NEGATIVE, BOUNDARY, HIGHEST_LOSS)]


def _check(field: Field) -> None:
    """Raise ValueError when the parts of a field do not fit each other."""
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
    if field.weights is not None and tuple(map(np.shape, field.weights)) != ((shape[1],), (shape[0],)):
        raise ValueError(f"weights must be (nx,) and (ny,), not {tuple(map(np.shape, field.weights))}")
    for curve in field.curves:
        if np.ndim(curve.points) != 2 or np.shape(curve.points)[1] != 2:
            raise ValueError(f"a curve has points (k, 2), not {np.shape(curve.points)}")
        if curve.role not in CURVE_ROLES:
            raise ValueError(f"a curve is one of {', '.join(CURVE_ROLES)}, not {curve.role!r}")
    for mark in field.marks:
        if mark.role not in MARK_ROLES:
            raise ValueError(f"a mark is one of {', '.join(MARK_ROLES)}, not {mark.role!r}")
    _check_points(field)


def _check_points(field: Field) -> None:
    shape = None if field.points is None else np.shape(field.points)
    if shape is not None and (len(shape) != 2 or shape[1] != 2):
        raise ValueError(f"points must be (n, 2), not {shape}")
    if field.point_violated is not None and (shape is None or np.shape(field.point_violated) != shape[:1]):
        raise ValueError(f"point_violated is {np.shape(field.point_violated)}, but points is {shape}")
