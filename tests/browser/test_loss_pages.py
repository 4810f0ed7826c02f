"""The pages of boundaries, of the frozen batch, and the glossary: sliders move what the pictures show."""

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from cl_core.losses import LOSSES
from tests.browser.app_page import IDLE, navigate, wait_for, wait_until_steady

pytestmark = pytest.mark.browser

SLOW = 60_000
# the page shows the result of a run a few milliseconds after its end
DRAWN = "() => new Promise((done) => setTimeout(() => requestAnimationFrame(done), 100))"


class LossPage:
    """An open page, its pictures and its sliders."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def pictures(self, kind: str) -> Locator:
        return self.page.locator(f".{kind}")

    def slider(self, name: str, nth: int = 0) -> Locator:
        return self.page.get_by_role("slider", name=name).nth(nth)

    def value(self, name: str, nth: int = 0) -> float:
        return float(self.slider(name, nth).input_value())

    def press(self, name: str, keys: str, times: int = 1, nth: int = 0) -> None:
        """Move a slider by keys; what the pictures show follows with the script's run."""
        for _ in range(times):
            before = self.value(name, nth)
            self.slider(name, nth).press(keys)
            self.until(lambda: self.value(name, nth) != before)  # noqa: B023  (waited for at once)

    def until(self, condition: Callable[[], Any], seconds: float = 30.0) -> None:
        wait_for(self.page, condition, seconds)

    def shapes(self, nth: int = 0) -> dict[str, Any]:
        """Return what a plane says that it shows."""
        plane = self.pictures("plane").nth(nth)
        self.until(lambda: plane.get_attribute("data-moving") == "false")
        plane.dispatch_event("describe")
        shapes: dict[str, Any] = json.loads(plane.get_attribute("data-shapes") or "null")
        return shapes

    def boundary(self, nth: int = 0) -> np.ndarray:
        """Return the points of the decision boundary that a plane draws, (n, 2)."""
        curve = next(curve for curve in self.shapes(nth)["curves"] if curve["role"] == "boundary")
        points = np.array([[math.nan if v is None else v for v in point] for point in _pairs(curve["points"])], float)
        return points[np.isfinite(points).all(axis=1)]


def _pairs(flat: list[Any]) -> list[Any]:
    """Return points as pairs, whether they come as pairs or one number after the other."""
    return flat if flat and isinstance(flat[0], list) else list(zip(flat[::2], flat[1::2], strict=True))


@pytest.fixture
def visit(open_page: Callable[..., Page]) -> Callable[..., LossPage]:
    """`visit("boundaries?loss=circle") -> view`: that address, as soon as it has such a picture."""

    def visit_(address: str, picture: str = "plane", **settings: Any) -> LossPage:
        page = open_page(address, **settings)
        view = LossPage(page)
        if picture:
            view.pictures(picture).first.wait_for(timeout=SLOW)
            page.wait_for_function(IDLE, timeout=SLOW, polling=20)
            page.evaluate(DRAWN)
        return view

    return visit_


def test_circle_boundary_has_radius_sqrt_2_m_at_every_slider_position(visit):
    view = visit("boundaries?loss=circle&margin=0.25")

    def is_circle(m: float) -> bool:
        points = view.boundary()
        arc, line = points[points[:, 0] > -m + 1e-6], points[points[:, 0] < -m - 1e-6]
        on_circle = np.allclose(np.hypot(arc[:, 0], arc[:, 1] - 1), math.sqrt(2) * m, atol=1e-5)
        return len(arc) > 50 and on_circle and np.allclose(line[:, 1], 1 - m, atol=1e-5)

    for key in ("ArrowRight", "End", "Home"):
        view.press("margin", key)
        m = view.value("margin")
        view.until(lambda m=m: is_circle(m))
        expect(view.page.get_by_text("The boundary is an arc of the circle")).to_be_visible()


def test_am_softmax_boundary_is_shifted_by_m(visit):
    view = visit("boundaries?loss=am_softmax&margin=0.1")
    for times in (0, 1):
        view.press("margin", "PageUp", times)
        m = view.value("margin")
        view.until(lambda m=m: np.allclose(np.subtract(*view.boundary().T), -m, atol=1e-5))
        assert len(view.boundary()) > 50


