"""Message of the triplet picture: draggable points, the margin and the distance that classifies their triplets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from math import hypot, isfinite
from typing import Any

import torch

from cl_core.analysis.triplet_scene import MAX_NEGATIVES, OTHER, largest_distance, triplet_scene
from cl_core.components.envelope import pack
from cl_core.components.live import Live, live_buffers, live_header
from cl_core.losses.miners import KINDS
from cl_core.losses.triplet import DISTANCES, SYMBOLS
from cl_core.palette import EASY, HARD, KIND_SYMBOLS, POSITIVE, SEMIHARD

WORDS: Mapping[str, str] = {
    "scene": "Drag any point",
    "plane": "The same negatives, by distance",
    "arrows": "Arrows: where gradient descent moves each point (minus the gradient of the mean over all triplets "
    "with a loss)",
    "keys": "Arrow keys move the point by 0.05, with shift by 0.01.",
    "planeKeys": "Up and down change the distance by 0.05, with shift by 0.01; left and right choose the negative.",
    "descent": "Gradient descent",
    "stepDown": "Gradient step",
    "playDown": "Play",
    "undoSteps": "Undo steps",
    "unmoved": "Each step moves every point by {rate} times its arrow.",
    "oneStep": "1 step",
    "manySteps": "{steps} steps",
    "changes": "After {steps}: loss {lossBefore} → {loss}, {ap} {apBefore} → {apNow}{kinds}",
    "changedKind": ", {name} {before} → {now}",
    "save": "Save as a picture",
    "saved": "Triplets by {delta}, margin m = {margin}",
    "anchor": "anchor a",
    "positive": "positive p",
    "negative": "negative {name}",
    "easy": "easy",
    "semihard": "semi-hard",
    "hard": "hard",
    "near": "δₐₚ",
    "far": "δₐₚ + m",
    "other": "margin on {delta}",
    "nearLine": "δₐₙ = δₐₚ",
    "farLine": "δₐₙ = δₐₚ + m",
    "margin": "margin m",
    "easyFrom": "easy from",
    "loss": "loss",
    "mean": "loss, mean of {active}",
    "place": "x {x}, y {y}",
    "point": "{kind}, {an} {distance}, loss {loss}; {place}",
    "sayHard": "{name} is hard: nearer than the positive ({an} < {ap}). It is pushed away.",
    "sayHardTie": "{name} is hard: exactly as far as the positive ({an} = {ap}), and a tie counts as hard. It is "
    "pushed away.",
    "sayHardIdle": "{name} is exactly as far as the positive ({an} = {ap}), and a tie counts as hard. With a margin of "
    "0 it has no loss.",
    "saySemihard": "{name} is semi-hard: farther than the positive ({an} > {ap}), but not by the margin ({an} < "
    "{edge}). It is pushed away.",
    "sayEasy": "{name} is easy: farther than the positive by more than the margin ({an} > {edge}). It has no loss and "
    "no force.",
    "sayEasyTie": "{name} is easy: farther by exactly the margin ({an} = {edge}), and such a tie counts as easy. It "
    "has no loss and no force.",
    "stuck": "At this exact point, however, its gradient is 0, so it does not move.",
    "never": "No negative can be easy here: on the circle {delta} is at most {most}, and easy begins at {edge}.",
}

MAX_COORDINATE = 1.25  # largest |x| and |y| of a point

Point = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Triplets:
    """Content of the triplet picture.

    Attributes:
        stream: name of the scene. With a new name the points start at the positions given here; else they stay where
            the viewer has dragged them.
        anchor: initial position of the anchor, x and y up to `MAX_COORDINATE`.
        positive: initial position of the positive.
        negatives: initial positions of the 1 to 6 negatives.
        margin: margin m, in units of the distance.
        distance: "sqeuclidean", "euclidean", or on the circle also "cosine" (1 - s).
        circle: whether the points lie on the unit circle and only move along it; initial positions are projected to it
            from the origin.
        alt: text alternative of the picture.
        words: texts that replace those of `WORDS` key by key, for another language.
        live: what lets it follow dragged points and the page's sliders, with the inputs and outputs of
            `programs.triplets`; None where it changes with Python's messages alone.
    """

    stream: str
    anchor: Point
    positive: Point
    negatives: Sequence[Point]
    margin: float
    distance: str
    circle: bool
    alt: str = ""
    words: Mapping[str, str] = field(default_factory=lambda: WORDS)
    live: Live | None = None


@dataclass(frozen=True)
class TripletState:
    """Positions of the points, as the viewer has dragged them.

    Attributes:
        anchor: position of the anchor.
        positive: position of the positive.
        negatives: positions of the negatives.
        selected: index of the selected negative.
    """

    anchor: Point
    positive: Point
    negatives: tuple[Point, ...]
    selected: int = 0


def encode(scene: Triplets, *, height: int = 580, state: TripletState | None = None) -> bytes:
    """Encode a scene as a message for the browser.

    Args:
        scene: what to show.
        height: height of the picture in CSS pixels.
        state: positions of the points, to be restored when the picture is mounted again; None for the initial ones.

    Returns:
        The message, to be read by `envelope.unpack`; equal arguments give equal bytes.

    Raises:
        ValueError: when there are no or too many negatives, a point lies outside `MAX_COORDINATE`, the margin is
            negative or not finite, or the distance is unknown or does not fit the space.
    """
    _check(scene)
    current = initial_state(scene) if state is None else state
    points = [list(point) for point in (current.anchor, current.positive, *current.negatives)]
    header = {
        "stream": scene.stream,
        "points": points,
        "selected": current.selected,
        "measured": _measured(points, scene),
        "kinds": list(KINDS),
        "span": MAX_COORDINATE,
        "distance": scene.distance,
        "letter": SYMBOLS[scene.distance],
        "otherLetter": SYMBOLS[OTHER[scene.distance]],
        "most": largest_distance(scene.distance),
        "circle": bool(scene.circle),
        "alt": scene.alt,
        "height": height,
        "marks": dict(KIND_SYMBOLS),
        "palette": {paper: [EASY, SEMIHARD, HARD, getattr(POSITIVE, paper)[0]] for paper in ("light", "dark")},
        "words": {**WORDS, **scene.words},
        "live": live_header(scene.live),
    }
    return pack(header, live_buffers(scene.live))


def initial_state(scene: Triplets) -> TripletState:
    """Return the initial positions of a scene's points, projected to the unit circle if it is the scene's space.

    Args:
        scene: the scene.

    Returns:
        The positions, with the first negative selected.
    """
    project = _on_circle if scene.circle else _in_plane
    return TripletState(
        project(scene.anchor), project(scene.positive), tuple(project(point) for point in scene.negatives)
    )


def decode(reported: Any, scene: Triplets) -> TripletState | None:
    """Return the positions that the browser reported.

    Args:
        reported: untrusted value: a mapping with "stream", "points" (anchor, positive, negatives) and "selected".
        scene: the scene on the page.

    Returns:
        The positions; None if the value is malformed, of another stream or has a point outside `MAX_COORDINATE`.
    """
    count = len(scene.negatives)
    match reported:
        case {"stream": scene.stream, "points": [*points], "selected": int(selected)} if 0 <= selected < count:
            if len(points) == count + 2 and all(_is_point(point) for point in points):
                project = _on_circle if scene.circle else _in_plane
                anchor, positive, *negatives = (project(point) for point in points)
                return TripletState(anchor, positive, tuple(negatives), int(selected))
    return None


def _measured(points: Sequence[Sequence[float]], scene: Triplets) -> dict[str, list[float]]:
    """Return the fields of a `TripletScene` as flat lists, as the browser's program gives them."""
    places = torch.tensor(points, dtype=torch.float64)
    measured = triplet_scene(places, float(scene.margin), scene.distance, circle=scene.circle)
    return {each.name: getattr(measured, each.name).flatten().tolist() for each in fields(measured)}


