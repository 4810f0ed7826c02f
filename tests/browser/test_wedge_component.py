"""The angle picture in a real browser: what the hand does to it, and that its words never get in each other's way."""

import math
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.component import Component

pytestmark = pytest.mark.browser

Open = Callable[..., "Angle"]

# presses a key 180 times and notes, at each angle and for each picture of its group, the boxes of all labels and the
# lines of both arrows
SWEEP = """async (roots) => {
    const handle = roots[0].querySelector('[data-handle="one"]');
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const rect = (e) => { const b = e.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; };
    const line = (e) => {
        const numbers = e.getAttribute('d').match(/-?[\\d.]+/g).map(Number).slice(0, 4);
        const stage = e.ownerSVGElement.getBoundingClientRect();
        return numbers.map((n, i) => n + (i % 2 ? stage.top : stage.left));
    };
    const press = (key) => handle.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    const seen = [];
    press('Home');
    for (let degrees = 0; degrees <= 180; degrees++) {
        await frame();
        seen.push(roots.map((root) => ({
            between: Number(root.dataset.between),
            stage: rect(root.querySelector('.stage')),
            labels: [...root.querySelectorAll('text:not(.out)')].filter((e) => e.textContent).map((e) => ({
                key: e.dataset.label, text: e.textContent, size: parseFloat(getComputedStyle(e).fontSize), box: rect(e),
            })),
            shafts: ['one', 'two'].map((name) => line(root.querySelector(`[data-part="shaft-${name}"]`))),
        })));
        press('ArrowRight');
    }
    return seen;
}"""


class Angle(Component):
    """One of the components on an open page."""

    kind, sign = "wedge", "between"

    def handle(self, name: str) -> Locator:
        return self.root.locator(f'[data-handle="{name}"]')

    def part(self, name: str) -> Locator:
        return self.root.locator(f'[data-part="{name}"]')

    def shows(self, name: str, value: str) -> None:
        expect(self.root).to_have_attribute(f"data-{name}", value)

    def still(self) -> None:
        self.shows("between", str(int(self.number("between"))))
        self.shows("moving", "false")

    def circle(self) -> tuple[float, float, float]:
        """Centre and radius on the page."""
        x, y, w, _ = self.root.locator(".rim").evaluate(
            "e => { const b = e.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; }"
        )
        return x + w / 2, y + w / 2, w / 2

    def place(self, degrees: float, r: float = 0.97) -> tuple[float, float]:
        """On the arrow at that many degrees from upright, to the left."""
        x, y, radius = self.circle()
        return x - r * radius * math.sin(math.radians(degrees)), y - r * radius * math.cos(math.radians(degrees))

    def drag(self, start: float, end: float, steps: int = 12, let_go: bool = True) -> None:
        """From one angle on the circle to another, along it."""
        self.page.mouse.move(*self.place(start))
        self.page.mouse.down()
        for k in range(1, steps + 1):
            self.page.mouse.move(*self.place(start + (end - start) * k / steps))
        if let_go:
            self.page.mouse.up()

    def python(self, *angles: int) -> None:
        expect(self.page.get_by_text(f"python sees {', '.join(map(str, angles))};")).to_be_visible(timeout=30_000)

    def runs(self) -> int:
        found = re.search(r"runs: (\d+)", self.page.get_by_text("python sees").inner_text())
        assert found
        return int(found[1])

    def slide(self, name: str, *keys: str) -> None:
        slider = self.page.get_by_role("slider", name=re.compile(f"^{name}\\b"))
        slider.focus()
        for key in keys:
            self.page.keyboard.press(key)


@pytest.fixture
def open_scene(show_scene: Callable[..., Page]) -> Open:
    def opened(query: str = "", count: int = 2, **settings: Any) -> Angle:
        page = show_scene("wedge", query, **settings)
        expect(page.locator(".wedge[data-between]")).to_have_count(count, timeout=60_000)
        expect(page.get_by_text("python sees")).to_be_visible()
        return Angle(page)

    return opened


def test_what_is_shown_at_first(open_scene: Open) -> None:
    angle = open_scene("m=2&between=60")
    assert (angle.data("between"), angle.data("wedge"), angle.data("margin")) == ("60", "20", "20")
    assert angle.part("one").get_attribute("data-from") == "0"
    assert angle.part("one").get_attribute("data-to") == "20"
    assert angle.part("away-two").get_attribute("data-to") == "-60"
    expect(angle.root.locator(".title")).to_have_text("L-softmax")
    expect(angle.root.locator('[data-cell="margin"] dd')).to_have_text("20°")
    front = angle.root.locator(".front")
    expect(front).to_have_attribute("aria-label", "L-softmax: what L-softmax asks of two classes")


