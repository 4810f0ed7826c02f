"""Charts of a run in a browser: where they draw its numbers, cursor, pointer and keys, and what an update costs."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from cl_core import charts
from cl_core.charts.numbers import short_number
from tests.browser.scenes.curves import REFERENCES, made_up, page, update

pytestmark = pytest.mark.browser

ADDRESS = "http://charts.test/"
STEPS = [*range(11), 12, 14, 17, 20, 24, 29, 35, 42, 50, 60, 73, 89, 110, 140, 180, 240, 300]
LONG = [*range(0, 19_990, 10), 20_000]  # 2,000 frames
MAX_MILLISECONDS = 4  # of one more frame
TIMED = """() => {  // times what is done in each animation frame, and counts elements that come and go
    const request = window.requestAnimationFrame.bind(window);
    window.times = [];
    window.requestAnimationFrame = (draw) => request((now) => {
        const start = performance.now();
        draw(now);
        times.push(performance.now() - start);
    });
    window.rebuilt = 0;
    new MutationObserver((changes) => (rebuilt += changes.length)).observe(document.querySelector('.curves'), {
        childList: true,
        subtree: true,
    });
}"""
GROW = """async (count) => {  // shows the frames one by one
    for (let n = data.frames.length - count; n <= data.frames.length; n++) {
        const frames = data.frames.slice(0, n);
        const { step } = frames[n - 1];
        curves.update({ ...data, frames: [], viewed: 0 });  // two updates, which are drawn as one
        curves.update({ ...data, frames, losses: data.losses.slice(0, step), viewed: step });
        await new Promise((done) => setTimeout(done, 40));
    }
    return times;
}"""


@dataclass
class Axes:
    """The axis of steps, whose ends are read off the grid lines."""

    left: float
    right: float
    last: float

    def x(self, step: float) -> float:
        return self.left + (self.right - self.left) * math.log(1 + step / 10) / math.log(1 + self.last / 10)


class CurvesView:
    """The charts on an open page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root = page.locator(".curves")
        self.slider = page.get_by_role("slider", name="Training step")
        self.note = page.locator(".note")

    def show(self, data: dict[str, Any]) -> None:
        self.page.evaluate(update(data))

    def chart(self, name: str) -> Locator:
        return self.root.locator(f'[data-chart="{name}"]')

    def reading(self, name: str) -> Locator:
        return self.root.locator(f'[data-reading="{name}"] b')

    def axes(self, last: float) -> Axes:
        """Return the axis of steps; that of all charts has the same ends."""
        ends = {
            (line["x1"], line["x2"], line["svg"])
            for line in self.root.locator(".grid line").evaluate_all(
                """lines => lines.map((l) => ({ x1: l.x1.baseVal.value, x2: l.x2.baseVal.value,
                    svg: l.ownerSVGElement.getBoundingClientRect().left }))"""
            )
            if line["x1"] != line["x2"]
        }
        ((left, right, _),) = ends
        return Axes(left, right, last)

    def ticks(self, name: str) -> list[tuple[float, float]]:
        """Return the numbers of a chart's scale, and where their lines are."""
        texts = self.chart(name).locator(".numbers text").all_text_contents()
        places = self.chart(name).locator(".grid line").evaluate_all("lines => lines.map((l) => l.y1.baseVal.value)")
        values = [float(text.replace(",", "").rstrip("%")) / (100 if text.endswith("%") else 1) for text in texts]
        return list(zip(values, places, strict=True))

    def path(self, selector: str) -> np.ndarray:
        """Return the corners of a path, (n, 2)."""
        outline = self.root.locator(selector).get_attribute("d") or ""
        return np.array([list(map(float, pair.split())) for pair in re.findall(r"[ML]([^MLZh]+)", outline)])

    def places(self, name: str) -> list[float]:
        """Return where the cursor is in each chart, or the line under the pointer."""
        return self.root.locator(f"line.{name}").evaluate_all("lines => lines.map((l) => l.x1.baseVal.value)")

    def point(self, name: str, step: float, axes: Axes) -> tuple[float, float]:
        """Return a point of the page at a step in a chart."""
        box = self.chart(name).locator("svg[role=img]").bounding_box()
        assert box is not None
        return box["x"] + axes.x(step), box["y"] + box["height"] / 2

    def sought(self) -> list[int]:
        return self.page.evaluate("steps.splice(0)")


Open = Callable[..., CurvesView]


