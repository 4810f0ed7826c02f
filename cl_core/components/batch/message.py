"""One frozen batch under one loss: who pulls whom, who pushes whom, and how hard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.components.envelope import pack
from cl_core.palette import CLASS_COLOURS, NEGATIVE, POSITIVE, Palette

WORDS: Mapping[str, str] = {
    "pull": "pulls together",
    "push": "pushes apart",
    "none": "no force",
    "alone": "nobody pulls or pushes",
    "force": "force on each, −∂L/∂z",
    "longer": "longer than drawn",
    "sceneCaption": "The batch in the plane",
    "matrixCaption": "∂L/∂s of every pair: row is the anchor, column the other",
    "prototypeCaption": "∂L/∂s of every pair: row is the anchor, column the class weight",
    "hint": "Point at a picture: who pulls it, who pushes it? A click keeps it.",
    "pair": "{first} and {second}",
    "prototype": "weight of {name}",
    "similarity": "s = {s}",
    "weight": "∂L/∂s = {w}",
    "back": "{w} with the roles exchanged",
    "rows": "test images {first} and {second}",
    "row": "test image {first}",
    "strongest": "its strongest partner",
    "pinned": "kept until Escape",
    "spoken": "{first} with {second}: {verdict}, {s}, {w}",
    "scene": "{title}: {alt}",
    "matrix": "{title}: the weight of every pair as a picture",
    "tools": "View",
    "zoomIn": "Zoom in (+)",
    "zoomOut": "Zoom out (−)",
    "reset": "Whole picture (0)",
    "save": "Save as a picture",
    "keys": "Arrow keys go through the pictures by class, Enter keeps one as the anchor, Escape lets go, "
    "plus and minus zoom, 0 resets.",
}


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything the picture shows: B images, and the loss's derivative by each of their similarities.

    Attributes:
        stream: a new name and the picture begins again, for other images or another view of them. Within a stream what
            changes is moved there: a gradient step was taken, a slider was dragged.
        title: the loss's name.
        points: (B, 2) where the images are in the plane.
        forces: (B, 2) the force on each, -dL/dz projected to the same plane.
        reach: the length of an arrow for a force of 1, in units of the plane. A quarter of the extent is the longest
            that is drawn; an arrow that was shortened has a double head.
        labels: (B,) the class of each, a number from 0 that `class_names` has a name for.
        class_names: (C,) what the classes are called.
        rows: (B,) the number of each test image.
        weights: (B, N) dL/ds_ij of anchor i and other j; N = B, or C where the others are class weights. Below 0 the
            two are pulled together, above 0 pushed apart.
        similarity: (B, N) s_ij.
        extent: (x_low, x_high, y_low, y_high) of the plane, equal for scenes to be compared.
        trail: (k, B, 2) where the images were before, oldest first.
        prototypes: (C, 2) where the class weights are, for a loss that has them.
        prototype_forces: (C, 2) the force on each of them; None and they feel none.
        largest: the |weight| that has the full colour, equal for scenes to be compared; None is the largest there is.
        sprite: a PNG with every image, in rows of `sprite_columns`, each `sprite_size` (width, height) pixels; empty
            bytes show the class name instead.
        unit_circle: draw the circle of radius 1.
        palette: the class colours.
        alt: what is to be seen, in words.
        words: the words around the picture, to be replaced for another language.
    """

    stream: str
    title: str
    points: NDArray[np.floating[Any]]
    forces: NDArray[np.floating[Any]]
    reach: float
    labels: NDArray[np.integer[Any]]
    class_names: Sequence[str]
    rows: NDArray[np.integer[Any]]
    weights: NDArray[np.floating[Any]]
    similarity: NDArray[np.floating[Any]]
    extent: tuple[float, float, float, float]
    trail: NDArray[np.floating[Any]] | None = None
    prototypes: NDArray[np.floating[Any]] | None = None
    prototype_forces: NDArray[np.floating[Any]] | None = None
    largest: float | None = None
    sprite: bytes = b""
    sprite_columns: int = 8
    sprite_size: tuple[int, int] = (28, 28)
    unit_circle: bool = False
    palette: Palette = CLASS_COLOURS
    alt: str = ""
    words: Mapping[str, str] = field(default_factory=lambda: WORDS)


@dataclass(frozen=True)
class SceneState:
    """What the viewer has chosen: the anchor they keep, 0 to B - 1, or B + c for class weight c; None for none."""

    anchor: int | None


