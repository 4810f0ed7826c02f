"""One anchor, its positive and a few negatives that one drags, and what kind of triplet each of them makes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import hypot, isfinite
from typing import Any

from cl_core.components.envelope import pack
from cl_core.losses.triplet import DISTANCES
from cl_core.palette import EASY, HARD, MARKS, POSITIVE, SEMIHARD

WORDS: Mapping[str, str] = {
    "scene": "Drag any point",
    "plane": "The same negatives, by distance",
    "arrows": "Arrows: where descent moves each point (minus the gradient of the mean over all triplets with a loss)",
    "keys": "Arrow keys move the point by 0.05, with shift by 0.01.",
    "planeKeys": "Up and down change the distance by 0.05, with shift by 0.01; left and right choose the negative.",
    "save": "Save as a picture",
    "saved": "Triplets by {delta}, margin m = {margin}",
    "anchor": "anchor a",
    "positive": "positive p",
    "negative": "negative {name}",
    "easy": "easy",
    "semihard": "semi-hard",
    "hard": "hard",
    "other": "margin on {delta}",
    "margin": "margin m",
    "easyFrom": "easy from",
    "loss": "loss",
    "mean": "loss, mean of {active}",
    "place": "x {x}, y {y}",
    "point": "{kind}, {an} {distance}, loss {loss}; {place}",
    "sayHard": "{name} is hard: not farther than the positive ({an} < {ap}). It pushes.",
    "sayHardTie": "{name} is hard: exactly as far as the positive ({an} = {ap}), and a tie is hard. It pushes.",
    "sayHardIdle": "{name} is hard by the tie rule ({an} = {ap}), but with a margin of 0 it has no loss.",
    "saySemihard": "{name} is semi-hard: farther than the positive ({an} > {ap}), but not by the margin ({an} < "
    "{edge}). It pushes.",
    "sayEasy": "{name} is easy: farther than the positive by more than the margin ({an} > {edge}). No loss, no push.",
    "sayEasyTie": "{name} is easy: farther by exactly the margin ({an} = {edge}), and a tie there is easy. No loss, "
    "no push.",
    "stuck": "Yet no force moves it: it has no direction to go.",
    "never": "None can be easy here: on the circle {delta} never exceeds {most}, and easy begins at {edge}.",
}

SPAN = 1.25  # how far from the middle a point may be, along x and along y
NEGATIVES = 6  # as many as can be told from each other

Point = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Triplets:
    """Everything the picture shows.

    Attributes:
        stream: with a new name the points begin afresh at those given; else the viewer's own stay.
        anchor: where the anchor begins, x and y within `SPAN` of 0.
        positive: where its positive begins.
        negatives: where its 1 to 6 negatives begin.
        margin: m, in the chosen distance.
        distance: "sqeuclidean", "euclidean", or on the circle also "cosine" (1 - s).
        circle: whether the points are of length 1 and move along the unit circle only; each begins where its direction
            from the middle meets the circle.
        alt: the picture in words, for those who do not see it.
        words: the words on it, to be replaced for another language.
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


@dataclass(frozen=True)
class TripletState:
    """Where the viewer has left the points, and which negative (0 for the first) is selected."""

    anchor: Point
    positive: Point
    negatives: tuple[Point, ...]
    selected: int = 0


def encode(scene: Triplets, *, height: int = 520, state: TripletState | None = None) -> bytes:
    """A scene for the browser; equal scenes give equal bytes.

    `state` is where the viewer is known to have left the points, for a picture that is mounted again.

    Raises ValueError, in words, for what cannot be drawn or measured.
    """
    _check(scene)
    at = initial_state(scene) if state is None else state
    header = {
        "stream": scene.stream,
        "points": [list(point) for point in (at.anchor, at.positive, *at.negatives)],
        "selected": at.selected,
        "span": SPAN,
        "margin": float(scene.margin),
        "distance": scene.distance,
        "circle": bool(scene.circle),
        "alt": scene.alt,
        "height": height,
        "marks": dict(MARKS),
        "palette": {paper: [EASY, SEMIHARD, HARD, getattr(POSITIVE, paper)[0]] for paper in ("light", "dark")},
        "words": {**WORDS, **scene.words},
    }
    return pack(header, {})


def initial_state(scene: Triplets) -> TripletState:
    """The scene as it begins."""
    place = _on_circle if scene.circle else _as_given
    return TripletState(place(scene.anchor), place(scene.positive), tuple(place(point) for point in scene.negatives))


def decode(told: Any, scene: Triplets) -> TripletState | None:
    """What the browser told, unless it is of another stream or not a scene."""
    count = len(scene.negatives)
    match told:
        case {"stream": scene.stream, "points": [*points], "selected": int(selected)} if 0 <= selected < count:
            if len(points) == count + 2 and all(_is_point(point) for point in points):
                place = _on_circle if scene.circle else _as_given
                anchor, positive, *negatives = (place(point) for point in points)
                return TripletState(anchor, positive, tuple(negatives), int(selected))
    return None


def _is_point(point: Any) -> bool:
    """Whether it is a pair of numbers that the picture has room for."""
    if not isinstance(point, Sequence) or isinstance(point, str) or len(point) != 2:
        return False
    return all(isinstance(x, int | float) and isfinite(x) and abs(x) <= SPAN for x in point)


def _as_given(point: Sequence[float]) -> Point:
    return float(point[0]), float(point[1])


def _on_circle(point: Sequence[float]) -> Point:
    """Where its direction from the middle meets the unit circle; the middle itself has none and is put at (1, 0)."""
    length = hypot(*point)
    return (point[0] / length, point[1] / length) if length > 0 else (1.0, 0.0)


def _check(scene: Triplets) -> None:
    """Say in words what does not fit."""
    if not 1 <= len(scene.negatives) <= NEGATIVES:
        raise ValueError(f"there must be 1 to {NEGATIVES} negatives, not {len(scene.negatives)}")
    named = [("anchor", scene.anchor), ("positive", scene.positive)]
    named += [(f"negative {k + 1}", point) for k, point in enumerate(scene.negatives)]
    for name, point in named:
        if not _is_point(point):
            raise ValueError(f"{name} must be a pair of finite numbers within {SPAN} of 0, not {point}")
    if not (isfinite(scene.margin) and scene.margin >= 0):
        raise ValueError(f"margin must be a finite number of 0 or more, not {scene.margin}")
    if scene.distance not in DISTANCES:
        raise ValueError(f"distance must be one of {', '.join(DISTANCES)}, not {scene.distance!r}")
    if scene.distance == "cosine" and not scene.circle:
        raise ValueError("cosine looks at directions only, so its scene is the circle: circle must be True")
