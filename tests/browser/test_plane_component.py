"""Plane component: it shows the numbers that Python sends, and keeps zoom and pinned point at new ones."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.app_page import wait_for
from tests.browser.component import Component
from tests.browser.scenes.plane import N, loss

pytestmark = pytest.mark.browser

Open = Callable[..., "Plane"]


class Plane(Component):
    """One of the two planes on an open page."""

    kind, sign = "plane", "zoom"

    def __init__(self, page: Page, index: int = 0) -> None:
        super().__init__(page, index)
        self.canvas = self.root.locator(".sheet")

    def shapes(self) -> dict[str, Any]:
        self.root.dispatch_event("describe")
        return json.loads(self.data("shapes") or "null")

    def values(self) -> np.ndarray:
        return np.array(self.shapes()["value"]).reshape(N, N)

    def expect_values(self, values: np.ndarray) -> None:
        """Wait until the field has these values, of which the browser has single precision."""
        expected = values.astype(np.float32)
        wait_for(self.page, lambda: np.allclose(self.values(), expected, rtol=1e-6, atol=0), seconds=30)
        np.testing.assert_allclose(self.values(), expected, rtol=1e-6)

    def page_position(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point of the plane is on the page."""
        shapes = self.shapes()
        left, top, right, bottom = shapes["frame"]
        x0, y0, x1, y1 = shapes["view"]
        return left + (x - x0) / (x1 - x0) * (right - left), bottom - (y - y0) / (y1 - y0) * (bottom - top)

    def hover(self, x: float, y: float) -> None:
        """Move the mouse to a point; again where the picture has moved meanwhile, as when the page's font arrives."""

        def arrived() -> bool:
            self.page.mouse.move(*self.page_position(x, y))
            self.wait_two_frames()
            return abs(self.number("x") - x) < 0.011 and abs(self.number("y") - y) < 0.011

        wait_for(self.page, arrived)

    def click(self, x: float, y: float) -> None:
        self.page.mouse.click(*self.page_position(x, y))

    def cell(self, name: str) -> Locator:
        return self.root.locator(f'[data-cell="{name}"] dd')

    def press_slider(self, name: str, key: str, times: int = 1) -> None:
        """Press a key on one of the page's sliders."""
        slider = self.page.locator(f'input[aria-label="{name}"]')
        slider.focus()
        for _ in range(times):
            self.page.keyboard.press(key)

    def expect_python(self, first: str, second: str = "None, None") -> None:
        expect(self.page.get_by_text(f"python sees {first} and {second}", exact=True)).to_be_visible()

    def expect_runs(self, n: int) -> None:
        expect(self.page.get_by_text(f"page runs: {n}", exact=True)).to_be_visible()

    def corner_colour(self) -> list[int]:
        """Return the background colour at the picture's corner."""
        return self.canvas.evaluate("e => [...e.getContext('2d').getImageData(3, e.height - 3, 1, 1).data]")

    def image_url(self) -> str:
        return self.canvas.evaluate("e => e.toDataURL()")

    def count_pixels(self, red: int, green: int, blue: int) -> int:
        """Return how many pixels have about this colour."""
        return self.canvas.evaluate(
            """(e, [red, green, blue]) => {
                const { data } = e.getContext('2d').getImageData(0, 0, e.width, e.height);
                let n = 0;
                for (let i = 0; i < data.length; i += 4)
                    n += Math.abs(data[i] - red) + Math.abs(data[i + 1] - green) + Math.abs(data[i + 2] - blue) < 24;
                return n;
            }""",
            [red, green, blue],
        )


@pytest.fixture
def open_scene(show_scene: Callable[..., Page]) -> Open:
    def open_(query: str = "", **settings: Any) -> Plane:
        plane = Plane(show_scene("plane", query, **settings))
        for one in (plane, plane.other()):
            one.until("d.moving === 'false'")
        plane.expect_runs(1)
        return plane

    return open_


def node(x: float, y: float) -> tuple[int, int]:
    """Return row and column of a point on the grid."""
    return round((y + 1) / 2 * (N - 1)), round((x + 1) / 2 * (N - 1))


