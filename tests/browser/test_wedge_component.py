"""Wedge component: dragging and keys set the angle, and labels never overlap."""

import math
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.component import Component

pytestmark = pytest.mark.browser

Open = Callable[..., "WedgeView"]

# press a key 180 times; at each angle, record for each picture of the group the boxes of all labels and the lines of
# both arrows; timers replace animation frames meanwhile, as nothing needs to be painted
SWEEP = """async (roots) => {
    const handle = roots[0].querySelector('[data-handle="one"]');
    const requestFrame = window.requestAnimationFrame;
    window.requestAnimationFrame = (callback) => setTimeout(() => callback(performance.now()));
    await new Promise((done) => requestFrame.call(window, done));  // a frame may have been asked for before
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const rect = (e) => { const b = e.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; };
    const line = (e) => {
        const numbers = e.getAttribute('d').match(/-?[\\d.]+/g).map(Number).slice(0, 4);
        const stage = e.ownerSVGElement.getBoundingClientRect();
        return numbers.map((n, i) => n + (i % 2 ? stage.top : stage.left));
    };
    const press = (key) => handle.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    const states = [];
    press('Home');
    for (let degrees = 0; degrees <= 180; degrees++) {
        await frame();
        states.push(roots.map((root) => ({
            between: Number(root.dataset.between),
            stage: rect(root.querySelector('.stage')),
            labels: [...root.querySelectorAll('text:not(.out)')].filter((e) => e.textContent).map((e) => ({
                key: e.dataset.label, text: e.textContent, size: parseFloat(getComputedStyle(e).fontSize), box: rect(e),
            })),
            shafts: ['one', 'two'].map((name) => line(root.querySelector(`[data-part="shaft-${name}"]`))),
        })));
        press('ArrowRight');
    }
    window.requestAnimationFrame = requestFrame;
    return states;
}"""


class WedgeView(Component):
    """One of the wedge components on an open page."""

    kind, sign = "wedge", "between"

    def handle(self, name: str) -> Locator:
        return self.root.locator(f'[data-handle="{name}"]')

    def part(self, name: str) -> Locator:
        return self.root.locator(f'[data-part="{name}"]')

    def expect_data(self, name: str, value: str) -> None:
        expect(self.root).to_have_attribute(f"data-{name}", value)

    def wait_until_still(self) -> None:
        self.expect_data("between", str(int(self.number("between"))))
        self.expect_data("moving", "false")

    def circle(self) -> tuple[float, float, float]:
        """Return centre (x, y) and radius in page coordinates."""
        x, y, w, _ = self.root.locator(".rim").evaluate(
            "e => { const b = e.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; }"
        )
        return x + w / 2, y + w / 2, w / 2

    def position(self, degrees: float, r: float = 0.97) -> tuple[float, float]:
        """Return a point of the page that many degrees to the left of upright, at r radii from the centre."""
        x, y, radius = self.circle()
        return x - r * radius * math.sin(math.radians(degrees)), y - r * radius * math.cos(math.radians(degrees))

    def drag(self, start: float, end: float, steps: int = 12, release: bool = True) -> None:
        """Drag along the circle from one angle to another."""
        self.page.mouse.move(*self.position(start))
        self.page.mouse.down()
        for k in range(1, steps + 1):
            self.page.mouse.move(*self.position(start + (end - start) * k / steps))
        if release:
            self.page.mouse.up()

    def expect_python(self, *angles: int) -> None:
        expect(self.page.get_by_text(f"python sees {', '.join(map(str, angles))};")).to_be_visible(timeout=30_000)

    def run_count(self) -> int:
        found = re.search(r"runs: (\d+)", self.page.get_by_text("python sees").inner_text())
        assert found
        return int(found[1])

    def press_slider(self, name: str, *keys: str) -> None:
        slider = self.page.get_by_role("slider", name=re.compile(f"^{name}\\b"))
        slider.focus()
        for key in keys:
            self.page.keyboard.press(key)


