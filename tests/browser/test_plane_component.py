"""The plane in a real browser: it shows Python's numbers, moves to new ones, and keeps what is the viewer's."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.component import Component
from tests.browser.scenes.plane import N, loss

pytestmark = pytest.mark.browser

Open = Callable[..., "Plane"]


class Plane(Component):
    """One of the two planes on an open page."""

    kind, sign = "plane", "zoom"

    def __init__(self, page: Page, which: int = 0) -> None:
        super().__init__(page, which)
        self.canvas = self.root.locator(".sheet")

    def shapes(self) -> dict[str, Any]:
        self.root.dispatch_event("describe")
        return json.loads(self.data("shapes") or "null")

    def values(self) -> np.ndarray:
        return np.array(self.shapes()["value"]).reshape(N, N)

    def spot(self, x: float, y: float) -> tuple[float, float]:
        """Where a place of the plane is on the page."""
        shapes = self.shapes()
        left, top, right, bottom = shapes["frame"]
        x0, y0, x1, y1 = shapes["view"]
        return left + (x - x0) / (x1 - x0) * (right - left), bottom - (y - y0) / (y1 - y0) * (bottom - top)

    def point(self, x: float, y: float) -> None:
        self.page.mouse.move(*self.spot(x, y))
        self.until(f"Math.abs(d.x - {x}) < 0.011 && Math.abs(d.y - {y}) < 0.011")

    def click(self, x: float, y: float) -> None:
        self.page.mouse.click(*self.spot(x, y))

    def cell(self, name: str) -> Locator:
        return self.root.locator(f'[data-cell="{name}"] dd')

    def slide(self, name: str, key: str, times: int = 1) -> None:
        """Move one of the page's sliders."""
        slider = self.page.locator(f'input[aria-label="{name}"]')
        slider.focus()
        for _ in range(times):
            self.page.keyboard.press(key)

    def python_sees(self, first: str, second: str = "None, None") -> None:
        expect(self.page.get_by_text(f"python sees {first} and {second}", exact=True)).to_be_visible()

    def runs(self, n: int) -> None:
        expect(self.page.get_by_text(f"page runs: {n}", exact=True)).to_be_visible()

    def corner(self) -> list[int]:
        """The colour of the paper at the picture's corner."""
        return self.canvas.evaluate("e => [...e.getContext('2d').getImageData(3, e.height - 3, 1, 1).data]")

    def pixels(self) -> str:
        return self.canvas.evaluate("e => e.toDataURL()")

    def strong(self, red: int, green: int, blue: int) -> int:
        """How many pixels are of about this colour."""
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
    def opened(query: str = "", **settings: Any) -> Plane:
        plane = Plane(show_scene("plane", query, **settings))
        for one in (plane, plane.other()):
            one.until("d.moving === 'false'")
        plane.runs(1)
        return plane

    return opened


def node(x: float, y: float) -> tuple[int, int]:
    """Row and column of a place on the grid."""
    return round((y + 1) / 2 * (N - 1)), round((x + 1) / 2 * (N - 1))


@pytest.mark.parametrize(("scale", "hinge"), [(1, ""), (32, ""), (512, ""), (32, "&hinge=1")])
def test_the_readout_is_what_python_computed(open_scene: Open, scale: int, hinge: str) -> None:
    plane = open_scene(f"scale={scale}{hinge}")
    expected = loss(scale, 0.25, hinge=bool(hinge))
    for x, y in [(0.5, -0.5), (-0.62, 0.98), (0.0, 1.0), (-1.0, -1.0), (0.16, 0.34)]:
        plane.point(x, y)
        assert (plane.number("x"), plane.number("y")) == (x, y)
        at = node(x, y)
        for name, key, sign in (("loss", "value", 1), ("dx", "force_x", -1), ("dy", "force_y", -1)):
            number = sign * float(np.float32(expected[key][at]))
            assert plane.number(name) == pytest.approx(number, rel=1e-7)
            written = plane.cell(name).inner_text()
            power = "".join(
                str("⁰¹²³⁴⁵⁶⁷⁸⁹".index(c)) if c in "⁰¹²³⁴⁵⁶⁷⁸⁹" else "-" for c in written.partition("·10")[2]
            )
            shown = float(written.partition("·10")[0].replace("−", "-")) * 10 ** int(power or 0)
            assert shown == pytest.approx(number, rel=5.1e-4), "four digits that count"
        side = "violated" if expected["violated"][at] else "satisfied"
        assert plane.data("side") == side
        expect(plane.cell("side")).to_have_text(side)
    plane.page.mouse.move(2, 2)
    plane.until("!('x' in d)")
    expect(plane.root.locator(".hint")).to_be_visible()


