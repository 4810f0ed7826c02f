"""Saving a component as PNG: all of it, at twice the resolution, on the theme's background, under its title."""

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

SCALE = 2  # pixels of the file for each one of the page
TITLE_HEIGHT = 46  # CSS pixels above the picture
BACKGROUND = {"light": (255, 255, 255), "dark": (17, 20, 27)}  # the app's themes


class Case(NamedTuple):
    """A component and its file.

    Attributes:
        name: of the file.
        drawn: selector of what the file shows.
        part: selector, inside the component, of a part that is compared with the file.
        scheme: colour scheme.
        side: CSS pixels left and right of what is drawn.
    """

    name: str
    drawn: str
    part: str
    scheme: str
    side: int = 16


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
def test_saved_png_shows_the_picture_under_its_title(show_scene: Callable[..., Page], kind: str) -> None:
    case = CASES[kind]
    page = show_scene(kind, dark=case.scheme == "dark")
    root = page.locator(f".{kind}").first
    drawn, part = page.locator(case.drawn).first, root.locator(case.part).first
    part.scroll_into_view_if_needed()
    with page.expect_download() as download:
        root.get_by_role("button", name="Save as a picture").press("Enter")
    assert download.value.suggested_filename == case.name
    picture = Image.open(BytesIO(Path(download.value.path()).read_bytes())).convert("RGB")
    drawn_box, part_box = drawn.bounding_box(), part.bounding_box()
    assert drawn_box is not None
    assert part_box is not None
    width, height = (size / SCALE for size in picture.size)
    assert width == pytest.approx(drawn_box["width"] + 2 * case.side, abs=1)
    assert TITLE_HEIGHT + part_box["height"] < height
    corners = [picture.getpixel((x, y)) for x in (1, picture.width - 2) for y in (1, 20)]
    assert corners == [BACKGROUND[case.scheme]] * 4
    page.mouse.move(0, 0)
    screenshot = pixels(Image.open(BytesIO(part.screenshot())).convert("RGB"))
    saved = pixels(picture.resize((round(width), round(height))))
    left = round(part_box["x"] - drawn_box["x"]) + case.side
    tops = range(TITLE_HEIGHT, len(saved) - len(screenshot) + 1)
    deviation = min(difference(saved[top:, left:], screenshot) for top in tops)
    blank_deviation = np.abs(screenshot - BACKGROUND[case.scheme]).mean()
    assert blank_deviation > 8, "the part is not blank"
    assert deviation < 0.3 * blank_deviation


def pixels(picture: Image.Image) -> NDArray[np.int16]:
    return np.asarray(picture, np.int16)


def difference(sheet: NDArray[np.int16], part: NDArray[np.int16]) -> float:
    """Return the mean absolute difference of colours between a part and the sheet's upper left corner."""
    height, width = part.shape[:2]
    return float(np.abs(sheet[:height, :width] - part).mean())