@pytest.fixture
def open_scene(show_scene: Callable[..., Page]) -> Open:
    def open_(query: str = "", count: int = 2, **settings: Any) -> WedgeView:
        page = show_scene("wedge", query, **settings)
        expect(page.locator(".wedge[data-between]")).to_have_count(count, timeout=60_000)
        expect(page.get_by_text("python sees")).to_be_visible()
        return WedgeView(page)

    return open_


def test_initial_angle_margin_title_and_label(open_scene: Open) -> None:
    view = open_scene("m=2&between=60")
    assert (view.data("between"), view.data("wedge"), view.data("margin")) == ("60", "20", "20")
    assert view.part("one").get_attribute("data-from") == "0"
    assert view.part("one").get_attribute("data-to") == "20"
    assert view.part("away-two").get_attribute("data-to") == "-60"
    expect(view.root.locator(".title")).to_have_text("L-softmax")
    expect(view.root.locator('[data-cell="margin"] dd')).to_have_text("20°")
    front = view.root.locator(".front")
    expect(front).to_have_attribute("aria-label", "L-softmax: what L-softmax asks of two classes")


@pytest.mark.parametrize(("name", "side"), [("one", 1), ("two", -1)])
def test_drag_updates_the_wedge_and_is_sent_once_at_its_end(open_scene: Open, name: str, side: int) -> None:
    view = open_scene("m=2")
    runs = view.run_count()
    view.drag(side * 30, side * 45, release=False)
    view.expect_data("between", "90")
    assert view.number("wedge") == 90 / 3
    assert view.number("margin") == 90 / 3
    assert view.part(name).get_attribute("data-to") == "30"
    assert view.run_count() == runs, "nothing is sent during a drag"
    view.page.mouse.up()
    view.expect_python(90, 60)
    view.page.wait_for_timeout(400)
    assert view.run_count() == runs + 1
    view.wait_until_still()
    assert view.number("wedge") == 30


def test_wedge_and_margin_are_exact_at_every_angle_of_a_drag(open_scene: Open) -> None:
    view = open_scene("m=4&losses=l_softmax", count=1)
    view.page.mouse.move(*view.position(30))
    view.page.mouse.down()
    for between in (61, 75, 120, 179, 33, 7, 1):
        view.page.mouse.move(*view.position(between / 2))
        view.expect_data("between", str(between))
        assert view.number("wedge") == pytest.approx(between / 5, abs=1e-9)
        assert view.number("margin") == pytest.approx(between * 3 / 5, abs=1e-8)
        assert view.part("one").get_attribute("data-to") == view.data("wedge")
    view.page.mouse.up()


def test_drag_is_clamped_to_0_and_180_degrees(open_scene: Open) -> None:
    view = open_scene("m=2")
    view.drag(30, 170, release=False)
    view.expect_data("between", "180")
    for degrees in (185, 200, 170, 100):
        view.page.mouse.move(*view.position(degrees))
    view.expect_data("between", "180")
    for degrees in (80, 40, 0, -30):
        view.page.mouse.move(*view.position(degrees))
    view.expect_data("between", "0")
    view.page.mouse.up()
    view.expect_python(0, 60)
    view.drag(0, 20)  # handles that lie on each other can be dragged apart to either side
    view.expect_data("between", "40")
    view.handle("one").press("Home")
    view.expect_data("between", "0")
    view.drag(0, -20)
    view.expect_data("between", "40")