@pytest.mark.parametrize(("name", "side"), [("one", 1), ("two", -1)])
def test_a_mouse_drags_to_a_right_angle_and_python_hears_of_it_once(open_scene: Open, name: str, side: int) -> None:
    angle = open_scene("m=2")
    runs = angle.runs()
    angle.drag(side * 30, side * 45, let_go=False)
    angle.shows("between", "90")
    assert angle.number("wedge") == 90 / 3
    assert angle.number("margin") == 90 / 3
    assert angle.part(name).get_attribute("data-to") == "30"
    assert angle.runs() == runs, "while the hand moves nothing is sent"
    angle.page.mouse.up()
    angle.python(90, 60)
    angle.page.wait_for_timeout(400)
    assert angle.runs() == runs + 1
    angle.still()
    assert angle.number("wedge") == 30


def test_every_angle_on_the_way_is_exact(open_scene: Open) -> None:
    angle = open_scene("m=4&losses=l_softmax", count=1)
    angle.page.mouse.move(*angle.place(30))
    angle.page.mouse.down()
    for between in (61, 75, 120, 179, 33, 7, 1):
        angle.page.mouse.move(*angle.place(between / 2))
        angle.shows("between", str(between))
        assert angle.number("wedge") == pytest.approx(between / 5, abs=1e-9)
        assert angle.number("margin") == pytest.approx(between * 3 / 5, abs=1e-8)
        assert angle.part("one").get_attribute("data-to") == angle.data("wedge")
    angle.page.mouse.up()


def test_a_drag_goes_no_farther_than_the_ends(open_scene: Open) -> None:
    angle = open_scene("m=2")
    angle.drag(30, 170, let_go=False)
    angle.shows("between", "180")
    for degrees in (185, 200, 170, 100):
        angle.page.mouse.move(*angle.place(degrees))
    angle.shows("between", "180")
    for degrees in (80, 40, 0, -30):
        angle.page.mouse.move(*angle.place(degrees))
    angle.shows("between", "0")
    angle.page.mouse.up()
    angle.python(0, 60)
    angle.drag(0, 20)  # either handle comes out from under the other one, to either side
    angle.shows("between", "40")
    angle.handle("one").press("Home")
    angle.shows("between", "0")
    angle.drag(0, -20)
    angle.shows("between", "40")


def test_the_keyboard_alone(open_scene: Open) -> None:
    angle = open_scene("m=2")
    runs = angle.runs()
    handle = angle.root.get_by_role("slider", name="W₁: angle between the class weights")
    expect(handle).to_have_attribute("aria-valuenow", "60")
    for _ in range(40):
        angle.page.keyboard.press("Tab")
        if angle.root.evaluate("e => e.getRootNode().activeElement?.dataset.handle === 'one'"):
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
        angle.page.keyboard.press(key)
        angle.shows("between", str(between))
        expect(handle).to_have_attribute("aria-valuenow", str(between))
    said = "170° between the class weights; content up to 56.7°; margin 56.7°"
    expect(handle).to_have_attribute("aria-valuetext", said)
    angle.python(170, 60)
    assert angle.runs() <= runs + 3, "a series of keys is told when it is over"
    angle.page.keyboard.press("Tab")
    expect(angle.handle("two")).to_be_focused()
    angle.page.keyboard.press("ArrowLeft")
    angle.shows("between", "169")
    angle.python(169, 60)


def test_a_finger_drags(open_scene: Open) -> None:
    angle = open_scene("m=2", phone=True)
    session = angle.page.context.new_cdp_session(angle.page)

    def touch(kind: str, *degrees: float) -> None:
        points = [dict(zip("xy", angle.place(d), strict=True)) for d in degrees]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 30)
    for degrees in (34, 40, 50):
        touch("touchMove", degrees)
    angle.shows("between", "100")
    touch("touchEnd")
    angle.python(100, 60)


def test_a_group_shares_its_angle(open_scene: Open) -> None:
    angle = open_scene("m=2&a=0.35&group=g")
    other = Angle(angle.page, 1)
    angle.drag(30, 45, let_go=False)
    other.shows("between", "90")
    half = math.degrees(math.asin(0.35 / (2 * math.sin(math.radians(45)))))
    assert other.number("wedge") == pytest.approx(45 - half, abs=1e-9)
    angle.page.mouse.up()
    angle.python(90, 90)
    other.handle("two").press("PageUp")
    angle.shows("between", "100")
    angle.python(100, 100)
    angle.page.get_by_role("button", name="rerun").click()
    angle.python(100, 100)
    angle.shows("between", "100")