def encode(scene: Scene, *, height: int = 460, group: str = "", anchor: int | None = None) -> bytes:
    """A scene for the browser; `anchor` is the one known to be kept, for a picture that is mounted again.

    Raises ValueError, in words, where two arrays do not fit each other or the extent is empty.
    """
    _check(scene)
    header = {
        "stream": scene.stream,
        "title": scene.title,
        "reach": float(scene.reach),
        "class_names": list(scene.class_names),
        "extent": [float(edge) for edge in scene.extent],
        "n": len(scene.labels),
        "trail": 0 if scene.trail is None else len(scene.trail),
        "prototypes": scene.prototypes is not None,
        "largest": None if scene.largest is None else float(scene.largest),
        "sprite": {"columns": scene.sprite_columns, "w": scene.sprite_size[0], "h": scene.sprite_size[1]},
        "unit_circle": scene.unit_circle,
        "palette": scene.palette._asdict(),
        "positive": POSITIVE._asdict(),
        "negative": NEGATIVE._asdict(),
        "alt": scene.alt,
        "height": height,
        "group": group,
        "anchor": anchor,
        "words": {**WORDS, **scene.words},
    }
    still = None if scene.prototypes is None else np.zeros(scene.prototypes.shape)
    buffers: dict[str, NDArray[Any] | bytes] = {
        "points": _stacked(scene.points, scene.prototypes),
        "forces": _stacked(scene.forces, still if scene.prototype_forces is None else scene.prototype_forces),
        "weights": _floats(scene.weights),
        "similarity": _floats(scene.similarity),
        "trail": _floats(scene.trail) if scene.trail is not None else np.zeros(0, np.float32),
        "labels": scene.labels.astype(np.uint8),
        "rows": scene.rows.astype(np.uint32),
        "sprite": scene.sprite,
    }
    return pack(header, buffers)


def decode(told: Any, scene: Scene) -> int | None:
    """The anchor that the browser told, unless it is an image of another batch."""
    n = len(scene.labels)
    match told:
        case {"index": int(index), "id": int(image)} if 0 <= index < n and int(scene.rows[index]) == image:
            return index
        case {"index": int(index), "id": int(image)} if scene.prototypes is not None and image == n - 1 - index < 0:
            return index if index - n < len(scene.prototypes) else None
    return None


def _check(scene: Scene) -> None:
    """Say in words what does not fit."""
    n, classes = len(scene.labels), len(scene.class_names)
    others = n if scene.prototypes is None else classes
    expected: dict[str, tuple[Any, tuple[int, ...]]] = {
        "labels": (scene.labels, (n,)),
        "points": (scene.points, (n, 2)),
        "forces": (scene.forces, (n, 2)),
        "rows": (scene.rows, (n,)),
        "weights": (scene.weights, (n, others)),
        "similarity": (scene.similarity, (n, others)),
    }
    if scene.trail is not None:
        expected["trail"] = (scene.trail, (len(scene.trail), n, 2))
    if scene.prototypes is not None:
        expected["prototypes"] = (scene.prototypes, (classes, 2))
    if scene.prototype_forces is not None:
        expected["prototype_forces"] = (scene.prototype_forces, (classes, 2))
    for name, (array, shape) in expected.items():
        if array.shape != shape:
            columns = "images" if scene.prototypes is None else "class weights"
            raise ValueError(
                f"{name} has shape {array.shape} and should have {shape}: "
                f"{n} images, {classes} class names, and {columns} as the others"
            )
    if scene.prototype_forces is not None and scene.prototypes is None:
        raise ValueError("prototype_forces are given but no prototypes for them to act on")
    if n and not 0 <= int(scene.labels.min()) <= int(scene.labels.max()) < min(classes, 256):
        raise ValueError(f"labels must be 0 to {classes - 1}: every class needs its name")
    if n and int(scene.rows.min()) < 0:
        raise ValueError("rows must not be negative: they are numbers of test images")
    x_low, x_high, y_low, y_high = scene.extent
    if not (np.isfinite(scene.extent).all() and x_low < x_high and y_low < y_high):
        raise ValueError(f"extent {scene.extent} is empty: it should be x_low < x_high, y_low < y_high")
    if not (np.isfinite(scene.reach) and scene.reach >= 0):
        raise ValueError(f"reach is {scene.reach} and should be a length, 0 or more")
    if scene.largest is not None and not (np.isfinite(scene.largest) and scene.largest > 0):
        raise ValueError(f"largest is {scene.largest} and should be above 0, or None")


def _stacked(images: NDArray[Any], prototypes: NDArray[Any] | None) -> NDArray[np.float32]:
    """The places or forces of the images, then of the class weights."""
    return _floats(images if prototypes is None else np.concatenate([images, prototypes]))


def _floats(array: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(array, np.float32)