def test_a_new_field_arrives_by_a_short_way(open_scene: Open) -> None:
    plane = open_scene("scale=8", motion=True)
    before = plane.values()
    watch = """() => {
        const hosts = [...document.querySelectorAll('[data-testid="stBidiComponentIsolated"]')];
        const root = hosts.map((h) => h.shadowRoot?.querySelector('.plane')).find(Boolean);
        window.seen = [];
        new MutationObserver(() => {
            if (root.dataset.moving !== 'true') return;
            root.dispatchEvent(new Event('describe'));
            window.seen.push(JSON.parse(root.dataset.shapes).value[0]);
        }).observe(root, { attributeFilter: ['data-moving'] });
    }"""
    plane.page.evaluate(watch)
    plane.root.evaluate("e => { e.mounted = true; }")
    plane.slide("scale", "ArrowRight")
    plane.runs(2)
    plane.page.wait_for_function("window.seen.length > 0")
    plane.until("d.moving === 'false'")
    after = loss(16, 0.25)["value"].astype(np.float32)
    np.testing.assert_allclose(plane.values(), after, rtol=1e-6)
    first = plane.page.evaluate("window.seen[0]")
    assert min(before[0, 0], after[0, 0]) <= first < max(before[0, 0], after[0, 0]), "it is on its way"
    assert plane.root.evaluate("e => e.mounted"), "it is still the same picture"


def test_many_fields_in_a_row_end_at_the_last(open_scene: Open) -> None:
    plane = open_scene("m=0.1", motion=True)
    plane.slide("margin", "ArrowRight", 5)
    plane.until("d.moving === 'false'")
    expected = loss(32, 0.35)["value"].astype(np.float32)
    plane.page.wait_for_timeout(1500)
    np.testing.assert_allclose(plane.values(), expected, rtol=1e-6)
    boundary = next(np.array(c["points"], float) for c in plane.shapes()["curves"] if c["role"] == "boundary")
    seen = boundary.reshape(-1, 2)[~np.isnan(boundary.reshape(-1, 2)).any(1)]
    np.testing.assert_allclose(np.hypot(seen[:, 0], seen[:, 1] - 1), 0.35 * np.sqrt(2), atol=1e-6)


def test_reduced_motion_jumps(open_scene: Open) -> None:
    plane = open_scene("scale=8")
    plane.page.evaluate(
        """() => {
            const hosts = [...document.querySelectorAll('[data-testid="stBidiComponentIsolated"]')];
            const root = hosts.map((h) => h.shadowRoot?.querySelector('.plane')).find(Boolean);
            window.moved = false;
            new MutationObserver(() => (window.moved ||= root.dataset.moving === 'true')).observe(root, {
                attributeFilter: ['data-moving'],
            });
        }"""
    )
    plane.slide("scale", "ArrowRight")
    plane.runs(2)
    plane.page.wait_for_timeout(400)
    np.testing.assert_allclose(plane.values(), loss(16, 0.25)["value"].astype(np.float32), rtol=1e-6)
    assert not plane.page.evaluate("window.moved")


def test_zoom_pan_and_place_survive_new_fields(open_scene: Open) -> None:
    plane = open_scene()
    plane.point(0.2, 0.6)
    x, y = plane.spot(0.2, 0.6)
    for _ in range(4):
        plane.page.mouse.wheel(0, -120)
    plane.until("Number(d.zoom) > 2.5")
    zoomed = plane.spot(0.2, 0.6)
    assert zoomed == pytest.approx((x, y), abs=2), "what is under the pointer stays there"
    plane.page.mouse.down()
    plane.page.mouse.move(x - 50, y + 30, steps=4)
    plane.page.mouse.up()
    assert plane.spot(0.2, 0.6) == pytest.approx((zoomed[0] - 50, zoomed[1] + 30), abs=1)
    assert plane.data("kept") == "false", "a drag is not a press"
    plane.click(0.3, 0.5)
    plane.python_sees("0.3, 0.5")
    zoom, view = plane.data("zoom"), plane.shapes()["view"]
    plane.slide("scale", "ArrowRight", 2)
    there = loss(256, 0.25)["value"][node(0.3, 0.5)]
    plane.until(f"Math.abs(d.loss / {there} - 1) < 1e-5")
    assert plane.data("zoom") == zoom
    assert plane.shapes()["view"] == view
    assert (plane.number("x"), plane.number("y"), plane.data("kept")) == (0.3, 0.5, "true")
    plane.canvas.press("0")
    plane.until("d.zoom === '1.000' && d.held === 'false'")
    plane.python_sees("0.3, 0.5")


