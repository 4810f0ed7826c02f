"""Message of the picture of points: points with their classes, class weights, and the margin of the loss."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from cl_core.analysis.point_scene import MAX_CLASSES, MAX_POINTS
from cl_core.analysis.retrieval import MEASURES
from cl_core.components.envelope import pack
from cl_core.palette import CLASS_RINGS, HUES, NEGATIVE, POSITIVE

WORDS: Mapping[str, str] = {
    "title": "Drag a point or a class weight",
    "keys": "Arrow keys move the point by 0.05, with shift by 0.01.",
    "weightKeys": "Arrow keys turn the class weight by 1 degree, with shift by 10.",
    "meet": "Move all points to where the margin is met",
    "save": "Save as a picture",
    "saved": "Points and regions of {loss}",
    "point": "z{n}",
    "weight": "W{n}",
    "pointName": "point z{n} of class {c}",
    "weightName": "class weight W{n}",
    "class": "class {c}",
    "region": "region of the class",
    "margin": "margin met",
    "boundary": "decision boundary",
    "right": "nearest neighbour, of the same class",
    "wrong": "nearest neighbour, of another class",
    "classified": "classified correctly",
    "retrieved": "nearest neighbour correct",
    "met": "margin met",
    "of": "{k} of {n}",
    "headPoint": "point",
    "headClass": "class",
    "headClassified": "classified",
    "headNearest": "nearest",
    "headMet": "margin",
    "yes": "✓",
    "no": "✗",
    "sayYes": "correct",
    "sayNo": "wrong",
    "cosines": "cosines above the diagonal, distances below",
    "sayWrong": "{names}: classified correctly, but the nearest neighbour is of another class.",
    "sayAlone": "{names} has no other point of its class.",
    "sayRight": "Every nearest neighbour is of the point's class.",
    "sayUnclassified": "Not every point is on the side of its class.",
    "sayCertain": "A region spans up to {widest}, and two regions are at least {gap} apart: by cosine, the nearest "
    "neighbour is correct wherever the points are in their regions.",
    "sayUncertain": "A region spans up to {widest}, but two regions are only {gap} apart: a point in its region can "
    "still have a nearest neighbour of another class.",
    "sayNever": "Between these class weights the margin cannot be met for every class.",
    "spokenPoint": "x {x}, y {y}; {classified}; nearest {nearest}, {retrieved}",
    "spokenWeight": "{degrees}°",
}

MAX_COORDINATE = 1.25  # largest |x| and |y| of a point
CLASS_HUES = (
    "purple",
    "green",
    "orange",
)  # tell apart from the colours of positives and of negatives, and of each other

Point = tuple[float, float]


@dataclass(frozen=True)
class PointsState:
    """What can be dragged.

    Attributes:
        points: x and y of each point.
        weights: direction of each class weight, in whole degrees counterclockwise from the right.
    """

    points: tuple[Point, ...]
    weights: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Points:
    """Content of the picture of points.

    Attributes:
        stream: name of the scene. With a new name points and class weights start as given here; else they stay where
            the viewer has dragged them.
        initial: points, up to `MAX_COORDINATE`, and class weights at first.
        labels: class of each point, an index of a class weight.
        loss: title of the loss.
        margin: of the loss, as the page's slider has it; None for softmax, which has none.
        measure: one of `retrieval.MEASURES`, by which a neighbour is nearest.
        slider: Streamlit's key of the slider of the margin, which is followed as it moves.
        alt: text alternative of the picture.
        words: texts that replace those of `WORDS` key by key, for another language.
    """

    stream: str
    initial: PointsState
    labels: Sequence[int]
    loss: str
    margin: float | None
    measure: str
    slider: str = ""
    alt: str = ""
    words: Mapping[str, str] = field(default_factory=lambda: WORDS)


def encode(scene: Points, *, height: int = 510, state: PointsState | None = None) -> bytes:
    """Encode a scene as a message for the browser.

    Args:
        scene: what to show.
        height: height of the picture in CSS pixels.
        state: where points and class weights are, to be restored when the picture is mounted again; None for the
            initial ones.

    Returns:
        The message, to be read by `envelope.unpack`; equal arguments give equal bytes.

    Raises:
        ValueError: when the numbers of points, labels or class weights do not fit, one is out of range, the margin is
            negative or not finite, or the measure is unknown.
    """
    _check(scene)
    current = scene.initial if state is None else state
    header = {
        "stream": scene.stream,
        "points": [list(point) for point in current.points],
        "weights": list(current.weights),
        "labels": [int(label) for label in scene.labels],
        "loss": scene.loss,
        "margin": scene.margin,
        "measure": scene.measure,
        "slider": scene.slider,
        "span": MAX_COORDINATE,
        "alt": scene.alt,
        "height": height,
        "palette": {
            paper: [*_colours(getattr(CLASS_RINGS, paper)), getattr(POSITIVE, paper)[0], getattr(NEGATIVE, paper)[0]]
            for paper in ("light", "dark")
        },
        "words": {**WORDS, **scene.words},
    }
    return pack(header, {})


def decode(reported: Any, scene: Points) -> PointsState | None:
    """Return what the browser reported.

    Args:
        reported: untrusted value: a mapping with "stream", "points" and "weights".
        scene: the scene on the page.

    Returns:
        Points and class weights; None if the value is malformed, of another stream, or out of range.
    """
    match reported:
        case {"stream": scene.stream, "points": [*points], "weights": [*weights]}:
            fits = len(points) == len(scene.initial.points) and len(weights) == len(scene.initial.weights)
            if fits and all(map(_is_point, points)) and all(map(_is_direction, weights)):
                placed = tuple((float(x), float(y)) for x, y in points)
                return PointsState(placed, tuple(int(weight) for weight in weights))
    return None


def _is_point(point: Any) -> bool:
    """Return whether it is a pair of finite numbers up to `MAX_COORDINATE`."""
    if not isinstance(point, Sequence) or isinstance(point, str) or len(point) != 2:
        return False
    return all(isinstance(x, int | float) and isfinite(x) and abs(x) <= MAX_COORDINATE for x in point)


def _is_direction(degrees: Any) -> bool:
    return isinstance(degrees, int | float) and 0 <= degrees < 360


def _colours(rings: Sequence[str]) -> list[str]:
    hues = list(HUES)
    return [rings[hues.index(name)] for name in CLASS_HUES]


def _check(scene: Points) -> None:
    """Raise ValueError when a scene cannot be drawn or measured."""
    points, weights = scene.initial.points, scene.initial.weights
    if not 2 <= len(points) <= MAX_POINTS or len(points) != len(scene.labels):
        raise ValueError(f"there must be 2 to {MAX_POINTS} points, each with a label, not {len(points)}")
    if not 2 <= len(weights) <= MAX_CLASSES or not all(0 <= label < len(weights) for label in scene.labels):
        raise ValueError(f"there must be 2 to {MAX_CLASSES} class weights, and labels of these, not {len(weights)}")
    for point in points:
        if not _is_point(point):
            raise ValueError(f"a point must be a pair of finite numbers within {MAX_COORDINATE} of 0, not {point}")
    if not all(map(_is_direction, weights)):
        raise ValueError(f"class weights must be 0 to 359 degrees, not {weights}")
    if scene.margin is not None and not (isfinite(scene.margin) and scene.margin >= 0):
        raise ValueError(f"margin must be a finite number of 0 or more, not {scene.margin}")
    if scene.measure not in MEASURES:
        raise ValueError(f"measure must be one of {', '.join(MEASURES)}, not {scene.measure!r}")