def load(window: Page, html: str) -> None:
    """Load a page by its address: in one that was written into a blank page, Chromium forgets where a pointer was."""
    window.unroute(ADDRESS)
    window.route(ADDRESS, lambda route: route.fulfill(body=html, content_type="text/html; charset=utf-8"))
    window.goto(ADDRESS)
    window.wait_for_function("window.curves")


@pytest.fixture
def open_curves(open_window: Callable[..., Page]) -> Open:
    def open_(width: int = 620, *, type_size: str = "16px", **settings: Any) -> CurvesView:
        window = open_window(width=width, **settings)
        load(window, page(width, dark=settings.get("dark", False), type_size=type_size))
        return CurvesView(window)

    return open_


def in_pixels(frames: list[dict[str, Any]], axes: Axes) -> list[dict[str, float]]:
    """Return means of the frames of each pixel column, and where they are."""
    columns = [list(some) for _, some in groupby(frames, lambda frame: math.floor(axes.x(frame["step"])))]
    names = list(frames[0]["metrics"])
    return [
        {
            "x": float(np.mean([axes.x(frame["step"]) for frame in some])),
            **{name: float(np.mean([frame["metrics"][name] for frame in some])) for name in names},
        }
        for some in columns
    ]


@pytest.mark.parametrize("steps", [STEPS, LONG])
def test_curves_are_where_their_numbers_are(steps: list[int], open_curves: Open) -> None:
    view = open_curves()
    data = made_up(steps)
    view.show(data)
    axes = view.axes(steps[-1])
    rows = charts.loss_rows(np.array(data["losses"], np.float32), 0).query("kind == 'loss'")
    (low, y_low), *_, (high, y_high) = view.ticks("loss")
    y = y_low + (rows.value - low) * (y_high - y_low) / (high - low)
    expected = np.stack([[axes.x(step) for step in rows.step], y], axis=1)
    np.testing.assert_allclose(view.path('[data-chart="loss"] .line'), expected, atol=0.06)

    points = in_pixels(data["frames"], axes)
    (low, y_low), *_, (high, y_high) = view.ticks("accuracy")
    for index, name in enumerate(("drawn", "knn")):
        share = [math.log((1 - p[name]) / (1 - low)) / math.log((1 - high) / (1 - low)) for p in points]
        expected = np.array([[p["x"], y_low + s * (y_high - y_low)] for p, s in zip(points, share, strict=True)])
        np.testing.assert_allclose(view.path(f'[data-chart="accuracy"] .line >> nth={index}'), expected, atol=0.06)

    (_, y_low), *_, (_, y_high) = view.ticks("triplets")
    below = np.zeros(len(points))
    for kind in ("hard", "semihard", "easy"):
        above = below + [p[kind] for p in points]
        edges = [y_low + edge * (y_high - y_low) for edge in (above, below[::-1])]
        x = [p["x"] for p in points]
        expected = np.stack([[*x, *x[::-1]], np.concatenate(edges)], axis=1)
        np.testing.assert_allclose(view.path(f'[data-kind="{kind}"]'), expected, atol=0.06)
        below = above


def test_lines_to_compare_with_are_where_their_numbers_are(open_curves: Open) -> None:
    view = open_curves()
    view.show(made_up(STEPS))
    for name, values in {
        "loss": [REFERENCES["collapse"], REFERENCES["floor"]],
        "accuracy": [made_up([0])["frames"][0]["metrics"]["knn"], REFERENCES["knnRaw"]],
    }.items():
        (low, y_low), *_, (high, y_high) = view.ticks(name)
        scale = (lambda v: v) if name == "loss" else (lambda v: math.log(1 - v))
        slope = (y_high - y_low) / (scale(high) - scale(low))
        places = view.chart(name).locator(".guides line").evaluate_all("lines => lines.map((l) => l.y1.baseVal.value)")
        np.testing.assert_allclose(places, [y_low + slope * (scale(v) - scale(low)) for v in values], atol=0.01)
    texts = view.root.locator(".labels text")
    expect(texts).to_have_text(
        ["all points coincide 4.84", "lowest possible 2.49", "untrained net 75.0%", "raw pixels 91.5%"]
    )
    view.show({**made_up(STEPS), "references": {**REFERENCES, "collapse": 6.0, "floor": 6.0}})
    expect(texts).to_have_text(["all points coincide 6", "untrained net 75.0%", "raw pixels 91.5%"])


