"""One triplet in a real browser: its numbers are the core's, and its kind changes exactly at the rings."""

import json
import math
import re
from collections.abc import Callable, Iterator
from itertools import pairwise as neighbours
from typing import Any

import pytest
import torch
from playwright.sync_api import Locator, Page, expect

from cl_core.losses import LOSSES
from cl_core.losses.contrast import Contrast
from cl_core.losses.distances import pairwise
from tests.browser.component import Component

pytestmark = pytest.mark.browser

Open = Callable[..., "Scene"]
Points = list[list[float]]


class Scene(Component):
    """The component on an open page."""

    kind, sign = "triplet", "kinds"

    def point(self, name: str) -> Locator:
        return self.root.locator(f'[data-point="{name}"]')

    def dot(self, name: str) -> Locator:
        return self.root.locator(f'[data-dot="{name}"]')

    def row(self, name: str) -> list[float]:
        return [float(x) for x in self.data(name).split()]

    def pairs(self, name: str) -> Points:
        row = self.row(name)
        return [row[i : i + 2] for i in range(0, len(row), 2)]

    def place(self, handle: Locator) -> tuple[float, float]:
        x, y = handle.locator(".reach").evaluate(
            "e => { const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; }"
        )
        return x, y

    def frame(self) -> None:
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def still(self) -> None:
        self.frame()
        expect(self.root).to_have_attribute("data-moving", "false")

    def rule(self, k: int) -> str:
        """The kind that negative k has by its numbers."""
        d_ap, d_an, edge = self.number("d-ap"), self.row("d-an")[k], self.number("edge")
        return "hard" if d_an - d_ap <= TIE else "semihard" if edge - d_an > TIE else "easy"

    def drag(self, handle: Locator, moves: list[tuple[float, float]]) -> "Iterator[str]":
        """The kinds of all negatives after each move by (dx, dy) CSS pixels from where the handle was; then lets go."""
        x, y = self.place(handle)
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        for dx, dy in moves:
            self.page.mouse.move(x + dx, y + dy)
            self.frame()
            yield self.data("kinds")
        self.page.mouse.up()

    def runs(self) -> int:
        found = re.search(r"runs: (\d+)", self.page.get_by_text("python sees").inner_text())
        assert found
        return int(found[1])

    def python(self, words: str) -> None:
        expect(self.page.get_by_text("python sees")).to_contain_text(words, timeout=30_000)

    def slide(self, *keys: str) -> None:
        self.page.get_by_role("slider", name=re.compile(r"^m\b")).focus()
        for key in keys:
            self.page.keyboard.press(key)

    def why(self) -> str:
        return self.root.locator(".why").inner_text()


@pytest.fixture
def open_scene(show_scene: Callable[..., Page]) -> Open:
    def opened(query: str = "", points: Points | None = None, **settings: Any) -> Scene:
        given = "" if points is None else f"&points={json.dumps(points)}"
        page = show_scene("triplet", query + given, **settings)
        expect(page.locator(".triplet[data-loss]")).to_be_visible(timeout=60_000)
        expect(page.get_by_text("python sees")).to_be_visible()
        return Scene(page)

    return opened


def of_core(points: Points, margin: float, distance: str, circle: bool) -> tuple[float, Points]:
    """The core's mean loss over the triplets that have one, and minus its gradient by every point."""
    z = torch.tensor(points, dtype=torch.float64, requires_grad=True)
    u = z / z.norm(dim=1, keepdim=True) if circle else z
    positive = torch.zeros(1, len(points) - 1, dtype=torch.bool)
    positive[0, 0] = True
    contrast = Contrast(pairwise(u[:1], u[1:], distance), positive, ~positive)
    loss = LOSSES["triplet"](contrast, margin=margin, distance=distance, mining="all_nonzero").mean()
    (gradient,) = torch.autograd.grad(loss, z)
    return loss.item(), (-gradient).tolist()


TIE = 2**-40  # what is no farther apart ties

SCENES = [
    [[-0.8, 0.61], [-0.5, 0.93], [-0.9, 0.2], [0.3, 0.94]],
    [[0.13, -0.21], [-0.34, 0.55], [0.31, 0.07], [0.9, -0.83], [-0.77, 0.1], [0.2, 1.1], [0.4, 0.4], [-0.2, -0.9]],
]