def test_l_softmax_wedge_is_the_angle_over_m_plus_one(visit):
    view = visit("boundaries?loss=l_softmax&plane=angles&margin=2", "wedge")
    wedge = view.pictures("wedge").first

    def number(name: str) -> float:
        return float(wedge.get_attribute(f"data-{name}") or "nan")

    def agrees(m: float) -> bool:
        return math.isclose(number("wedge"), number("between") / (m + 1), abs_tol=1e-3)

    def is_line(m: float) -> bool:
        theta_2, theta_1 = view.boundary().T
        inside = theta_1 < 180 / m
        return np.allclose(theta_2[inside], m * theta_1[inside], atol=0.01)

    for times in (0, 1):
        view.press("margin", "ArrowRight", times)
        m = view.value("margin")
        view.until(lambda m=m: agrees(m) and is_line(m))
    handle = wedge.get_by_role("slider").first
    handle.focus()
    handle.press("PageUp")
    handle.press("ArrowRight")
    view.until(lambda: number("between") == 71 and agrees(3))  # drawn with the next animation frame
    assert math.isclose(number("margin"), 71 * 2 / 4, abs_tol=1e-2)


def test_slider_keeps_zoom_and_mounted_component(visit):
    view = visit("boundaries?loss=circle")
    plane = view.pictures("plane").first
    plane.evaluate("(root) => { root.dataset.mine = 'yes'; }")
    plane.get_by_role("button", name="Zoom in").click()
    view.until(lambda: float(plane.get_attribute("data-zoom") or "1") > 1)
    zoom = plane.get_attribute("data-zoom")
    boundary = view.boundary()
    view.press("margin", "ArrowRight", 2)
    view.until(lambda: not np.array_equal(view.boundary(), boundary))
    assert plane.get_attribute("data-zoom") == zoom
    assert plane.get_attribute("data-mine") == "yes"


def test_pinned_point_has_exact_values_and_becomes_code(visit):
    view = visit("boundaries?loss=circle&margin=0.25&scale=32")
    plane = view.pictures("plane").first
    canvas = plane.locator("canvas").first
    box = canvas.bounding_box()
    assert box
    canvas.click(position={"x": box["width"] * 0.6, "y": box["height"] * 0.5})
    view.until(lambda: plane.get_attribute("data-kept") == "true")
    s_n, s_p, shown = (float(plane.get_attribute(f"data-{name}") or "nan") for name in ("x", "y", "loss"))
    a_p, a_n = 1.25 - s_p, max(s_n + 0.25, 0)
    gap = 32 * (a_n * (s_n - 0.25) - a_p * (s_p - 0.75))  # the paper's formula
    assert math.isclose(shown, np.logaddexp(0, gap), rel_tol=1e-4)
    slope = 32 / (1 + math.exp(-gap))
    assert math.isclose(float(plane.get_attribute("data-dx") or "nan"), slope * a_n, rel_tol=1e-3, abs_tol=1e-6)
    assert math.isclose(float(plane.get_attribute("data-dy") or "nan"), -slope * a_p, rel_tol=1e-3)
    view.page.get_by_text("Code for these values", exact=True).click()
    expect(view.page.get_by_text("plain PyTorch", exact=True)).to_be_visible()
    assert str(round(s_n, 2)) in view.page.get_by_test_id("stCode").first.inner_text()


def test_two_losses_share_the_hovered_point(visit):
    view = visit("boundaries?two=true&loss=supcon&loss_2=arcface")
    first, second = view.pictures("plane").nth(0), view.pictures("plane").nth(1)
    second.wait_for(timeout=SLOW)
    canvas = first.locator("canvas").first
    box = canvas.bounding_box()
    assert box
    view.page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.4)
    view.until(lambda: first.get_attribute("data-x") is not None)
    view.until(lambda: second.get_attribute("data-x") == first.get_attribute("data-x"))
    assert second.get_attribute("data-loss") != first.get_attribute("data-loss")


def test_another_loss_takes_its_own_defaults_instead_of_the_links(visit):
    view = visit("boundaries?loss=am_softmax&margin=0.4&scale=20")
    choice = view.page.get_by_role("combobox", name="loss").first
    choice.click()
    choice.fill("arcface")
    choice.press("Enter")
    view.until(lambda: view.value("margin") == 0.5)
    view.until(lambda: view.value("scale") == 64)
    view.until(lambda: "margin" not in view.page.url)
    view.page.reload()
    view.pictures("plane").first.wait_for(timeout=SLOW)
    view.until(lambda: view.value("margin") == 0.5)