def test_keys_move_both_handles_and_describe_the_angle(open_scene: Open) -> None:
    view = open_scene("m=2")
    runs = view.run_count()
    handle = view.root.get_by_role("slider", name="W₁: angle between the class weights")
    expect(handle).to_have_attribute("aria-valuenow", "60")
    for _ in range(40):
        view.page.keyboard.press("Tab")
        if view.root.evaluate("e => e.getRootNode().activeElement?.dataset.handle === 'one'"):
            break
    expect(handle).to_be_focused()
    steps = [
        ("ArrowRight", 61),
        ("ArrowUp", 62),
        ("ArrowLeft", 61),
        ("ArrowDown", 60),
        ("Shift+ArrowRight", 70),
        ("Shift+ArrowDown", 60),
        ("PageUp", 70),
        ("PageDown", 60),
        ("Home", 0),
        ("ArrowLeft", 0),
        ("End", 180),
        ("PageUp", 180),
        ("PageDown", 170),
    ]
    for key, between in steps:
        view.page.keyboard.press(key)
        view.expect_data("between", str(between))
        expect(handle).to_have_attribute("aria-valuenow", str(between))
    value_text = "170° between the class weights; margin met up to 56.7°; margin 56.7°"
    expect(handle).to_have_attribute("aria-valuetext", value_text)
    view.expect_python(170, 60)
    assert view.run_count() <= runs + 3, "a series of keys is sent when it is over"
    view.page.keyboard.press("Tab")
    expect(view.handle("two")).to_be_focused()
    view.page.keyboard.press("ArrowLeft")
    view.expect_data("between", "169")
    view.expect_python(169, 60)


def test_touch_drags_a_handle(open_scene: Open) -> None:
    view = open_scene("m=2", phone=True)
    session = view.page.context.new_cdp_session(view.page)

    def touch(kind: str, *degrees: float) -> None:
        points = [dict(zip("xy", view.position(d), strict=True)) for d in degrees]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 30)
    for degrees in (34, 40, 50):
        touch("touchMove", degrees)
    view.expect_data("between", "100")
    touch("touchEnd")
    view.expect_python(100, 60)


def test_group_shares_its_angle(open_scene: Open) -> None:
    view = open_scene("m=2&a=0.35&group=g")
    other = WedgeView(view.page, 1)
    view.drag(30, 45, release=False)
    other.expect_data("between", "90")
    half = math.degrees(math.asin(0.35 / (2 * math.sin(math.radians(45)))))
    assert other.number("wedge") == pytest.approx(45 - half, abs=1e-9)
    view.page.mouse.up()
    view.expect_python(90, 90)
    other.handle("two").press("PageUp")
    view.expect_data("between", "100")
    view.expect_python(100, 100)
    view.page.get_by_role("button", name="rerun").click()
    view.expect_python(100, 100)
    view.expect_data("between", "100")


def test_pictures_without_a_group_are_independent(open_scene: Open) -> None:
    view = open_scene("m=2")
    view.drag(30, 45)
    view.expect_python(90, 60)
    WedgeView(view.page, 1).expect_data("between", "60")


def test_another_margin_animates_the_wedge_monotonically(open_scene: Open) -> None:
    view = open_scene("m=2", motion=True)
    view.advance_time_by_frames()
    view.handle("one").press("PageUp")
    view.expect_python(70, 60)
    view.root.evaluate(
        """e => {
            const path = e.querySelector('[data-part="one"]');
            window.angles = [];
            new MutationObserver(() => angles.push(Number(path.dataset.to))).observe(
                path, { attributes: true, attributeFilter: ['data-to'] });
            e.dataset.mark = 'the same element';
        }"""
    )
    view.press_slider("m", "ArrowRight", "ArrowRight")
    view.expect_data("wedge", "14")
    view.wait_until_still()
    angles = view.page.evaluate("angles")
    assert len(angles) > 2, "the wedge moves gradually"
    assert angles == sorted(angles, reverse=True), "it never reverses"
    assert angles[-1] == 14
    assert view.data("mark") == "the same element"
    assert view.data("between") == "70"


def test_new_margin_arrives_during_a_drag(open_scene: Open) -> None:
    view = open_scene("m=2", motion=True)
    view.press_slider("m", "ArrowRight")
    view.drag(30, 40, release=False)
    view.expect_data("between", "80")
    view.expect_data("wedge", "20")  # the new margin's
    view.page.mouse.move(*view.position(50))
    view.expect_data("between", "100")
    view.page.mouse.up()
    view.expect_python(100, 60)
    assert view.number("wedge") == 25