@pytest.mark.parametrize(
    ("distance", "circle", "margin", "points"),
    [
        ("sqeuclidean", 0, 0.75, SCENES[1]),
        ("euclidean", 0, 0.2, SCENES[0]),
        ("sqeuclidean", 1, 0.2, SCENES[0]),
        ("euclidean", 1, 0.75, SCENES[1]),
        ("cosine", 1, 0.75, SCENES[1]),
    ],
)
def test_loss_and_forces_are_those_of_the_core(
    open_scene: Open, distance: str, circle: int, margin: float, points: Points
) -> None:
    scene = open_scene(f"plain=1&m={margin}&distance={distance}{'&circle=1' * circle}", points)
    loss, forces = of_core(points, margin, distance, bool(circle))
    if circle:
        assert [math.hypot(*point) for point in scene.pairs("points")] == pytest.approx([1] * len(points))
        _, forces = of_core(scene.pairs("points"), margin, distance, circle=True)
    assert loss > 0
    assert scene.number("loss") == pytest.approx(loss, rel=1e-9)
    for shown, core in zip(scene.pairs("forces"), forces, strict=True):
        assert shown == pytest.approx(core, rel=1e-9, abs=1e-12)
    losses = scene.row("losses")
    assert scene.number("loss") == pytest.approx(sum(losses) / sum(x > 0 for x in losses), rel=1e-12)
    assert scene.data("kinds").split() == [scene.rule(k) for k in range(len(points) - 2)]
    near, far, other = scene.row("rings")
    d_ap = math.dist(*scene.pairs("points")[:2])
    radius = {"euclidean": d_ap + margin, "sqeuclidean": math.sqrt(d_ap**2 + margin)}
    radius["cosine"] = math.sqrt(d_ap**2 + 2 * margin)
    assert near == pytest.approx(d_ap, abs=1e-11)
    assert far == pytest.approx(radius[distance], abs=1e-11)
    assert other == pytest.approx(radius["euclidean" if distance == "sqeuclidean" else "sqeuclidean"], abs=1e-11)


def test_a_mouse_crosses_both_rings_and_the_kind_changes_there(open_scene: Open) -> None:
    scene = open_scene("m=0.2")
    runs = scene.runs()
    moves = [(-k, -1.73 * k) for k in range(61)]
    seen = []
    for kinds in scene.drag(scene.point("n1"), [(20, 50), *moves]):
        assert kinds.split()[0] == scene.rule(0)
        assert float(scene.point("n1").get_attribute("aria-valuenow") or "nan") == scene.row("d-an")[0]
        seen.append((scene.row("d-an")[0], kinds.split()[0]))
        assert scene.runs() == runs, "while the hand moves nothing is sent"
    outward = seen[seen.index(min(seen)) :]
    changes = [(a, b) for a, b in neighbours(outward) if a[1] != b[1]]
    assert [(a[1], b[1]) for a, b in changes] == [("hard", "semihard"), ("semihard", "easy")]
    for (a, b), ring in zip(changes, scene.row("rings"), strict=False):
        assert a[0] <= ring <= b[0]
        assert b[0] - a[0] < 0.02
    assert scene.data("selected") == "0"
    assert "n1 is easy" in scene.why()
    expect(scene.root.locator(".card").first).to_have_text(re.compile("^n1 ○ easy"))
    x, y = scene.pairs("points")[2]
    scene.python(f"({x}, {y})")
    assert scene.runs() == runs + 1, "one message when the hand lets go"