@pytest.mark.parametrize(("scale", "hinge"), [(1, ""), (512, ""), (32, "&hinge=1")])
def test_readout_shows_loss_and_forces_that_python_computed(open_scene: Open, scale: int, hinge: str) -> None:
    plane = open_scene(f"scale={scale}{hinge}")
    expected = loss(scale, 0.25, hinge=bool(hinge))
    for x, y in [(0.5, -0.5), (-0.62, 0.98), (0.0, 1.0), (-1.0, -1.0), (0.16, 0.34)]:
        plane.hover(x, y)
        assert (plane.number("x"), plane.number("y")) == (x, y)
        at = node(x, y)
        for name, key, sign in (("loss", "value", 1), ("dx", "force_x", -1), ("dy", "force_y", -1)):
            number = sign * float(np.float32(expected[key][at]))
            assert plane.number(name) == pytest.approx(number, rel=1e-7)
            text = plane.cell(name).inner_text()
            power = "".join(str("⁰¹²³⁴⁵⁶⁷⁸⁹".index(c)) if c in "⁰¹²³⁴⁵⁶⁷⁸⁹" else "-" for c in text.partition("·10")[2])
            shown = float(text.partition("·10")[0].replace("−", "-")) * 10 ** int(power or 0)
            assert shown == pytest.approx(number, rel=5.1e-4), "four significant digits"
        side = "violated" if expected["violated"][at] else "satisfied"
        assert plane.data("side") == side
        expect(plane.cell("side")).to_have_text(side)
    plane.page.mouse.move(2, 2)
    plane.until("!('x' in d)")
    expect(plane.root.locator(".hint")).to_be_visible()


def test_new_field_is_reached_by_an_animation(open_scene: Open) -> None:
    plane = open_scene("scale=8", motion=True)
    before = plane.values()
    plane.advance_time_by_frames()
    plane.root.evaluate(
        """root => {
            root.mounted = true;
            window.valuesOnTheWay = [];
            new MutationObserver(() => {
                if (root.dataset.moving !== 'true') return;
                root.dispatchEvent(new Event('describe'));
                valuesOnTheWay.push(JSON.parse(root.dataset.shapes).value[0]);
            }).observe(root, { attributeFilter: ['data-moving'] });
        }"""
    )
    plane.press_slider("scale", "ArrowRight")
    plane.expect_runs(2)
    plane.page.wait_for_function("valuesOnTheWay.length > 0")
    plane.until("d.moving === 'false'")
    after = loss(16, 0.25)["value"].astype(np.float32)
    plane.expect_values(after)
    first = plane.page.evaluate("valuesOnTheWay[0]")
    assert min(before[0, 0], after[0, 0]) <= first < max(before[0, 0], after[0, 0]), (
        "the first frame lies between the two fields"
    )
    assert plane.root.evaluate("e => e.mounted"), "not remounted"


def test_quick_changes_end_at_the_last_field(open_scene: Open) -> None:
    plane = open_scene("m=0.1", motion=True)
    plane.press_slider("margin", "ArrowRight", 5)
    plane.expect_values(loss(32, 0.35)["value"])
    plane.until("d.moving === 'false'")
    boundary = next(np.array(c["points"], float) for c in plane.shapes()["curves"] if c["role"] == "boundary")
    vertices = boundary.reshape(-1, 2)[~np.isnan(boundary.reshape(-1, 2)).any(1)]
    np.testing.assert_allclose(np.hypot(vertices[:, 0], vertices[:, 1] - 1), 0.35 * np.sqrt(2), atol=1e-6)


def test_reduced_motion_shows_a_new_field_without_animation(open_scene: Open) -> None:
    plane = open_scene("scale=8")
    plane.watch_motion()
    plane.press_slider("scale", "ArrowRight")
    plane.expect_values(loss(16, 0.25)["value"])
    assert not plane.has_moved()