def test_click_drag_and_keys_move_the_cursor(open_curves: Open) -> None:
    view = open_curves()
    data = made_up(STEPS)
    view.show(data)
    axes = view.axes(STEPS[-1])
    assert view.places("cursor") == pytest.approx([axes.right] * 3)
    mouse = view.page.mouse
    for name in ("loss", "accuracy", "triplets"):
        mouse.click(*view.point(name, 57, axes))
        assert view.sought() == ([60] if name == "loss" else [])  # it is there already
        mouse.move(*view.point(name, 60, axes))
    mouse.down()
    mouse.move(*view.point("triplets", 10.2, axes), steps=8)
    expect(view.slider).to_have_attribute("aria-valuenow", "10")
    mouse.up()
    dragged = view.sought()
    assert dragged == sorted(dragged, reverse=True)
    assert dragged[-1] == 10
    assert set(dragged) <= set(STEPS)
    expect(view.slider).to_be_focused()
    assert view.places("cursor") == pytest.approx([axes.x(10)] * 3)
    keys = {"ArrowRight": 12, "ArrowUp": 14, "ArrowLeft": 12, "ArrowDown": 10, "PageUp": 60, "PageDown": 10, "Home": 0}
    for key, step in {**keys, "End": STEPS[-1]}.items():
        view.slider.press(key)
        expect(view.slider).to_have_attribute("aria-valuenow", str(step))
        assert view.sought() == [step]
        assert view.places("cursor") == pytest.approx([axes.x(step)] * 3)
    view.slider.press("ArrowRight")
    assert view.sought() == []
    for name, value in {"valuemin": "0", "valuemax": str(STEPS[-1]), "orientation": "horizontal"}.items():
        expect(view.slider).to_have_attribute(f"aria-{name}", value)
    view.show({**data, "viewed": 17})
    assert view.places("cursor") == pytest.approx([axes.x(17)] * 3)
    loss = short_number(data["losses"][16], 4)
    expect(view.slider).to_have_attribute("aria-valuetext", re.compile(f"^step 17: loss {loss}, kNN .*%, hard "))


def test_pointer_shows_the_numbers_of_its_step(open_curves: Open) -> None:
    view = open_curves()
    changes = [{"step": 36, "text": "temperature 0.2"}, {"step": 200, "text": "learning rate 0.01"}]
    data = {**made_up(STEPS), "changes": changes}
    view.show(data)
    axes = view.axes(STEPS[-1])

    def expect_numbers(step: int) -> None:
        metrics = next(frame["metrics"] for frame in data["frames"] if frame["step"] == step)
        expect(view.reading("step")).to_have_text(f"step {step}")
        for name in ("knn", "drawn", "hard", "semihard", "easy"):
            expect(view.reading(name)).to_have_text(f"{metrics[name]:.1%}")
        assert float(view.reading("loss").text_content() or "") == pytest.approx(data["losses"][step - 1], rel=1e-3)

    expect_numbers(300)
    view.page.mouse.move(*view.point("accuracy", 34, axes))
    expect_numbers(35)
    assert view.places("hover") == pytest.approx([axes.x(35)] * 3)
    assert view.places("cursor") == pytest.approx([axes.right] * 3)
    expect(view.note).to_have_text("settings changed at step 36: temperature 0.2")
    dots = view.root.locator(".dots circle")
    assert dots.evaluate_all("dots => dots.map((d) => d.cx.baseVal.value)") == pytest.approx([axes.x(35)] * 3)
    view.page.mouse.move(*view.point("accuracy", 100, axes))
    expect_numbers(110)
    expect(view.note).to_be_hidden()
    view.page.mouse.move(0, 0)
    expect_numbers(300)
    assert view.sought() == []
    marks = view.chart("triplets").locator(".changes line").evaluate_all("l => l.map((m) => m.x1.baseVal.value)")
    assert marks == pytest.approx([axes.x(36), axes.x(200)])
    text = view.chart("loss").get_by_role("img").get_attribute("aria-label") or ""
    assert text.endswith(
        "settings changed at step 36: temperature 0.2. settings changed at step 200: learning rate 0.01."
    )