def test_keys_reach_exact_ties(open_scene: Open) -> None:
    scene = open_scene("m=0.2", [[0, 0], [0.6, 0], [0, -0.4], [0.5, 0.5]])
    n1 = scene.root.get_by_role("slider", name="negative n1", exact=True)
    for _ in range(40):
        scene.page.keyboard.press("Tab")
        if scene.root.evaluate("e => e.getRootNode().activeElement?.dataset.point === 'n1'"):
            break
    expect(n1).to_be_focused()

    def press(*keys: str) -> None:
        for key in keys:
            scene.page.keyboard.press(key)
        scene.frame()

    press(*["ArrowDown"] * 3, *["Shift+ArrowDown"] * 6)
    assert scene.pairs("points")[2] == [0, -0.61]
    assert scene.data("kinds").split()[0] == "semihard"
    press("Shift+ArrowUp")
    assert (scene.pairs("points")[2], scene.data("kinds").split()[0]) == ([0, -0.6], "hard")
    assert scene.why() == "n1 is hard: exactly as far as the positive (0.60 = 0.60), and a tie is hard. It pushes."
    press(*["ArrowUp"] * 12, *["ArrowRight"] * 16)
    assert (scene.pairs("points")[2], scene.data("kinds").split()[0]) == ([0.8, 0], "easy")
    assert "exactly the margin (0.80 = 0.80)" in scene.why()
    assert scene.row("losses")[0] == 0
    expect(n1).to_have_attribute("aria-valuetext", "easy, δₐₙ 0.80, loss 0.00; x 0.80, y 0.00")
    press("Shift+ArrowLeft")
    assert (scene.pairs("points")[2], scene.data("kinds").split()[0]) == ([0.79, 0], "semihard")
    assert "not by the margin (0.79 < 0.80)" in scene.why()
    scene.python("negatives=((0.79, 0.0), (0.5, 0.5)), selected=0")
    press("Tab")
    expect(scene.point("n2")).to_be_focused()
    press("Tab")
    expect(scene.dot("n2")).to_be_focused()
    press("ArrowUp")
    assert scene.row("d-an")[1] == pytest.approx(0.76, abs=1e-11)
    press("ArrowLeft")
    expect(scene.dot("n1")).to_be_focused()
    press("Shift+ArrowUp")
    assert scene.row("d-an")[0] == pytest.approx(0.8, abs=1e-11)
    assert scene.data("kinds").split()[0] == "easy"
    scene.python("selected=0")


def test_a_finger_drags(open_scene: Open) -> None:
    scene = open_scene("plain=1", phone=True, width=390, height=1300)
    session = scene.page.context.new_cdp_session(scene.page)
    x, y = scene.place(scene.point("n2"))

    def touch(kind: str, *at: tuple[float, float]) -> None:
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": a, "y": b} for a, b in at]})

    touch("touchStart", (x, y))
    for k in (10, 30, 60):
        touch("touchMove", (x, y - k))
    scene.frame()
    assert scene.data("kinds").split()[1] == "hard" == scene.rule(1)
    assert scene.data("selected") == "1"
    touch("touchEnd")
    scene.python("selected=1")
    assert scene.page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("query", ["distance=sqeuclidean", "distance=cosine&circle=1"])
def test_a_dot_dragged_up_keeps_its_direction(open_scene: Open, query: str) -> None:
    scene = open_scene(f"{query}&m=0.3&plain=1", [[1, 0], [0.8, 0.6], [0.96, -0.28], [-0.6, 0.8]])
    anchor, _, before, _ = scene.pairs("points")
    seen = []
    for kinds in scene.drag(scene.dot("n1"), [(9, -2 * k) for k in range(60)]):
        assert kinds.split()[0] == scene.rule(0)
        seen.append(kinds.split()[0])
    assert list(dict.fromkeys(seen)) == ["hard", "semihard", "easy"]
    _, _, after, other = scene.pairs("points")
    turn = [math.atan2(p[1] - anchor[1], p[0] - anchor[0]) for p in (before, after)]
    if "circle" in query:
        assert math.hypot(*after) == pytest.approx(1)
        assert after[1] < 0, "on the side where it was"
    else:
        assert turn[1] == pytest.approx(turn[0])
    assert other == pytest.approx([-0.6, 0.8])
    scene.python(f"({after[0]}, {after[1]})")


def test_points_that_lie_on_each_other_give_finite_forces(open_scene: Open) -> None:
    for query in ("distance=euclidean", "distance=sqeuclidean", "distance=cosine&circle=1"):
        scene = open_scene(f"{query}&plain=1", [[0.6, 0.8], [0.6, 0.8], [0.6, 0.8], [-0.6, -0.8]])
        assert scene.data("kinds") == "hard easy"
        assert scene.row("losses") == pytest.approx([0.2, 0], abs=1e-11)
        assert scene.row("forces") == pytest.approx([0] * 8, abs=1e-9)
        assert "no direction" in scene.why()
        markup = scene.root.evaluate("e => e.outerHTML")
        assert "NaN" not in markup
        assert "Infinity" not in markup
        scene.dot("n1").press("ArrowUp")
        scene.frame()
        assert scene.row("d-an")[0] == pytest.approx(0.05, abs=1e-9)


def test_decimals_tie_as_they_do_on_paper(open_scene: Open) -> None:
    # 0.3 + 0.1 is not 0.4 to a computer, nor is 0.09 + 0.07 = 0.16
    scene = open_scene("distance=euclidean&m=0.1&plain=1", [[0, 0], [0.3, 0], [0, -0.3], [0.4, 0]])
    assert scene.data("kinds") == "hard easy"
    assert scene.row("losses") == pytest.approx([0.1, 0])
    scene = open_scene("distance=sqeuclidean&m=0.07&plain=1", [[0, 0], [0.3, 0], [0, -0.3], [0, 0.4]])
    assert scene.data("kinds") == "hard easy"


