"""Large type for a lecture hall: text of components grows with the page's font size and stays inside them."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

LARGE = 20  # CSS pixels of a rem, as a link asks for it; usually 16
SMALLEST = {"wedge": 14, "shares": 14, "triplet": 13.5, "plane": 13}  # CSS pixels of type where a rem is 16
WRITTEN = """root => [...root.querySelectorAll('svg text:not(.out)')].filter((e) => e.textContent).map((e) => {
    const [own, all] = [e.getBoundingClientRect(), root.getBoundingClientRect()];
    const inside = own.left >= all.left - 1 && own.right <= all.right + 1 && own.bottom <= all.bottom + 1;
    return [e.textContent, parseFloat(getComputedStyle(e).fontSize), inside];
})"""


@pytest.fixture
def open_enlarged(show_scene: Callable[..., Page]) -> Callable[[str], Page]:
    """`open_enlarged("wedge") -> page`: a component that is mounted where a rem is large already."""

    def open_(component: str) -> Page:
        page = show_scene(component, type_size=f"{LARGE}px")
        page.locator(f".{component}").first.wait_for()
        return page

    return open_


@pytest.mark.parametrize("component", ["wedge", "shares", "triplet"])
def test_svg_text_grows_with_rem_and_stays_inside(open_enlarged: Callable[[str], Page], component: str) -> None:
    page = open_enlarged(component)
    page.locator(f".{component} svg text:not(.out)").nth(4).wait_for()
    written = page.locator(f".{component}").first.evaluate(WRITTEN)
    assert len(written) > 4
    for text, size, inside in written:
        assert size >= SMALLEST[component] * LARGE / 16, text
        assert inside, text


def test_canvas_labels_grow_with_rem(open_enlarged: Callable[[str], Page]) -> None:
    root = open_enlarged("plane").locator(".plane").first
    root.locator(".title").filter(has_text="ircle").wait_for()
    root.dispatch_event("describe")
    shapes = json.loads(root.get_attribute("data-shapes") or "null")
    sheet = root.locator(".sheet").evaluate("e => e.getBoundingClientRect().x")
    assert shapes["frame"][0] - sheet == 60 * LARGE / 16, "room for the numbers of the axis"
    upright = [bottom - top for (_, top, _, bottom) in (label["box"] for label in shapes["labels"])]
    assert min(upright) >= 1.2 * SMALLEST["plane"] * LARGE / 16 - 1e-6
