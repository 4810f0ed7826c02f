"""The boundary page, the frozen batch and the glossary in a real browser: sliders move what the figure holds."""

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from cl_core.losses import LOSSES

pytestmark = pytest.mark.browser

SLOW = 60_000
# counts how often Python has answered
COUNT = """() => {
    const app = document.querySelector('[data-testid="stApp"]');
    window.answers = 0;
    new MutationObserver(() => (window.answers += app.dataset.testScriptState === 'notRunning')).observe(
        app, { attributes: true, attributeFilter: ['data-test-script-state'] });
}"""
IDLE = """() => document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === 'notRunning'"""
# the page takes in an answer a few milliseconds after its end
DRAWN = "() => new Promise((done) => setTimeout(() => requestAnimationFrame(done), 100))"


class Lesson:
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
        """Move a slider by keys, one at a time as its page answers each."""
        for _ in range(times):
            before = self.value(name, nth)
            answers = self.page.evaluate("window.answers")
            self.slider(name, nth).press(keys)
            self.until(lambda: self.value(name, nth) != before)  # noqa: B023  (waited for at once)
            self.page.wait_for_function(f"window.answers > {answers}", timeout=SLOW)
            self.page.evaluate(DRAWN)

    def until(self, seen: Callable[[], Any], seconds: float = 30.0) -> None:
        for _ in range(int(seconds / 0.1)):
            if seen():
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"not seen in {seconds} s: {self.page.inner_text('body')[:1500]}")

    def shapes(self, nth: int = 0) -> dict[str, Any]:
        plane = self.pictures("plane").nth(nth)
        self.until(lambda: plane.get_attribute("data-moving") == "false")
        plane.dispatch_event("describe")
        found: dict[str, Any] = json.loads(plane.get_attribute("data-shapes") or "null")
        return found

    def boundary(self, nth: int = 0) -> np.ndarray:
        curve = next(curve for curve in self.shapes(nth)["curves"] if curve["role"] == "boundary")
        points = np.array([[math.nan if v is None else v for v in point] for point in _points(curve["points"])], float)
        return points[np.isfinite(points).all(axis=1)]


def _points(flat: list[Any]) -> list[Any]:
    """Points as pairs, whether they come as pairs or one number after the other."""
    return flat if flat and isinstance(flat[0], list) else list(zip(flat[::2], flat[1::2], strict=True))


@pytest.fixture
def visit(window: Callable[..., Page], serve: Callable[..., str]) -> Callable[..., Lesson]:
    """`visit("boundaries?loss=circle")`: that page, as soon as it has such a picture."""

    def open_(address: str, picture: str = "plane", **size: int) -> Lesson:
        page = window(**size)
        page.goto(f"{serve('app.py')}/{address}")
        lesson = Lesson(page)
        if picture:
            lesson.pictures(picture).first.wait_for(timeout=SLOW)
            page.wait_for_function(IDLE, timeout=SLOW)
            page.evaluate(DRAWN)
            page.evaluate(COUNT)
        return lesson

    return open_


def test_the_circle_has_radius_root_two_m_wherever_the_slider_is(visit):
    lesson = visit("boundaries?loss=circle&margin=0.25")
    for keys, times in (("ArrowRight", 5), ("End", 1), ("Home", 1)):
        lesson.press("margin", keys, times)
        m = lesson.value("margin")
        points = lesson.boundary()
        arc = points[points[:, 0] > -m + 1e-6]
        assert len(arc) > 50
        assert np.allclose(np.hypot(arc[:, 0], arc[:, 1] - 1), math.sqrt(2) * m, atol=1e-5)
        assert np.allclose(points[points[:, 0] < -m - 1e-6][:, 1], 1 - m, atol=1e-5)
        expect(lesson.page.get_by_text("The boundary is an arc of the circle")).to_be_visible()


def test_am_softmax_shifts_its_line_by_m(visit):
    lesson = visit("boundaries?loss=am_softmax&margin=0.1")
    for times in (0, 7):
        lesson.press("margin", "ArrowRight", times)
        s_n, s_p = lesson.boundary().T
        assert len(s_n) > 50
        assert np.allclose(s_p - s_n, lesson.value("margin"), atol=1e-5)