def _is_point(point: Any) -> bool:
    """Return whether it is a pair of finite numbers up to `MAX_COORDINATE`."""
    if not isinstance(point, Sequence) or isinstance(point, str) or len(point) != 2:
        return False
    return all(isinstance(x, int | float) and isfinite(x) and abs(x) <= MAX_COORDINATE for x in point)


def _in_plane(point: Sequence[float]) -> Point:
    return float(point[0]), float(point[1])


def _on_circle(point: Sequence[float]) -> Point:
    """Project a point to the unit circle from the origin; the origin itself goes to (1, 0)."""
    length = hypot(*point)
    return (point[0] / length, point[1] / length) if length > 0 else (1.0, 0.0)


def _check(scene: Triplets) -> None:
    """Raise ValueError when a scene cannot be drawn or measured."""
    if not 1 <= len(scene.negatives) <= MAX_NEGATIVES:
        raise ValueError(f"there must be 1 to {MAX_NEGATIVES} negatives, not {len(scene.negatives)}")
    named = [("anchor", scene.anchor), ("positive", scene.positive)]
    named += [(f"negative {k + 1}", point) for k, point in enumerate(scene.negatives)]
    for name, point in named:
        if not _is_point(point):
            raise ValueError(f"{name} must be a pair of finite numbers within {MAX_COORDINATE} of 0, not {point}")
    if not (isfinite(scene.margin) and scene.margin >= 0):
        raise ValueError(f"margin must be a finite number of 0 or more, not {scene.margin}")
    if scene.distance not in DISTANCES:
        raise ValueError(f"distance must be one of {', '.join(DISTANCES)}, not {scene.distance!r}")
    if scene.distance == "cosine" and not scene.circle:
        raise ValueError("cosine looks at directions only, so its scene is the circle: circle must be True")