def test_zoom_pan_and_pinned_point_survive_new_fields(open_scene: Open) -> None:
    plane = open_scene()
    plane.hover(0.2, 0.6)
    x, y = plane.page_position(0.2, 0.6)
    for _ in range(4):
        plane.page.mouse.wheel(0, -120)
    plane.until("Number(d.zoom) > 2.5")
    zoomed = plane.page_position(0.2, 0.6)
    assert zoomed == pytest.approx((x, y), abs=2), "zooming keeps the point under the pointer"
    plane.page.mouse.down()
    plane.page.mouse.move(x - 50, y + 30, steps=4)
    plane.page.mouse.up()
    assert plane.page_position(0.2, 0.6) == pytest.approx((zoomed[0] - 50, zoomed[1] + 30), abs=1)
    assert plane.data("kept") == "false", "a drag does not pin"
    plane.click(0.3, 0.5)
    plane.expect_python("0.3, 0.5")
    zoom, view = plane.data("zoom"), plane.shapes()["view"]
    plane.press_slider("scale", "ArrowRight", 2)
    there = loss(256, 0.25)["value"][node(0.3, 0.5)]
    plane.until(f"Math.abs(d.loss / {there} - 1) < 1e-5")
    assert plane.data("zoom") == zoom
    assert plane.shapes()["view"] == view
    assert (plane.number("x"), plane.number("y"), plane.data("kept")) == (0.3, 0.5, "true")
    plane.canvas.press("0")
    plane.until("d.zoom === '1.000' && d.held === 'false'")
    plane.expect_python("0.3, 0.5")


def test_view_is_clamped_to_the_plane(open_scene: Open) -> None:
    plane = open_scene()
    for _ in range(5):
        plane.button("Zoom in (+)").click()
    plane.until("d.zoom === '3.052'")
    x, y = plane.page_position(*np.reshape(plane.shapes()["view"], (2, 2)).mean(0))
    plane.page.mouse.move(x, y)
    plane.page.mouse.down()
    plane.page.mouse.move(x + 3000, y - 2000, steps=3)
    plane.page.mouse.up()
    left, bottom, right, _ = plane.shapes()["view"]
    assert (left, bottom) == pytest.approx((-1, -1), abs=1e-9)
    assert right - left == pytest.approx(2 / 1.25**5)
    for _ in range(9):
        plane.canvas.press("-")
    plane.until("d.zoom === '1.000'")
    assert plane.shapes()["view"] == pytest.approx([-1, -1, 1, 1])
    assert plane.button("Zoom out (−)").is_disabled()


def test_pinned_point_is_sent_once_and_can_be_unpinned(open_scene: Open) -> None:
    plane = open_scene()
    plane.click(-0.5, 0.1)
    plane.until("d.kept === 'true'")
    plane.expect_python("-0.5, 0.1")
    plane.expect_runs(2)
    plane.page.mouse.move(*plane.page_position(0.5, 0.5))
    plane.wait_two_frames()
    assert (plane.number("x"), plane.number("y")) == (-0.5, 0.1), "hovering does not move a pinned point"
    plane.page.get_by_role("button", name="rerun").click()
    plane.expect_runs(3)
    plane.expect_python("-0.5, 0.1")
    assert plane.data("kept") == "true"
    plane.click(0.4, 0.2)
    plane.expect_python("0.4, 0.2")
    plane.expect_runs(4)
    plane.click(0.4, 0.2)
    plane.expect_python("None, None")
    assert plane.data("kept") == "false"
    plane.expect_runs(5)


def test_double_click_resets_the_zoom_and_leaves_the_pin(open_scene: Open) -> None:
    plane = open_scene()
    for _ in range(3):
        plane.button("Zoom in (+)").click()
    plane.click(0.1, 0.1)
    plane.expect_python("0.1, 0.1")
    plane.page.mouse.dblclick(*plane.page_position(-0.2, 0.2))
    plane.until("d.zoom === '1.000'")
    plane.page.wait_for_timeout(500)
    plane.expect_python("0.1, 0.1")
    plane.expect_runs(2)
    plane.click(0.5, 0.5)  # a single click still pins
    plane.expect_python("0.5, 0.5")


def test_group_shares_hovered_and_pinned_points(open_scene: Open) -> None:
    plane = open_scene("group=pair")
    other = plane.other()
    plane.hover(0.3, -0.2)
    other.until("d.x === '0.3' && d.y === '-0.2'")
    assert other.number("loss") == pytest.approx(loss(1, 0.25)["value"][node(0.3, -0.2)], rel=1e-6)
    assert plane.number("loss") == pytest.approx(loss(32, 0.25)["value"][node(0.3, -0.2)], rel=1e-6)
    other.click(0.1, 0.9)
    plane.until("d.kept === 'true' && d.x === '0.1'")
    plane.expect_python("0.1, 0.9", "0.1, 0.9")
    plane.canvas.press("Escape")
    other.until("d.kept === 'false'")
    plane.expect_python("None, None")