def test_without_a_group_each_has_its_own(open_scene: Open) -> None:
    angle = open_scene("m=2")
    angle.drag(30, 45)
    angle.python(90, 60)
    Angle(angle.page, 1).shows("between", "60")


def test_another_margin_moves_the_wedge_there(open_scene: Open) -> None:
    angle = open_scene("m=2", motion=True)
    angle.handle("one").press("PageUp")
    angle.python(70, 60)
    angle.root.evaluate(
        """e => {
            const path = e.querySelector('[data-part="one"]');
            window.seen = [];
            new MutationObserver(() => seen.push([Number(path.dataset.to), e.dataset.moving])).observe(
                path, { attributes: true, attributeFilter: ['data-to'] });
            e.dataset.mark = 'the same element';
        }"""
    )
    angle.slide("m", "ArrowRight", "ArrowRight")
    angle.shows("wedge", "14")
    angle.still()
    seen = [wedge for wedge, _ in angle.page.evaluate("seen")]
    assert len(seen) > 2, "it moves"
    assert seen == sorted(seen, reverse=True), "straight there"
    assert seen[-1] == 14
    assert angle.data("mark") == "the same element"
    assert angle.data("between") == "70"


def test_new_data_in_the_middle_of_a_drag(open_scene: Open) -> None:
    angle = open_scene("m=2", motion=True)
    angle.slide("m", "ArrowRight")
    angle.drag(30, 40, let_go=False)
    angle.shows("between", "80")
    angle.shows("wedge", "20")  # the new margin's
    angle.page.mouse.move(*angle.place(50))
    angle.shows("between", "100")
    angle.page.mouse.up()
    angle.python(100, 60)
    assert angle.number("wedge") == 25


def test_reduced_motion_jumps(open_scene: Open) -> None:
    angle = open_scene("m=2")
    angle.root.evaluate(
        """e => {
            window.moved = 0;
            new MutationObserver(() => (moved += e.dataset.moving === 'true')).observe(
                e, { attributes: true, attributeFilter: ['data-moving'] });
        }"""
    )
    angle.slide("m", "ArrowRight")
    angle.shows("wedge", "15")
    assert angle.page.evaluate("moved") == 0


def test_a_margin_that_cannot_be_met(open_scene: Open) -> None:
    angle = open_scene("losses=am_softmax,arcface&a=0.35&between=60&group=g")
    expect(angle.root.locator(".never")).to_be_hidden()
    angle.handle("one").focus()
    for _ in range(4):
        angle.page.keyboard.press("PageDown")
    angle.shows("between", "20")
    for k in (0, 1):
        one = Angle(angle.page, k)
        one.shows("wedge", "")
        one.shows("margin", "")
        words = "Cannot be met at this angle: not even the class weight itself is content."
        expect(one.root.locator(".never")).to_have_text(words)
        expect(one.root.locator(".never")).to_be_visible()
        expect(one.root.locator('[data-cell="margin"]')).to_be_hidden()
        assert one.part("one").get_attribute("d") == ""
        expect(one.handle("one")).to_have_attribute("aria-valuetext", re.compile("not even the class weight itself"))
    for _ in range(6):
        angle.page.keyboard.press("ArrowRight")
    angle.shows("between", "26")
    words = "Not even the class weight is content, only what is turned 38.1° to 115.9° away from the other."
    expect(angle.root.locator(".never")).to_have_text(words)
    assert angle.part("away-one").get_attribute("d") != ""
    turn = math.degrees(math.asin(0.35 / (2 * math.sin(math.radians(13)))))
    assert float(angle.part("away-one").get_attribute("data-from") or 0) == pytest.approx(13 - turn, abs=1e-6)


def test_the_angle_survives_reruns_and_remounts(open_scene: Open) -> None:
    angle = open_scene("m=2")
    angle.drag(30, 60)
    angle.python(120, 60)
    angle.page.get_by_role("button", name="rerun").click()
    expect(angle.page.get_by_text("runs: 3")).to_be_visible()
    angle.shows("between", "120")
    angle.python(120, 60)
    box = angle.page.get_by_text("show", exact=True)
    box.click()
    expect(angle.page.locator(".wedge")).to_have_count(0)
    box.click()
    expect(angle.page.locator(".wedge[data-between]")).to_have_count(2)
    told = angle.data("between")
    angle.python(int(told), 60)  # both ends agree