def test_the_wedge_of_l_softmax_is_the_angle_over_m_plus_one(visit):
    lesson = visit("boundaries?loss=l_softmax&plane=angles&margin=2", "wedge")
    wedge = lesson.pictures("wedge").first

    def number(name: str) -> float:
        return float(wedge.get_attribute(f"data-{name}") or "nan")

    for times in (0, 1, 1):
        lesson.press("margin", "ArrowRight", times)
        m = lesson.value("margin")
        lesson.until(lambda m=m: math.isclose(number("wedge"), number("between") / (m + 1), abs_tol=1e-3))
        theta_2, theta_1 = lesson.boundary().T
        inside = theta_1 < 180 / m
        assert np.allclose(theta_2[inside], m * theta_1[inside], atol=0.01)
    handle = wedge.get_by_role("slider").first
    handle.focus()
    handle.press("PageUp")
    handle.press("ArrowRight")
    lesson.until(lambda: number("between") != 60 and wedge.get_attribute("data-moving") == "false")
    assert math.isclose(number("wedge"), number("between") / 5, abs_tol=1e-3)
    assert math.isclose(number("margin"), number("between") * 3 / 5, abs_tol=1e-2)


def test_zoom_and_cross_hair_outlive_the_slider_and_nothing_is_mounted_anew(visit):
    lesson = visit("boundaries?loss=circle")
    plane = lesson.pictures("plane").first
    plane.evaluate("(root) => { root.dataset.mine = 'yes'; }")
    plane.get_by_role("button", name="Zoom in").click()
    zoom = plane.get_attribute("data-zoom")
    assert float(zoom or "1") > 1
    lesson.press("margin", "ArrowRight", 2)
    assert plane.get_attribute("data-zoom") == zoom
    assert plane.get_attribute("data-mine") == "yes"


def test_the_place_that_is_kept_is_read_exactly_and_becomes_code(visit):
    lesson = visit("boundaries?loss=circle&margin=0.25&scale=32")
    plane = lesson.pictures("plane").first
    canvas = plane.locator("canvas").first
    box = canvas.bounding_box()
    assert box
    canvas.click(position={"x": box["width"] * 0.6, "y": box["height"] * 0.5})
    lesson.until(lambda: plane.get_attribute("data-kept") == "true")
    s_n, s_p, shown = (float(plane.get_attribute(f"data-{name}") or "nan") for name in ("x", "y", "loss"))
    a_p, a_n = 1.25 - s_p, max(s_n + 0.25, 0)
    gap = 32 * (a_n * (s_n - 0.25) - a_p * (s_p - 0.75))  # the paper's formula
    assert math.isclose(shown, np.logaddexp(0, gap), rel_tol=1e-4)
    slope = 32 / (1 + math.exp(-gap))
    assert math.isclose(float(plane.get_attribute("data-dx") or "nan"), slope * a_n, rel_tol=1e-3, abs_tol=1e-6)
    assert math.isclose(float(plane.get_attribute("data-dy") or "nan"), -slope * a_p, rel_tol=1e-3)
    lesson.page.get_by_text("As code", exact=True).click()
    expect(lesson.page.get_by_text("plain PyTorch", exact=True)).to_be_visible()
    assert str(round(s_n, 2)) in lesson.page.get_by_test_id("stCode").first.inner_text()


def test_two_losses_share_the_cross_hair(visit):
    lesson = visit("boundaries?two=true&loss=supcon&loss_2=arcface")
    first, second = lesson.pictures("plane").nth(0), lesson.pictures("plane").nth(1)
    second.wait_for(timeout=SLOW)
    canvas = first.locator("canvas").first
    box = canvas.bounding_box()
    assert box
    lesson.page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.4)
    lesson.until(lambda: first.get_attribute("data-x") is not None)
    lesson.until(lambda: second.get_attribute("data-x") == first.get_attribute("data-x"))
    assert second.get_attribute("data-loss") != first.get_attribute("data-loss")


def test_another_loss_takes_its_own_defaults_though_the_address_says_otherwise(visit):
    lesson = visit("boundaries?loss=am_softmax&margin=0.4&scale=20")
    choice = lesson.page.get_by_role("combobox", name="loss").first
    choice.click()
    choice.fill("arcface")
    choice.press("Enter")
    lesson.until(lambda: lesson.value("margin") == 0.5)
    lesson.until(lambda: lesson.value("scale") == 64)
    lesson.until(lambda: "margin" not in lesson.page.url)
    lesson.page.reload()
    lesson.pictures("plane").first.wait_for(timeout=SLOW)
    lesson.until(lambda: lesson.value("margin") == 0.5)


