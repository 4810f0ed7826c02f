"""Message of the picture of nearest neighbours, and the file of a network: what the browser needs of all images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.analysis.retrieval import Retrieval
from cl_core.components.envelope import MAX_CODE, pack, quantise
from cl_core.palette import CLASS_COLOURS, NEGATIVE, POSITIVE

WORDS: Mapping[str, str] = {
    "number": "test image",
    "before": "Image before (left arrow)",
    "next": "Next image (right arrow)",
    "wrong": "Next image that is retrieved wrongly",
    "keys": "Left and right arrow: image before and next image. Down and up arrow: next image that is retrieved "
    "wrongly, and the one before.",
    "hint": "Point at the cloud or at a neighbour. A click keeps the image.",
    "cloud": "{title}: cloud of {n} test images",
    "found": "{k} of {n} are of its class",
    "image": "image {row}, a {name}",
    "tile": "image {row}, a {name}, similarity {cosine}",
    "other": "{tile}, another class",
    "right": "neighbour of its class",
    "miss": "neighbour of another class",
    "axes": "first two principal axes",
    "save": "Save as a picture",
    "saved": "Nearest neighbours of test image {row}",
    "loading": "Loading the neighbours of all images",
}
MAX_IMAGES = MAX_CODE + 1  # their numbers are int16 in the file


@dataclass(frozen=True)
class Network:
    """A network of the picture.

    Attributes:
        title: of its loss.
        url: of its file, from `encode_network`.
    """

    title: str
    url: str


@dataclass(frozen=True, eq=False)
class Search:
    """Content of the picture of nearest neighbours.

    Attributes:
        networks: one or two.
        image: number of the image in the test set.
        n: number of test images.
        class_names: names of the classes.
        sheet: URL of a picture of all test images, in rows of `columns`.
        columns: images in a row of the sheet.
        size: (width, height) of an image on the sheet, in pixels.
        alt: text alternative of the picture.
        words: texts that replace those of `WORDS` key by key, for another language.
    """

    networks: Sequence[Network]
    image: int
    n: int
    class_names: Sequence[str]
    sheet: str
    columns: int
    size: tuple[int, int]
    alt: str = ""
    words: Mapping[str, str] = field(default_factory=lambda: WORDS)


def encode(search: Search, *, height: int = 600) -> bytes:
    """Encode the picture as a message for the browser.

    Args:
        search: what to show.
        height: height of the picture in CSS pixels; on a phone it is as tall as it needs.

    Returns:
        The message, to be read by `envelope.unpack`; equal arguments give equal bytes.

    Raises:
        ValueError: when there is not one network or two, or no such image.
    """
    if len(search.networks) not in (1, 2):
        raise ValueError(f"there must be one network or two, not {len(search.networks)}")
    if not 0 <= search.image < search.n <= MAX_IMAGES:
        raise ValueError(f"image must be 0 to {search.n - 1}, of {MAX_IMAGES} at most, not {search.image}")
    header = {
        "networks": [{"title": network.title, "url": network.url} for network in search.networks],
        "image": search.image,
        "n": search.n,
        "class_names": list(search.class_names),
        "sheet": search.sheet,
        "columns": search.columns,
        "size": list(search.size),
        "alt": search.alt,
        "height": height,
        "palette": {
            paper: [*getattr(CLASS_COLOURS, paper), getattr(POSITIVE, paper)[0], getattr(NEGATIVE, paper)[0]]
            for paper in ("light", "dark")
        },
        "words": {**WORDS, **search.words},
    }
    return pack(header, {})


def encode_network(found: Retrieval, rows: NDArray[np.int64], places: NDArray[np.floating[Any]]) -> bytes:
    """Encode what a network makes of all test images as a file for the browser.

    Args:
        found: the nearest neighbours by cosine, of N points.
        rows: (N,) number of each point in the test set, of which it has N images.
        places: (N, 2) where each point is drawn.

    Returns:
        The file, by number in the test set: labels, the numbers of the nearest, their cosines in units of `cosine`, and
        places as from `quantise`. It has 45 bytes for each image with ten neighbours.
    """
    order = np.argsort(rows)
    codes, _ = quantise(places[order])
    return pack(
        {"n": len(rows), "k": found.k, "cosine": 1 / MAX_CODE},
        {
            "labels": found.y[order].astype(np.uint8),
            "neighbours": rows[found.neighbours[order]].astype(np.int16),
            "similarity": np.rint(found.similarity[order] * MAX_CODE).astype(np.int16),
            "places": codes,
        },
    )


def decode(reported: Any, n: int) -> int | None:
    """Return the number of an image that the browser reported; None for anything else.

    Args:
        reported: untrusted value.
        n: number of test images.
    """
    match reported:
        case int() | float() if 0 <= reported < n and reported == int(reported):
            return int(reported)
    return None