def test_one_never_sees_beyond_the_plane(open_scene: Open) -> None:
    plane = open_scene()
    for _ in range(5):
        plane.button("Zoom in (+)").click()
    plane.until("d.zoom === '3.052'")
    x, y = plane.spot(*np.reshape(plane.shapes()["view"], (2, 2)).mean(0))
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


def test_a_place_is_kept_told_once_and_let_go(open_scene: Open) -> None:
    plane = open_scene()
    plane.click(-0.5, 0.1)
    plane.until("d.kept === 'true'")
    plane.python_sees("-0.5, 0.1")
    plane.runs(2)
    plane.page.mouse.move(*plane.spot(0.5, 0.5))
    plane.page.wait_for_timeout(500)
    assert (plane.number("x"), plane.number("y")) == (-0.5, 0.1), "a kept place stays"
    plane.page.get_by_role("button", name="rerun").click()
    plane.runs(3)
    plane.python_sees("-0.5, 0.1")
    assert plane.data("kept") == "true"
    plane.click(0.4, 0.2)
    plane.python_sees("0.4, 0.2")
    plane.runs(4)
    plane.click(0.4, 0.2)
    plane.python_sees("None, None")
    assert plane.data("kept") == "false"
    plane.runs(5)


def test_a_double_click_shows_the_whole_plane_and_keeps_nothing(open_scene: Open) -> None:
    plane = open_scene()
    for _ in range(3):
        plane.button("Zoom in (+)").click()
    plane.click(0.1, 0.1)
    plane.python_sees("0.1, 0.1")
    plane.page.mouse.dblclick(*plane.spot(-0.2, 0.2))
    plane.until("d.zoom === '1.000'")
    plane.page.wait_for_timeout(500)
    plane.python_sees("0.1, 0.1")
    plane.runs(2)
    plane.click(0.5, 0.5)  # and a press is a press again
    plane.python_sees("0.5, 0.5")


def test_a_group_shares_its_places(open_scene: Open) -> None:
    plane = open_scene("group=pair")
    other = plane.other()
    plane.point(0.3, -0.2)
    other.until("d.x === '0.3' && d.y === '-0.2'")
    assert other.number("loss") == pytest.approx(loss(1, 0.25)["value"][node(0.3, -0.2)], rel=1e-6)
    assert plane.number("loss") == pytest.approx(loss(32, 0.25)["value"][node(0.3, -0.2)], rel=1e-6)
    other.click(0.1, 0.9)
    plane.until("d.kept === 'true' && d.x === '0.1'")
    plane.python_sees("0.1, 0.9", "0.1, 0.9")
    plane.canvas.press("Escape")
    other.until("d.kept === 'false'")
    plane.python_sees("None, None")


def test_without_a_group_each_has_its_own(open_scene: Open) -> None:
    plane = open_scene()
    plane.click(0.3, -0.2)
    plane.python_sees("0.3, -0.2")
    assert plane.other().data("x") == ""


def test_the_keyboard_alone(open_scene: Open) -> None:
    plane = open_scene()
    plane.button("Contours").focus()
    plane.page.keyboard.press("Tab")
    expect(plane.canvas).to_be_focused()
    plane.page.keyboard.press("ArrowRight")
    plane.until("d.x === '0' && d.y === '0'")
    plane.page.keyboard.press("ArrowRight")
    plane.page.keyboard.press("Shift+ArrowUp")
    plane.until("d.x === '0.02' && d.y === '0.2'")
    loss_there = loss(32, 0.25)["value"][node(0.02, 0.2)]
    expect(plane.root.locator(".spoken")).to_contain_text(f"sₙ 0.02, sₚ 0.2, L {loss_there:.2f}")
    expect(plane.root.locator(".spoken")).to_contain_text("violated")
    plane.page.keyboard.press("Enter")
    plane.python_sees("0.02, 0.2")
    expect(plane.root.locator(".spoken")).to_contain_text("kept")
    plane.page.keyboard.press("ArrowLeft")
    plane.python_sees("0.0, 0.2")
    plane.page.keyboard.press("Escape")
    plane.python_sees("None, None")
    for _ in range(3):
        plane.page.keyboard.press("+")
    plane.until("d.zoom === '1.953'")
    for _ in range(12):
        plane.page.keyboard.press("Shift+ArrowLeft")
    plane.until("d.x === '-1'")
    assert plane.shapes()["view"][0] == pytest.approx(-1), "the view comes along"
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
def test_labels_keep_apart_and_inside(open_scene: Open, query: str, width: int) -> None:
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