@pytest.mark.parametrize(
    ("query", "width"),
    [
        ("m=1&a=0.05&losses=l_softmax,am_softmax", 1280),
        ("m=2&a=0.35&losses=sphereface,am_softmax", 360),
        ("m=3&a=1&losses=normface,arcface", 360),
    ],
)
def test_words_never_meet_nor_leave_the_picture(open_scene: Open, query: str, width: int) -> None:
    angle = open_scene(f"{query}&group=g&plain=1", width=width)
    seen = angle.page.locator(".wedge").evaluate_all(SWEEP)
    for views in zip(*seen, strict=True):
        assert [view["between"] for view in views] == list(range(181))
        for view in views:
            check(view)
        assert sum("gap" in {label["key"] for label in view["labels"]} for view in views) >= 90


def check(view: dict[str, Any]) -> None:
    """All labels of one angle."""
    where = f"at {view['between']} degrees"
    left, top, right, bottom = view["stage"]
    keys = {label["key"] for label in view["labels"]}
    assert {"one", "two", "between", "bisector-0"} <= keys, f"{where} one is missing: {keys}"
    for i, label in enumerate(view["labels"]):
        a, b, c, d = label["box"]
        assert label["size"] >= 14
        assert a >= left - 0.5, f"{label['text']} {where}"
        assert c <= right + 0.5, f"{label['text']} {where}"
        assert b >= top - 3, f"{label['text']} {where}"  # the box of a line is higher than its letters
        assert d <= bottom + 3, f"{label['text']} {where}"
        for other in view["labels"][:i]:
            e, f, g, h = other["box"]
            apart = a >= g or c <= e or b + 3 >= h - 3 or d - 3 <= f + 3
            assert apart, f"{label['text']} on {other['text']} {where}"
        for shaft in view["shafts"]:
            assert not crosses(shaft, (a, b + 5, c, d - 5)), f"{label['text']} on an arrow {where}"


def crosses(line: list[float], box: tuple[float, float, float, float]) -> bool:
    """Whether a straight line meets a box, by a walk along it."""
    x0, y0, x1, y1 = line
    left, top, right, bottom = box
    walk = [(x0 + (x1 - x0) * k / 200, y0 + (y1 - y0) * k / 200) for k in range(201)]
    return any(left < x < right and top < y < bottom for x, y in walk)


def test_dark_theme_live(open_scene: Open) -> None:
    angle = open_scene("m=2")
    colour = "e => getComputedStyle(e).fill"
    before = angle.root.locator("text.number").first.evaluate(colour), angle.part("one").evaluate(colour)
    angle.drag(30, 45)
    angle.page.emulate_media(color_scheme="dark")
    expect(angle.root).to_have_css("color-scheme", "dark")
    after = angle.root.locator("text.number").first.evaluate(colour), angle.part("one").evaluate(colour)
    assert before[0] != after[0]
    assert before[1] != after[1]
    assert angle.data("between") == "90", "the theme leaves the angle alone"


def test_on_a_phone(open_scene: Open) -> None:
    angle = open_scene("m=2&plain=1", width=360, height=780)
    for k in (0, 1):
        one = Angle(angle.page, k)
        box = one.root.bounding_box()
        assert box is not None
        assert box["height"] == pytest.approx(420, abs=1)
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 360
        wide = one.root.evaluate(
            "e => [...e.querySelectorAll(':not(svg *)')].filter(c => c.scrollWidth > c.clientWidth + 1).length"
        )
        assert wide == 0, "nothing is wider than the column"
        small = one.root.evaluate(
            "e => Math.min(...[...e.querySelectorAll('dt, dd, p, text, strong, span')].map("
            "c => parseFloat(getComputedStyle(c).fontSize)))"
        )
        assert small >= 14
    assert angle.page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("width", [1060, 360])
def test_the_numbers_keep_their_room(open_scene: Open, width: int) -> None:
    """The strip is as high with words as with numbers, and both fit it."""
    angle = open_scene("losses=am_softmax,arcface&a=0.35&plain=1", width=width)
    foot = angle.root.locator(".foot")
    for between in (60, 20, 26):
        angle.handle("one").press("Home")
        for key in ["PageUp"] * (between // 10) + ["ArrowRight"] * (between % 10):
            angle.page.keyboard.press(key)
        angle.shows("between", str(between))
        spare = foot.evaluate(
            """e => {
                const [foot, ...parts] = [e, ...e.querySelectorAll('dd, dt, p')].map((p) => p.getBoundingClientRect());
                return Math.min(...parts.flatMap((p) => [p.top - foot.top, foot.bottom - p.bottom]));
            }"""
        )
        assert spare >= 3, f"at {between} degrees"