def test_reduced_motion_shows_another_margin_without_animation(open_scene: Open) -> None:
    view = open_scene("m=2")
    view.watch_motion()
    view.press_slider("m", "ArrowRight")
    view.expect_data("wedge", "15")
    assert not view.has_moved()


def test_margin_that_cannot_be_met_is_explained(open_scene: Open) -> None:
    view = open_scene("losses=am_softmax,arcface&a=0.35&between=60&group=g")
    expect(view.root.locator(".never")).to_be_hidden()
    view.handle("one").focus()
    for _ in range(4):
        view.page.keyboard.press("PageDown")
    view.expect_data("between", "20")
    for k in (0, 1):
        one = WedgeView(view.page, k)
        one.expect_data("wedge", "")
        one.expect_data("margin", "")
        text = "The margin cannot be met at this angle, not even by an embedding that points along its class weight."
        expect(one.root.locator(".never")).to_have_text(text)
        expect(one.root.locator(".never")).to_be_visible()
        expect(one.root.locator('[data-cell="margin"]')).to_be_hidden()
        assert one.part("one").get_attribute("d") == ""
        expect(one.handle("one")).to_have_attribute("aria-valuetext", re.compile("the margin cannot be met"))
    for _ in range(6):
        view.page.keyboard.press("ArrowRight")
    view.expect_data("between", "26")
    text = (
        "Even along the class weight itself the margin is not met. It is met only at 38.1° to 115.9° from the other "
        "class weight."
    )
    expect(view.root.locator(".never")).to_have_text(text)
    assert view.part("away-one").get_attribute("d") != ""
    turn = math.degrees(math.asin(0.35 / (2 * math.sin(math.radians(13)))))
    assert float(view.part("away-one").get_attribute("data-from") or 0) == pytest.approx(13 - turn, abs=1e-6)


def test_angle_survives_reruns_and_remounts(open_scene: Open) -> None:
    view = open_scene("m=2")
    view.drag(30, 60)
    view.expect_python(120, 60)
    view.page.get_by_role("button", name="rerun").click()
    expect(view.page.get_by_text("runs: 3")).to_be_visible()
    view.expect_data("between", "120")
    view.expect_python(120, 60)
    box = view.page.get_by_text("show", exact=True)
    box.click()
    expect(view.page.locator(".wedge")).to_have_count(0)
    box.click()
    expect(view.page.locator(".wedge[data-between]")).to_have_count(2)
    reported = view.data("between")
    view.expect_python(int(reported), 60)  # browser and Python agree


@pytest.mark.parametrize(
    ("query", "width"),
    [
        ("m=1&a=0.05&losses=l_softmax,am_softmax", 1280),
        ("m=2&a=0.35&losses=sphereface,am_softmax", 360),
        ("m=3&a=1&losses=normface,arcface", 360),
    ],
)
def test_labels_neither_overlap_nor_leave_the_picture_at_any_angle(open_scene: Open, query: str, width: int) -> None:
    view = open_scene(f"{query}&group=g&plain=1", width=width)
    states_of_pictures = zip(*view.page.locator(".wedge").evaluate_all(SWEEP), strict=True)
    for states in states_of_pictures:
        assert [state["between"] for state in states] == list(range(181))
        for state in states:
            check_labels(state)
        assert sum("gap" in {label["key"] for label in state["labels"]} for state in states) >= 90