def test_settings_move_the_rings_and_not_the_points(open_scene: Open) -> None:
    scene = open_scene("m=0.2", motion=True)
    list(scene.drag(scene.point("positive"), [(5, -5), (10, -20)]))
    points = scene.pairs("points")
    scene.python(f"({points[1][0]}, {points[1][1]})")
    scene.root.evaluate(
        """e => {
            const ring = e.querySelector('[data-part="ring-far"]');
            window.seen = [];
            new MutationObserver(() => seen.push(Number(ring.dataset.radius))).observe(
                ring, { attributes: true, attributeFilter: ['data-radius'] });
        }"""
    )
    scene.slide("ArrowRight")
    expect(scene.root).to_have_attribute("data-edge", re.compile(f"^{scene.row('rings')[0] + 0.25:.9f}"[:-3]))
    scene.still()
    seen = scene.page.evaluate("seen")
    assert len(seen) > 2, "it moves"
    assert seen == sorted(seen)
    assert scene.pairs("points") == points
    scene.page.get_by_text("circle", exact=True).click()
    expect(scene.root).to_have_attribute("data-circle", "true")
    scene.still()
    unit = [[x / math.hypot(x, y), y / math.hypot(x, y)] if x or y else [1, 0] for x, y in points]
    assert scene.pairs("points") == [pytest.approx(point) for point in unit]
    scene.python("anchor=(1.0, 0.0)")
    scene.page.get_by_text("circle", exact=True).click()
    expect(scene.root).to_have_attribute("data-circle", "false")
    assert scene.pairs("points") == [pytest.approx(point) for point in unit], "leaving it keeps them"
    box = scene.page.get_by_text("show", exact=True)
    box.click()
    expect(scene.page.locator(".triplet")).to_have_count(0)
    box.click()
    expect(scene.page.locator(".triplet[data-loss]")).to_be_visible()
    assert scene.pairs("points") == [pytest.approx(point) for point in unit], "mounted again where they were"
    scene.page.get_by_label("stream").fill("two")
    scene.page.keyboard.press("Enter")
    expect(scene.root).to_have_attribute("data-points", re.compile(r"^0 0 0\.6 0 "))
    scene.python("anchor=(0.0, 0.0)")


def test_a_message_leaves_alone_what_a_hand_holds(open_scene: Open) -> None:
    scene = open_scene("m=0.2")
    scene.root.evaluate(
        """e => {
            window.moved = 0;
            new MutationObserver(() => (moved += e.dataset.moving === 'true')).observe(
                e, { attributes: true, attributeFilter: ['data-moving'] });
        }"""
    )
    moves = scene.drag(scene.point("n2"), [(10, 10), (20, 20)])
    next(moves)
    held = scene.place(scene.point("n2"))
    scene.slide("ArrowRight")
    expect(scene.page.get_by_text("python sees")).to_contain_text(re.compile("runs: [2-9]"), timeout=30_000)
    scene.frame()
    assert scene.number("edge") == pytest.approx(0.8), "the new margin waits"
    assert scene.place(scene.point("n2")) == held
    list(moves)
    expect(scene.root).to_have_attribute("data-edge", re.compile(r"^0\.85"))
    assert scene.page.evaluate("moved") == 0, "where motion is not wanted the rings jump"


def test_words_dark_paper_and_what_cannot_be(open_scene: Open) -> None:
    scene = open_scene("m=1.95&distance=euclidean&circle=1")
    expect(scene.root.locator(".hint")).to_have_text(
        re.compile("None can be easy here: on the circle d never exceeds 2")
    )
    fill = "e => getComputedStyle(e).fill"
    before = scene.root.locator("text.name").first.evaluate(fill)
    scene.page.emulate_media(color_scheme="dark")
    expect(scene.root).to_have_css("color-scheme", "dark")
    assert scene.root.locator("text.name").first.evaluate(fill) != before
    for name in ("anchor a", "positive p", "negative n1"):
        expect(scene.root.get_by_role("slider", name=name, exact=True)).to_have_count(1)
    scene.root.locator(".card").nth(2).click()
    expect(scene.root).to_have_attribute("data-selected", "2")
    expect(scene.root.locator(".card.selected")).to_have_text(re.compile("^n3"))
