"""Small pictures of an embedding as SVG: the first two principal components of some images, coloured by class."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.palette import CLASS_COLOURS

SIDE = 120  # pixels
RADIUS = 2.0


def small_cloud(points: NDArray[np.integer[Any]], labels: NDArray[np.integer[Any]], edge: int) -> str:
    """Return a picture of an embedding as SVG.

    Args:
        points: (n, 2) coordinates, from -edge to edge.
        labels: (n,) classes.
        edge: coordinate at the edge of the picture.

    Returns:
        The SVG of `SIDE` pixels, with transparent paper. Points of a class are one path, which keeps it small.
    """
    scale = (SIDE / 2 - 2 * RADIUS) / edge
    places = np.rint((points * [scale, -scale] + SIDE / 2) * 10) / 10
    paths = []
    for label in np.unique(labels):
        dots = "".join(f"M{x:g} {y:g}h0" for x, y in places[labels == label])
        paths.append(f'<path d="{dots}" stroke="{_colour(CLASS_COLOURS.light, int(label))}"/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}" width="{SIDE}" height="{SIDE}">'
        f'<g fill="none" stroke-width="{2 * RADIUS:g}" stroke-linecap="round">{"".join(paths)}</g></svg>'
    )


def _colour(colours: Sequence[str], label: int) -> str:
    return colours[label % len(colours)]
