"""Every picture can be kept as a file: all of it, sharp, on the theme's paper, under its title."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

SHARP = 2  # pixels of the file for each one of the page
TITLE = 46  # CSS pixels above the picture
PAPER = {"light": (255, 255, 255), "dark": (17, 20, 27)}  # the app's themes


class Case(NamedTuple):
    """A file's name, what is drawn in it, a part of that which must be found in it, and the theme."""

    name: str
    drawn: str
    part: str
    scheme: str
    side: int = 16  # CSS pixels left and right of what is drawn


CASES = {
    "embedding": Case("pca-view-of-2000-test-images-step-20.png", ".cloud", ".cloud", "light", 0),
    "plane": Case("circle-loss.png", ".sheet", ".sheet", "dark", 0),
    "batch": Case("soft.png", ".batch", ".matrix", "dark"),
    "ranking": Case("triplets-of-anchor-0-test-image-485.png", ".ranking", ".top", "light"),
    "shares": Case("triplets-of-500-test-images-m-1.png", ".shares", ".stage", "dark"),
    "triplet": Case("triplets-by-d-margin-m-0-2.png", ".triplet", ".panes .stage >> nth=1", "dark"),
    "wedge": Case("l-softmax-two-class-weights.png", ".wedge", ".stage", "light"),
}


@pytest.mark.parametrize("kind", CASES)
def test_what_is_seen_is_saved(show_scene: Callable[..., Page], kind: str) -> None:
    case = CASES[kind]
    page = show_scene(kind, dark=case.scheme == "dark")
    root = page.locator(f".{kind}").first
    drawn, part = page.locator(case.drawn).first, root.locator(case.part).first
    part.scroll_into_view_if_needed()
    with page.expect_download() as coming:
        root.get_by_role("button", name="Save as a picture").press("Enter")
    assert coming.value.suggested_filename == case.name
    picture = Image.open(BytesIO(Path(coming.value.path()).read_bytes())).convert("RGB")
    whole, place = drawn.bounding_box(), part.bounding_box()
    assert whole is not None
    assert place is not None
    wide, high = (size / SHARP for size in picture.size)
    assert wide == pytest.approx(whole["width"] + 2 * case.side, abs=1)
    assert TITLE + place["height"] < high
    corners = [picture.getpixel((x, y)) for x in (1, picture.width - 2) for y in (1, 20)]
    assert corners == [PAPER[case.scheme]] * 4
    page.mouse.move(0, 0)
    seen = pixels(Image.open(BytesIO(part.screenshot())).convert("RGB"))
    kept = pixels(picture.resize((round(wide), round(high))))
    left = round(place["x"] - whole["x"]) + case.side
    unlike = min(difference(kept[top:, left:], seen) for top in range(TITLE, len(kept) - len(seen) + 1))
    blank = np.abs(seen - PAPER[case.scheme]).mean()
    assert blank > 8, "there is something to be seen"
    assert unlike < 0.3 * blank


def pixels(picture: Image.Image) -> NDArray[np.int16]:
    return np.asarray(picture, np.int16)


def difference(sheet: NDArray[np.int16], part: NDArray[np.int16]) -> float:
    """How far the colours at the sheet's upper left are from a part's, on the average."""
    high, wide = part.shape[:2]
    return float(np.abs(sheet[:high, :wide] - part).mean())
