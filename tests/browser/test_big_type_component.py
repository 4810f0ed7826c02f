"""Type for the back row: what a picture writes grows with the page's type, and keeps its room."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

LARGE = 20  # CSS pixels of a rem, as a link asks for it; usually 16
ENLARGE = f"addEventListener('DOMContentLoaded', () => {{ document.documentElement.style.fontSize = '{LARGE}px'; }})"
SMALLEST = {"wedge": 14, "shares": 14, "triplet": 13.5, "plane": 13}  # CSS pixels of type where a rem is 16
WRITTEN = """root => [...root.querySelectorAll('svg text:not(.out)')].filter((e) => e.textContent).map((e) => {
    const [own, all] = [e.getBoundingClientRect(), root.getBoundingClientRect()];
    const inside = own.left >= all.left - 1 && own.right <= all.right + 1 && own.bottom <= all.bottom + 1;
    return [e.textContent, parseFloat(getComputedStyle(e).fontSize), inside];
})"""


@pytest.fixture
def enlarged(window: Callable[..., Page], serve: Callable[..., str]) -> Callable[[str], Page]:
    def opened(kind: str) -> Page:
        page = window(device_scale_factor=1)  # one that no other test is given
        page.add_init_script(ENLARGE)
        page.goto(serve(f"tests/browser/harness_{kind}.py"))
        page.locator(f".{kind}").first.wait_for()
        return page

    return opened


@pytest.mark.parametrize("kind", ["wedge", "shares", "triplet"])
def test_words_on_a_drawing_grow_and_stay_on_it(enlarged: Callable[[str], Page], kind: str) -> None:
    page = enlarged(kind)
    page.locator(f".{kind} svg text:not(.out)").nth(4).wait_for()
    written = page.locator(f".{kind}").first.evaluate(WRITTEN)
    assert len(written) > 4
    for text, size, inside in written:
        assert size >= SMALLEST[kind] * LARGE / 16, text
        assert inside, text


def test_labels_on_a_canvas_grow(enlarged: Callable[[str], Page]) -> None:
    root = enlarged("plane").locator(".plane").first
    root.locator(".title").filter(has_text="ircle").wait_for()
    root.dispatch_event("describe")
    shapes = json.loads(root.get_attribute("data-shapes") or "null")
    sheet = root.locator(".sheet").evaluate("e => e.getBoundingClientRect().x")
    assert shapes["frame"][0] - sheet == 60 * LARGE / 16, "room for the numbers of the axis"
    upright = [bottom - top for (_, top, _, bottom) in (label["box"] for label in shapes["labels"])]
    assert min(upright) >= 1.2 * SMALLEST["plane"] * LARGE / 16 - 1e-6