def test_tap_moves_the_cursor_on_a_phone(windows: Any) -> None:
    window = windows.take("phone", device_scale_factor=2, has_touch=True, is_mobile=True)
    window.set_viewport_size({"width": 390, "height": 844})
    load(window, page(390))
    view = CurvesView(window)
    view.show(made_up(STEPS))
    axes = view.axes(STEPS[-1])
    window.touchscreen.tap(*view.point("triplets", 41, axes))
    expect(view.slider).to_have_attribute("aria-valuenow", "42")
    expect(view.reading("step")).to_have_text("step 42")
    assert view.sought() == [42]
    assert window.evaluate("document.documentElement.scrollWidth <= innerWidth")
    window.goto("about:blank")
    windows.give_back("phone", window)


def test_one_more_frame_changes_attributes_and_takes_little_time(open_curves: Open) -> None:
    view = open_curves()
    view.show(made_up(LONG))
    view.page.evaluate(TIMED)
    times = view.page.evaluate(GROW, 40)
    assert len(times) == 41  # one drawing for two updates
    assert min(times) < MAX_MILLISECONDS
    changes = view.page.evaluate("rebuilt")
    # a text that changes is a new text node: step, loss, two accuracies, three shares
    assert changes <= 41 * 7
    expect(view.reading("step")).to_have_text("step 20,000")


def test_what_is_not_known_is_not_drawn(open_curves: Open) -> None:
    view = open_curves()
    placeholder = view.page.get_by_text("Scores appear with the first frame.")
    view.show({**made_up([0]), "frames": [], "losses": []})
    expect(placeholder).to_be_visible()
    expect(view.slider).to_be_hidden()

    view.show(made_up([0]))
    expect(placeholder).to_be_hidden()
    axes = view.axes(10)
    assert view.places("cursor") == pytest.approx([axes.left] * 3)
    expect(view.reading("loss")).to_have_text("–")
    assert not view.root.locator('[data-chart="loss"] .line').get_attribute("d")
    assert len(view.path('[data-chart="accuracy"] .line >> nth=1')) == 1
    expect(view.chart("loss").get_by_role("img")).to_have_accessible_name(
        "No loss yet at step 0. If all points coincide it is 4.84, the lowest possible loss 2.49."
    )
    expect(view.root.locator(".name").locator("visible=true")).to_have_count(0)

    data = made_up(STEPS)
    unknown = math.nan
    data["losses"][99:] = [unknown] * (len(data["losses"]) - 99)
    view.show({**data, "references": {"collapse": unknown, "floor": unknown, "knnRaw": unknown}})
    assert len(view.path('[data-chart="loss"] .line')) == 99
    expect(view.root.locator(".labels text")).to_have_text(["untrained net 75.0%"])
    expect(view.reading("loss")).to_have_text("unknown")

    view.show({**made_up(STEPS), "references": None})
    assert len(view.path('[data-chart="loss"] .line')) == 300
    view.page.evaluate("curves.clear()")
    expect(placeholder).to_be_visible()
    view.show(made_up(STEPS[:4]))
    assert len(view.path('[data-chart="loss"] .line')) == 3


@pytest.mark.parametrize(("width", "type_size", "dark"), [(390, "16px", False), (620, "22px", True)])
def test_text_stays_within_the_page_and_clear_of_other_text(
    width: int, type_size: str, dark: bool, open_curves: Open
) -> None:
    view = open_curves(width, type_size=type_size, dark=dark)
    view.show(made_up(STEPS))
    boxes = view.root.locator("text:visible, figcaption > *").evaluate_all(
        """all => all.filter((e) => !e.closest('[visibility=hidden]')).map((e) => {
            const { left, right, top, bottom } = e.getBoundingClientRect();
            return { text: e.textContent, left, right, top, bottom };
        })"""
    )
    assert len(boxes) > 20
    for k, box in enumerate(boxes):
        assert box["left"] >= 0, box
        assert box["right"] <= width, box
        for other in boxes[:k]:
            across = min(box["right"], other["right"]) - max(box["left"], other["left"])
            along = min(box["bottom"], other["bottom"]) - max(box["top"], other["top"])
            assert across <= 1 or along <= 5, (box, other)  # a line of text is higher than its letters
    names = view.root.locator(".name text")
    expect(names).to_have_text(["● hard", "◐ semi-hard", "○ easy"])
    fills = view.root.locator(".area").evaluate_all("all => all.map((e) => getComputedStyle(e).fill)")
    assert [fill.split("-")[0] for fill in fills] == ['url("#hard', 'url("#semihard', "rgb(0, 158, 115)"]