def test_labels_never_collide(visit):
    view = visit("boundaries")
    parameters = {"circle": "&margin=0.05", "pccl": "&xi=5", "triplet": "&margin=0.05", "contrastive": ""}
    for key, parameter in parameters.items():
        navigate(view.page, f"boundaries?loss={key}{parameter}")
        view.pictures("plane").locator(".title").get_by_text(LOSSES[key].title).wait_for(timeout=SLOW)
        labels = view.shapes()["labels"]
        boxes = [label["box"] for label in labels]
        for i, (left, top, right, bottom) in enumerate(boxes):
            for other_left, other_top, other_right, other_bottom in boxes[:i]:
                apart = right <= other_left + 1 or other_right <= left + 1 or bottom <= other_top + 1
                assert apart or other_bottom <= top + 1, (key, labels)


def test_gradient_step_moves_the_batch_and_can_be_undone(visit):
    view = visit("batch?loss=supcon&loss_2=am_softmax&images=32", "batch")
    page = view.page
    expect(view.pictures("batch")).to_have_count(2, timeout=SLOW)

    def tiles() -> list[str]:
        return page.get_by_test_id("stMetricValue").all_inner_texts()

    expect(page.get_by_test_id("stMetricValue")).to_have_count(8)
    before = tiles()
    page.get_by_role("button", name="Apply a gradient step").click()
    view.until(lambda: page.get_by_test_id("stMetricDelta").count() >= 8)
    after = tiles()
    assert float(after[0]) < float(before[0])
    assert float(after[4]) < float(before[4])
    view.until(lambda: "steps=1" in page.url)
    page.get_by_role("button", name="Undo").click()
    view.until(lambda: tiles() == before)


def test_slider_moves_the_forces_and_an_image_has_a_strongest_partner(visit):
    view = visit("batch?loss=supcon&two=false&images=32", "batch")
    scene = view.pictures("batch").first
    expect(view.page.get_by_text("Strongest pairs")).to_be_visible()
    strength = view.page.get_by_text("strongest force").inner_text()
    view.press("temperature", "ArrowRight", 3)
    view.until(lambda: view.page.get_by_text("strongest force").inner_text() != strength)
    canvas = scene.locator("[tabindex='0']").first
    canvas.focus()
    canvas.press("ArrowRight")
    view.until(lambda: scene.get_attribute("data-anchor") not in (None, ""))
    assert math.isfinite(float(scene.get_attribute("data-w") or "nan"))


def test_link_to_a_margin_that_cannot_be_met_warns_and_trains(visit):
    """Every other loss trains in tests/pages/test_training_page.py."""
    query = "engine=server&loss=am_softmax&dim=2&dataset=blobs&encoder=mlp&batch=32&points=500"
    view = visit(f"training?{query}", "embedding")
    expect(view.page.get_by_text("can have a margin of 0.191 at most")).to_be_visible(timeout=SLOW)
    view.page.get_by_role("button", name="Start", exact=True).click(timeout=SLOW)
    root = view.pictures("embedding").first
    view.until(lambda: int(root.get_attribute("data-frames") or "0") > 5, 60)
    expect(view.page.get_by_text(LOSSES["am_softmax"].title).first).to_be_visible()


@pytest.mark.parametrize("query", ["", "loss=arcface&margin=0.3"])
def test_boundary_page_leads_to_training_with_the_same_loss(visit, query):
    view = visit(f"boundaries?{query}")
    key, margin = view.page.get_by_role("combobox", name="loss").first.input_value(), view.value("margin")
    view.page.get_by_role("link", name="Train with it").click()
    view.pictures("embedding").first.wait_for(timeout=SLOW)
    view.until(lambda: "/training" in view.page.url)
    expect(view.page.get_by_role("combobox", name="loss")).to_have_value(key)
    view.until(lambda: view.value("margin") == margin)


def test_pages_are_not_wider_than_a_phone(visit):
    view = visit("boundaries?two=true", width=390, height=844)
    for address, picture in (("boundaries?two=true", "plane"), ("batch", "batch"), ("glossary", "")):
        navigate(view.page, address)
        if picture:
            expect(view.pictures(picture)).to_have_count(2, timeout=SLOW)
        else:
            expect(view.page.locator(".stGraphVizChart")).to_be_visible(timeout=SLOW)
            expect(view.page.get_by_text(LOSSES["circle"].title).first).to_be_visible()
        wait_until_steady(view.page)
        main = view.page.get_by_test_id("stMain")
        assert main.evaluate("(e) => e.scrollWidth <= e.clientWidth + 1"), address