@pytest.mark.parametrize("link", ["circle&margin=0.05", "pccl&xi=5", "triplet&margin=0.05", "contrastive"])
def test_labels_never_collide(visit, link):
    labels = visit(f"boundaries?loss={link}").shapes()["labels"]
    boxes = [label["box"] for label in labels]
    for i, (left, top, right, bottom) in enumerate(boxes):
        for other_left, other_top, other_right, other_bottom in boxes[:i]:
            apart = right <= other_left + 1 or other_right <= left + 1 or bottom <= other_top + 1
            assert apart or other_bottom <= top + 1, labels


def test_a_gradient_step_moves_the_batch_and_can_be_taken_back(visit):
    lesson = visit("batch?loss=supcon&loss_2=am_softmax&images=32", "batch")
    page = lesson.page
    expect(lesson.pictures("batch")).to_have_count(2, timeout=SLOW)

    def tiles() -> list[str]:
        return page.get_by_test_id("stMetricValue").all_inner_texts()

    expect(page.get_by_test_id("stMetricValue")).to_have_count(8)
    before = tiles()
    page.get_by_role("button", name="Apply a gradient step").click()
    lesson.until(lambda: page.get_by_test_id("stMetricDelta").count() >= 8)
    after = tiles()
    assert float(after[0]) < float(before[0])
    assert float(after[4]) < float(before[4])
    lesson.until(lambda: "steps=1" in page.url)
    page.get_by_role("button", name="Take one back").click()
    lesson.until(lambda: tiles() == before)


def test_a_slider_moves_the_forces_and_an_image_says_who_pulls_it(visit):
    lesson = visit("batch?loss=supcon&two=false&images=32", "batch")
    scene = lesson.pictures("batch").first
    expect(lesson.page.get_by_text("Strongest pairs")).to_be_visible()
    strength = lesson.page.get_by_text("strongest force").inner_text()
    lesson.press("temperature", "ArrowRight", 3)
    lesson.until(lambda: lesson.page.get_by_text("strongest force").inner_text() != strength)
    canvas = scene.locator("[tabindex='0']").first
    canvas.focus()
    canvas.press("ArrowRight")
    lesson.until(lambda: scene.get_attribute("data-anchor") not in (None, ""))
    assert math.isfinite(float(scene.get_attribute("data-w") or "nan"))


@pytest.mark.parametrize("key", ["am_softmax", "l_softmax", "pccl"])
def test_a_link_trains_with_any_loss(visit, key):
    lesson = visit(f"training?loss={key}", "embedding")
    lesson.page.get_by_role("button", name="Start", exact=True).click(timeout=SLOW)
    root = lesson.pictures("embedding").first
    lesson.until(lambda: int(root.get_attribute("data-frames") or "0") > 5, 60)
    expect(lesson.page.get_by_text(LOSSES[key].title).first).to_be_visible()


@pytest.mark.parametrize("link", ["", "loss=arcface&margin=0.3"])
def test_what_one_looks_at_can_be_trained_with(visit, link):
    lesson = visit(f"boundaries?{link}")
    key, margin = lesson.page.get_by_role("combobox", name="loss").first.input_value(), lesson.value("margin")
    lesson.page.get_by_role("link", name="Train with it").click()
    lesson.pictures("embedding").first.wait_for(timeout=SLOW)
    lesson.until(lambda: "/training" in lesson.page.url)
    expect(lesson.page.get_by_role("combobox", name="loss")).to_have_value(key)
    lesson.until(lambda: lesson.value("margin") == margin)


def test_a_margin_that_cannot_be_met_is_said_before_the_run(visit):
    lesson = visit("training?loss=am_softmax&dim=2", "embedding")
    expect(lesson.page.get_by_text("can have a margin of 0.191 at most")).to_be_visible(timeout=SLOW)


def test_the_glossary_knows_every_loss(visit):
    lesson = visit("glossary", "")
    expect(lesson.page.get_by_text(LOSSES["circle"].title).first).to_be_visible(timeout=SLOW)


@pytest.mark.parametrize(
    ("address", "picture", "count"), [("boundaries?two=true", "plane", 2), ("batch", "batch", 2), ("glossary", "", 0)]
)
def test_nothing_is_wider_than_a_phone(visit, address, picture, count):
    lesson = visit(address, picture, width=390, height=844)
    if picture:
        expect(lesson.pictures(picture)).to_have_count(count)
    lesson.page.get_by_test_id("stMarkdown").nth(1).wait_for(timeout=SLOW)
    lesson.page.wait_for_function(IDLE, timeout=SLOW)
    lesson.page.evaluate(DRAWN)
    main = lesson.page.get_by_test_id("stMain")
    assert main.evaluate("(e) => e.scrollWidth <= e.clientWidth + 1")