def test_planes_without_a_group_are_independent(open_scene: Open) -> None:
    plane = open_scene()
    plane.click(0.3, -0.2)
    plane.expect_python("0.3, -0.2")
    assert plane.other().data("x") == ""


def test_keys_move_pin_and_zoom(open_scene: Open) -> None:
    plane = open_scene()
    plane.button("Contours").focus()
    plane.page.keyboard.press("Tab")
    expect(plane.canvas).to_be_focused()
    plane.page.keyboard.press("ArrowRight")
    plane.until("d.x === '0' && d.y === '0'")
    plane.page.keyboard.press("ArrowRight")
    plane.page.keyboard.press("Shift+ArrowUp")
    plane.until("d.x === '0.02' && d.y === '0.2'")
    expected_loss = loss(32, 0.25)["value"][node(0.02, 0.2)]
    expect(plane.root.locator(".spoken")).to_contain_text(f"sₙ 0.02, sₚ 0.2, L {expected_loss:.2f}")
    expect(plane.root.locator(".spoken")).to_contain_text("violated")
    plane.page.keyboard.press("Enter")
    plane.expect_python("0.02, 0.2")
    expect(plane.root.locator(".spoken")).to_contain_text("pinned")
    plane.page.keyboard.press("ArrowLeft")
    plane.expect_python("0.0, 0.2")
    plane.page.keyboard.press("Escape")
    plane.expect_python("None, None")
    for _ in range(3):
        plane.page.keyboard.press("+")
    plane.until("d.zoom === '1.953'")
    for _ in range(12):
        plane.page.keyboard.press("Shift+ArrowLeft")
    plane.until("d.x === '-1'")
    assert plane.shapes()["view"][0] == pytest.approx(-1), "the view follows the point"
    assert plane.canvas.get_attribute("aria-label") == "Circle loss with margin 0.25 and scale 32"
    assert "Arrow keys" in (plane.canvas.get_attribute("aria-description") or "")


SETTINGS = [
    "scale=1",
    "scale=32&pairs=400",
    "scale=512&m=0.5",
    "m=0.05&scale=8",
    "m=0",
    "hinge=1&m=0",
    "hinge=1&m=0.3&pairs=40",
    "angles=1&height=380",
]


@pytest.mark.parametrize(("query", "width"), [(query, (1280, 400)[i % 2]) for i, query in enumerate(SETTINGS)])
def test_labels_neither_overlap_nor_leave_the_frame(open_scene: Open, query: str, width: int) -> None:
    plane = open_scene(query, width=width)
    for one in (plane, plane.other()):
        for _ in range(3):
            shapes = one.shapes()
            left, top, right, bottom = shapes["frame"]
            boxes = np.array([label["box"] for label in shapes["labels"]])
            assert len(boxes)
            assert (boxes[:, :2] >= [left, top]).all()
            assert (boxes[:, 2:] <= [right, bottom]).all()
            for i, a in enumerate(boxes):
                for b in boxes[:i]:
                    apart = a[0] >= b[2] or b[0] >= a[2] or a[1] >= b[3] or b[1] >= a[3]
                    assert apart, (shapes["labels"][i], b)
            one.button("Zoom in (+)").click()
            one.button("Zoom in (+)").click()


@pytest.mark.parametrize("scale", [1, 32, 512])
def test_contour_levels_are_few_and_round(open_scene: Open, scale: int) -> None:
    levels = open_scene(f"scale={scale}").shapes()["levels"]
    assert 4 <= len(levels) <= 13
    assert levels == sorted(set(levels))
    for level in levels:
        digits = f"{level:.6e}".split("e")[0].rstrip("0").replace(".", "")
        assert len(digits) <= 3, f"{level} is not round"


