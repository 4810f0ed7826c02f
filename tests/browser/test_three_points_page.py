"""Points and class weights on the page of retrieval: found from the start page, moved by pointer and by keyboard."""

import math
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from cl_core.analysis.point_scene import point_scene
from tests.browser.app_page import TIMEOUT, wait_for
from tests.browser.component import Component

pytestmark = pytest.mark.browser


class PointsView(Component):
    """The picture of points on an open page."""

    kind, sign = "points", "points"

    @property
    def points(self) -> list[tuple[float, float]]:
        numbers = [float(x) for x in self.data("points").split()]
        return list(zip(numbers[::2], numbers[1::2], strict=True))

    @property
    def weights(self) -> list[float]:
        return [float(x) for x in self.data("weights").split()]

    def handle(self, name: str) -> Locator:
        return self.root.get_by_role("slider", name=name)

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Return a place of the plane in page coordinates."""
        box = self.root.locator('[data-part="unit"]').bounding_box()
        assert box
        radius = box["width"] / 2
        return box["x"] + radius * (1 + x), box["y"] + radius * (1 - y)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.page.mouse.move(*self.place(*start))
        self.page.mouse.down()
        self.page.mouse.move(*self.place(*end), steps=6)

    def expect_facts_of_python(self, labels: list[int], margin: float = 0.0, measure: str = "cosine") -> None:
        facts = point_scene(self.points, labels, self.weights, margin, measure)
        for name in ("classified", "retrieved", "met"):
            wanted = " ".join(str(int(value)) for value in getattr(facts, name))
            expect(self.root).to_have_attribute(f"data-{name}", wanted)


def opened(page: Page) -> PointsView:
    expect(page.locator(".points[data-points]")).to_be_visible(timeout=TIMEOUT)
    return PointsView(page)


def test_points_are_dragged_from_the_start_page(open_page: Callable[..., Page]) -> None:
    page = open_page("")
    page.get_by_role("link", name="Three points").click()
    view = opened(page)
    cells = view.root.locator(".sums dd")
    expect(cells.nth(0)).to_have_text("3 of 3")
    expect(cells.nth(1)).to_have_text("1 of 3")
    expect(view.root.locator(".why")).to_contain_text("z2: classified correctly, but the nearest neighbour is")
    expect(view.root.locator(".link.wrong")).to_have_count(2)
    # the picture follows the pointer before anything is sent
    view.drag(view.points[1], (-0.9, 0.55))
    expect(cells.nth(1)).to_have_text("2 of 3")
    view.expect_facts_of_python([0, 0, 1])
    assert "places" not in page.url
    page.mouse.up()
    page.wait_for_url(re.compile("places="))
    # the same by keyboard, back across the boundary: now it is classified wrongly
    view.handle("point z2").focus()
    for _ in range(20):
        page.keyboard.press("ArrowRight")
    expect(cells.nth(0)).to_have_text("2 of 3")
    view.expect_facts_of_python([0, 0, 1])
    wait_for(page, lambda: "0.1" in page.url.split("places=")[1])
    # a class weight turns, and with it the boundary
    degrees = view.weights[0]
    view.handle("class weight W1").focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowLeft")
    wait_for(page, lambda: view.weights[0] == degrees - 9)
    page.wait_for_url(re.compile("weights=131"))
    view.expect_facts_of_python([0, 0, 1])
    place = (math.cos(math.radians(131)), math.sin(math.radians(131)))
    view.drag(place, (-1, 0))
    wait_for(page, lambda: view.weights[0] == 180)
    page.mouse.up()
    page.wait_for_url(re.compile("weights=180"))
    view.expect_facts_of_python([0, 0, 1])
    page.get_by_role("button", name="Reset the points").click()
    wait_for(page, lambda: "places" not in page.url and "weights" not in page.url)
    expect(cells.nth(0)).to_have_text("3 of 3")


def test_margin_narrows_the_regions_and_points_move_into_them(open_page: Callable[..., Page]) -> None:
    page = open_page("retrieval")
    view = opened(page)
    expect(view.button("Move all points to where the margin is met")).to_be_hidden()
    expect(view.root.locator(".key li").last).to_be_hidden()
    page.get_by_role("radio", name="AM-softmax").click()
    expect(view.root).to_have_attribute("data-margin", "0.35")
    view.expect_facts_of_python([0, 0, 1], 0.35)
    met = view.root.locator('[data-cell="met"] dd')
    expect(met).to_have_text("1 of 3")
    expect(view.root.locator("path.margin").first).to_have_attribute("d", re.compile("^M"))
    view.button("Move all points to where the margin is met").press("Enter")
    expect(met).to_have_text("3 of 3")
    view.expect_facts_of_python([0, 0, 1], 0.35)
    page.wait_for_url(re.compile("places="))
    # the picture follows the slider while it is held
    slider = page.get_by_role("slider", name="margin")
    box = slider.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + box["height"] / 2, steps=5)
    wait_for(page, lambda: view.number("margin") > 0.8)
    held = view.number("margin")
    view.expect_facts_of_python([0, 0, 1], held)
    assert "margin=" not in page.url, "nothing is sent while the slider is held"
    page.mouse.up()
    page.wait_for_url(re.compile("margin="))
    slider.press("End")
    expect(view.root).to_have_attribute("data-margin", "1.5")
    expect(view.root).to_have_attribute("data-certain", "true")
    expect(view.root.locator(".why")).to_contain_text("the nearest neighbour is correct wherever")