def check_labels(state: dict[str, Any]) -> None:
    """Check that the labels of one picture at one angle are large enough, inside, and apart from each other."""
    where = f"at {state['between']} degrees"
    left, top, right, bottom = state["stage"]
    keys = {label["key"] for label in state["labels"]}
    assert {"one", "two", "between", "bisector-0"} <= keys, f"{where} one is missing: {keys}"
    for i, label in enumerate(state["labels"]):
        a, b, c, d = label["box"]
        assert label["size"] >= 14
        assert a >= left - 0.5, f"{label['text']} {where}"
        assert c <= right + 0.5, f"{label['text']} {where}"
        assert b >= top - 3, f"{label['text']} {where}"  # the box of a line is higher than its letters
        assert d <= bottom + 3, f"{label['text']} {where}"
        for other in state["labels"][:i]:
            e, f, g, h = other["box"]
            apart = a >= g or c <= e or b + 3 >= h - 3 or d - 3 <= f + 3
            assert apart, f"{label['text']} on {other['text']} {where}"
        for shaft in state["shafts"]:
            assert not crosses(shaft, (a, b + 5, c, d - 5)), f"{label['text']} on an arrow {where}"


def crosses(line: list[float], box: tuple[float, float, float, float]) -> bool:
    """Return whether a straight line meets the inside of a box (Liang-Barsky clipping)."""
    x0, y0, x1, y1 = line
    left, top, right, bottom = box
    enter, leave = 0.0, 1.0
    for start, end, low, high in ((x0, x1, left, right), (y0, y1, top, bottom)):
        if start == end:
            if not low < start < high:
                return False
            continue
        first, last = sorted(((low - start) / (end - start), (high - start) / (end - start)))
        enter, leave = max(enter, first), min(leave, last)
    return enter < leave


def test_switch_to_dark_theme_recolours_and_keeps_the_angle(open_scene: Open) -> None:
    view = open_scene("m=2")
    colour = "e => getComputedStyle(e).fill"
    before = view.root.locator("text.number").first.evaluate(colour), view.part("one").evaluate(colour)
    view.drag(30, 45)
    view.page.emulate_media(color_scheme="dark")
    expect(view.root).to_have_css("color-scheme", "dark")
    after = view.root.locator("text.number").first.evaluate(colour), view.part("one").evaluate(colour)
    assert before[0] != after[0]
    assert before[1] != after[1]
    assert view.data("between") == "90", "the theme does not change the angle"


def test_phone_layout(open_scene: Open) -> None:
    view = open_scene("m=2&plain=1", width=360, height=780)
    for k in (0, 1):
        one = WedgeView(view.page, k)
        box = one.root.bounding_box()
        assert box is not None
        assert box["height"] == pytest.approx(420, abs=1)
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
        overflowing = one.root.evaluate(
            "e => [...e.querySelectorAll(':not(svg *)')].filter(c => c.scrollWidth > c.clientWidth + 1).length"
        )
        assert overflowing == 0, "nothing is wider than the column"
        smallest_font = one.root.evaluate(
            "e => Math.min(...[...e.querySelectorAll('dt, dd, p, text, strong, span')].map("
            "c => parseFloat(getComputedStyle(c).fontSize)))"
        )
        assert smallest_font >= 14
    assert view.page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("width", [1060, 360])
def test_readout_has_room_for_numbers_and_for_text(open_scene: Open, width: int) -> None:
    """The strip has the same height for text and for numbers, and both fit."""
    view = open_scene("losses=am_softmax,arcface&a=0.35&plain=1", width=width)
    foot = view.root.locator(".foot")
    for between in (60, 20, 26):
        view.handle("one").press("Home")
        for key in ["PageUp"] * (between // 10) + ["ArrowRight"] * (between % 10):
            view.page.keyboard.press(key)
        view.expect_data("between", str(between))
        spare = foot.evaluate(
            """e => {
                const [foot, ...parts] = [e, ...e.querySelectorAll('dd, dt, p')].map((p) => p.getBoundingClientRect());
                return Math.min(...parts.flatMap((p) => [p.top - foot.top, foot.bottom - p.bottom]));
            }"""
        )
        assert spare >= 3, f"at {between} degrees"
