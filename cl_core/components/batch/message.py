"""Message of the batch picture: one frozen batch, its forces and the loss's derivative by every similarity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.components.envelope import pack
from cl_core.components.live import Live, live_buffers, live_header
from cl_core.palette import CLASS_COLOURS, NEGATIVE, POSITIVE, Palette

WORDS: Mapping[str, str] = {
    "pull": "pulls together",
    "push": "pushes apart",
    "none": "no force",
    "alone": "no force on it",
    "force": "force on each, −∂L/∂z",
    "longer": "longer than shown",
    "sceneCaption": "The batch in the plane",
    "matrixCaption": "∂L/∂s of every pair: row is the anchor, column the other",
    "prototypeCaption": "∂L/∂s of every pair: row is the anchor, column the class weight",
    "hint": "Hover over an image to see what attracts and repels it; click to pin.",
    "pair": "{first} and {second}",
    "prototype": "weight of {name}",
    "similarity": "s = {s}",
    "weight": "∂L/∂s = {w}",
    "back": "{w} with anchor and other swapped",
    "rows": "test images {first} and {second}",
    "row": "test image {first}",
    "strongest": "its strongest pair",
    "pinned": "pinned; press Escape to unpin",
    "spoken": "{first} with {second}: {verdict}, {s}, {w}",
    "scene": "{title}: {alt}",
    "matrix": "{title}: the weight of every pair",
    "tools": "View",
    "zoomIn": "Zoom in (+)",
    "zoomOut": "Zoom out (−)",
    "reset": "Whole picture (0)",
    "save": "Save as a picture",
    "keys": "Arrow keys go through the images by class. Enter pins an image as the anchor, Escape unpins it. "
    "Plus and minus zoom, 0 shows the whole picture.",
}


@dataclass(frozen=True, eq=False)
class Scene:
    """Content of the batch picture: B images and the loss's derivative by each of their similarities.

    Attributes:
        stream: name of the batch and its view. The picture restarts with a new name; within a stream, changes are
            animated, as after a gradient step or while a slider is dragged.
        title: name of the loss.
        points: (B, 2) positions of the images in the plane.
        forces: (B, 2) force on each image, -dL/dz projected to the same plane.
        reach: length of the arrow for a force of 1, in units of the plane. Arrows are cut at a quarter of the extent;
            a shortened arrow has a double head.
        labels: (B,) class of each image, an index into `class_names`, below 256.
        class_names: (C,) names of the classes.
        rows: (B,) row of each image in the test set.
        weights: (B, N) dL/ds_ij of anchor i and other j; N = B, or C where the others are class weights. A negative
            weight pulls the two together, a positive one pushes them apart.
        similarity: (B, N) similarity s_ij.
        extent: (x_low, x_high, y_low, y_high) of the plane, equal for scenes that are compared.
        trail: (k, B, 2) earlier positions of the images, oldest first.
        prototypes: (C, 2) positions of the class weights, for a loss that has them.
        prototype_forces: (C, 2) force on each class weight; None stands for zero.
        largest: |weight| that is shown in full colour, equal for scenes that are compared; None takes the largest one.
        sprite: PNG with every image, in rows of `sprite_columns`; empty bytes show the class name instead.
        sprite_columns: images in a row of the sprite.
        sprite_size: (width, height) of an image in the sprite, in pixels.
        unit_circle: whether to draw the circle of radius 1.
        palette: class colours.
        alt: text alternative of the picture.
        words: texts that replace those of `WORDS` key by key, for another language.
        same_scale: whether `reach` and `largest` are those of several scenes, so that they stay as they are while a
            slider is held.
        live: what lets it follow the page's sliders, with the outputs of `programs.batches`; None where it changes with
            Python's messages alone.
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
    same_scale: bool = False
    live: Live | None = None


@dataclass(frozen=True)
class SceneState:
    """The viewer's choice.

    Attributes:
        anchor: pinned anchor: image 0 to B - 1, or B + c for class weight c; None if none is pinned.
    """

    anchor: int | None


def encode(scene: Scene, *, height: int = 540, group: str = "", anchor: int | None = None) -> bytes:
    """Encode a scene as a message for the browser.

    Args:
        scene: what to show.
        height: height of the plane in CSS pixels.
        group: name of the group of scenes that share the hovered and the pinned image; "" for none.
        anchor: pinned anchor, to be restored when the picture is mounted again.

    Returns:
        The message, to be read by `envelope.unpack`; equal arguments give equal bytes.

    Raises:
        ValueError: when the shapes of two arrays do not fit, or a label, a row, `reach`, `largest` or `extent` is out
            of range.
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
        "same_scale": scene.same_scale,
        "live": live_header(scene.live),
    }
    zero_forces = None if scene.prototypes is None else np.zeros(scene.prototypes.shape)
    buffers: dict[str, NDArray[Any] | bytes] = {
        "points": _stacked(scene.points, scene.prototypes),
        "forces": _stacked(scene.forces, zero_forces if scene.prototype_forces is None else scene.prototype_forces),
        "weights": _floats(scene.weights),
        "similarity": _floats(scene.similarity),
        "trail": _floats(scene.trail) if scene.trail is not None else np.zeros(0, np.float32),
        "labels": scene.labels.astype(np.uint8),
        "rows": scene.rows.astype(np.uint32),
        "sprite": scene.sprite,
        **live_buffers(scene.live),
    }
    return pack(header, buffers)


def decode(reported: Any, scene: Scene) -> int | None:
    """Return the pinned anchor that the browser reported.

    Args:
        reported: untrusted value: a mapping with "index", the anchor as in `SceneState`, and "id", the row of its test
            image or -1 - c for class weight c.
        scene: the scene on the page.

    Returns:
        The anchor; None if none is pinned, or if the value is malformed or comes from another batch.
    """
    n = len(scene.labels)
    match reported:
        case {"index": int(index), "id": int(node)} if 0 <= index < n and int(scene.rows[index]) == node:
            return index
        case {"index": int(index), "id": int(node)} if scene.prototypes is not None and node == n - 1 - index < 0:
            return index if index - n < len(scene.prototypes) else None
    return None


def _check(scene: Scene) -> None:
    """Raise ValueError when the parts of a scene do not fit each other."""
    _check_shapes(scene)
    _check_values(scene)


def _check_shapes(scene: Scene) -> None:
    n, classes = len(scene.labels), len(scene.class_names)
    others, columns = (n, "images") if scene.prototypes is None else (classes, "class weights")
    trail_length = 0 if scene.trail is None else len(scene.trail)
    expected = {
        "labels": (n,),
        "points": (n, 2),
        "forces": (n, 2),
        "rows": (n,),
        "weights": (n, others),
        "similarity": (n, others),
        "trail": (trail_length, n, 2),
        "prototypes": (classes, 2),
        "prototype_forces": (classes, 2),
    }
    for name, shape in expected.items():
        array = getattr(scene, name)
        if array is not None and array.shape != shape:
            raise ValueError(
                f"{name} has shape {array.shape} and should have {shape}: "
                f"{n} images, {classes} class names, and {columns} as the others"
            )
    if scene.prototype_forces is not None and scene.prototypes is None:
        raise ValueError("prototype_forces are given but no prototypes for them to act on")


def _check_values(scene: Scene) -> None:
    n, classes = len(scene.labels), len(scene.class_names)
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
    """Return the positions or forces of the images, followed by those of the class weights."""
    return _floats(images if prototypes is None else np.concatenate([images, prototypes]))


def _floats(array: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(array, np.float32)