@pytest.mark.parametrize("scale", [1, 8, 32, 512])
def test_contour_levels_are_round_and_not_too_many(open_scene: Open, scale: int) -> None:
    levels = open_scene(f"scale={scale}").shapes()["levels"]
    assert 4 <= len(levels) <= 13
    assert levels == sorted(set(levels))
    for level in levels:
        digits = f"{level:.6e}".split("e")[0].rstrip("0").replace(".", "")
        assert len(digits) <= 3, f"{level} is not round"


def test_layers_can_be_left_out(open_scene: Open) -> None:
    plane = open_scene("pairs=400")
    orange, with_pairs = (213, 94, 0), plane.pixels()
    assert plane.strong(*orange) > 1000
    assert (plane.data("points"), int(plane.data("violated") or 0) > 100) == ("400", True)
    assert plane.other().button("Pairs").count() == 0, "it has none"
    plane.button("Pairs").click()
    expect(plane.button("Pairs")).to_have_attribute("aria-pressed", "false")
    plane.page.wait_for_timeout(100)
    assert plane.strong(*orange) < 20
    seen = {with_pairs, plane.pixels()}
    for name in ("Forces", "Contours"):
        plane.button(name).click()
        plane.page.wait_for_timeout(100)
        seen.add(plane.pixels())
    assert len(seen) == 4
    assert not [label for label in plane.shapes()["labels"] if label["key"].startswith("level")]
    plane.slide("scale", "ArrowRight")
    plane.runs(2)
    expect(plane.button("Forces")).to_have_attribute("aria-pressed", "false")


def test_touch(open_scene: Open) -> None:
    plane = open_scene(width=400, phone=True)
    plane.canvas.scroll_into_view_if_needed()
    plane.page.touchscreen.tap(*plane.spot(-0.4, 0.2))
    plane.until("d.kept === 'true'")
    assert (plane.number("x"), plane.number("y")) == pytest.approx((-0.4, 0.2), abs=0.021)
    plane.python_sees(f"{plane.number('x')}, {plane.number('y')}")
    x, y = plane.spot(0, 0)
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


def test_on_a_phone_nothing_is_wider_than_the_column(open_scene: Open) -> None:
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


@pytest.mark.parametrize("height", [380, 520, 700])
def test_height_is_kept(open_scene: Open, height: int) -> None:
    plane = open_scene(f"height={height}")
    box = plane.root.bounding_box()
    assert box is not None
    assert box["height"] <= height + 1
    before = box["height"]
    plane.point(0.2, 0.2)
    after = plane.root.bounding_box()
    assert after is not None
    assert after["height"] == before, "nothing jumps when there are numbers"


def test_the_angle_plane(open_scene: Open) -> None:
    plane = open_scene("angles=1").other()
    plane.page.mouse.move(*plane.spot(90, 60))
    plane.until("d.x === '90' && d.y === '60'")
    expect(plane.cell("x")).to_have_text("90°")
    gap = -np.cos(np.radians(60)) + 0.25
    assert plane.number("loss") == pytest.approx(np.logaddexp(0, 32 * gap), rel=1e-5)
    assert plane.data("side") == "satisfied"


def test_the_theme_changes_live(open_scene: Open) -> None:
    plane = open_scene()
    plane.canvas.press("+")
    plane.until("d.zoom === '1.250'")
    assert min(plane.corner()[:3]) > 230
    plane.page.emulate_media(color_scheme="dark")
    expect(plane.root).to_have_css("color-scheme", "dark")
    plane.page.wait_for_timeout(100)
    assert max(plane.corner()[:3]) < 60
    assert plane.data("zoom") == "1.250", "the theme leaves the zoom alone"