def test_layers_can_be_hidden(open_scene: Open) -> None:
    plane = open_scene("pairs=400")
    orange, with_pairs = (213, 94, 0), plane.image_url()
    assert plane.count_pixels(*orange) > 1000
    assert (plane.data("points"), int(plane.data("violated") or 0) > 100) == ("400", True)
    assert plane.other().button("Pairs").count() == 0, "this plane has no pairs"
    plane.button("Pairs").click()
    expect(plane.button("Pairs")).to_have_attribute("aria-pressed", "false")
    plane.wait_two_frames()
    assert plane.count_pixels(*orange) < 20
    images = {with_pairs, plane.image_url()}
    for name in ("Forces", "Contours"):
        plane.button(name).click()
        plane.wait_two_frames()
        images.add(plane.image_url())
    assert len(images) == 4
    assert not [label for label in plane.shapes()["labels"] if label["key"].startswith("level")]
    plane.press_slider("scale", "ArrowRight")
    plane.expect_runs(2)
    expect(plane.button("Forces")).to_have_attribute("aria-pressed", "false")


def test_tap_pins_and_pinch_zooms(open_scene: Open) -> None:
    plane = open_scene(width=400, phone=True)
    plane.canvas.scroll_into_view_if_needed()
    plane.page.touchscreen.tap(*plane.page_position(-0.4, 0.2))
    plane.until("d.kept === 'true'")
    assert (plane.number("x"), plane.number("y")) == pytest.approx((-0.4, 0.2), abs=0.021)
    plane.expect_python(f"{plane.number('x')}, {plane.number('y')}")
    x, y = plane.page_position(0, 0)
    pinch = """(e, [x, y]) => {
        const send = (type, id, dx) => e.dispatchEvent(new PointerEvent(type, {
            pointerId: id, pointerType: 'touch', clientX: x + dx, clientY: y, bubbles: true, button: 0,
        }));
        e.setPointerCapture = () => {};
        send('pointerdown', 11, -20); send('pointerdown', 12, 20);
        for (const dx of [30, 40, 60]) { send('pointermove', 11, -dx); send('pointermove', 12, dx); }
        send('pointerup', 11, -60); send('pointerup', 12, 60);
    }"""
    plane.canvas.evaluate(pinch, [x, y])
    plane.until("Number(d.zoom) > 2.9 && Number(d.zoom) < 3.1")
    assert plane.canvas.evaluate("e => getComputedStyle(e).touchAction") == "none"


def test_phone_layout(open_scene: Open) -> None:
    plane = open_scene("pairs=40", width=360, height=780, phone=True)
    box = plane.canvas.bounding_box()
    assert box is not None
    assert 290 <= box["width"] <= 340
    assert plane.canvas.evaluate("e => e.width / e.clientWidth") == pytest.approx(2, abs=0.02)
    wide = plane.root.evaluate(
        "e => [...e.querySelectorAll('*')].filter(c => c.scrollWidth > e.clientWidth + 1).length"
    )
    assert wide == 0
    left, top, right, bottom = plane.shapes()["frame"]
    assert right - left == pytest.approx(bottom - top), "a square"
    assert right - left > 200


@pytest.mark.parametrize("height", [380, 700])
def test_height_is_as_requested_and_does_not_change_on_hover(open_scene: Open, height: int) -> None:
    plane = open_scene(f"height={height}")
    box = plane.root.bounding_box()
    assert box is not None
    assert box["height"] <= height + 1
    before = box["height"]
    plane.hover(0.2, 0.2)
    after = plane.root.bounding_box()
    assert after is not None
    assert after["height"] == before, "the numbers need no more height"


def test_plane_of_angles_shows_degrees(open_scene: Open) -> None:
    plane = open_scene("angles=1").other()
    plane.page.mouse.move(*plane.page_position(90, 60))
    plane.until("d.x === '90' && d.y === '60'")
    expect(plane.cell("x")).to_have_text("90°")
    gap = -np.cos(np.radians(60)) + 0.25
    assert plane.number("loss") == pytest.approx(np.logaddexp(0, 32 * gap), rel=1e-5)
    assert plane.data("side") == "satisfied"


def test_switch_to_dark_theme_repaints_the_canvas_and_keeps_the_zoom(open_scene: Open) -> None:
    plane = open_scene()
    plane.canvas.press("+")
    plane.until("d.zoom === '1.250'")
    assert min(plane.corner_colour()[:3]) > 230
    plane.page.emulate_media(color_scheme="dark")
    expect(plane.root).to_have_css("color-scheme", "dark")
    plane.wait_two_frames()
    assert max(plane.corner_colour()[:3]) < 60
    assert plane.data("zoom") == "1.250", "the theme does not change the zoom"
