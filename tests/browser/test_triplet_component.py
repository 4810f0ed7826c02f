"""Triplet component: it shows the numbers of the Python loss, and kinds change exactly at the rings."""

import json
import math
import re
from collections.abc import Callable, Iterator
from itertools import pairwise as neighbours
from typing import Any

import pytest
import torch
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect

from cl_core.losses import LOSSES
from cl_core.losses.contrast import Contrast
from cl_core.losses.distances import pairwise
from tests.browser.app_page import wait_for
from tests.browser.component import Component
from tests.browser.servers import Server

pytestmark = pytest.mark.browser

Open = Callable[..., "TripletView"]
Points = list[list[float]]


class TripletView(Component):
    """The triplet component on an open page."""

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

    def position(self, handle: Locator) -> tuple[float, float]:
        x, y = handle.locator(".reach").evaluate(
            "e => { const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; }"
        )
        return x, y

    def wait_until_still(self) -> None:
        self.wait_two_frames()
        expect(self.root).to_have_attribute("data-moving", "false")

    def next_dataset(self) -> dict[str, str]:
        """Return the data attributes, by their names in JavaScript, once the next animation frame is drawn."""
        return self.root.evaluate("e => new Promise((done) => requestAnimationFrame(() => done({ ...e.dataset })))")

    def drag(self, handle: Locator, moves: list[tuple[float, float]]) -> Iterator[dict[str, str]]:
        """Drag a handle by (dx, dy) CSS pixels from its start, and yield the data attributes after each move."""
        x, y = self.position(handle)
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        for dx, dy in moves:
            self.page.mouse.move(x + dx, y + dy)
            yield self.next_dataset()
        self.page.mouse.up()

    def run_count(self) -> int:
        found = re.search(r"runs: (\d+)", self.page.get_by_text("python sees").inner_text())
        assert found
        return int(found[1])

    def expect_python(self, text: str) -> None:
        expect(self.page.get_by_text("python sees")).to_contain_text(text, timeout=30_000)

    def press_margin_slider(self, *keys: str) -> None:
        self.page.get_by_role("slider", name=re.compile(r"^m\b")).focus()
        for key in keys:
            self.page.keyboard.press(key)

    def explanation(self) -> str:
        return self.root.locator(".why").inner_text()


@pytest.fixture
def open_scene(show_scene: Callable[..., Page]) -> Open:
    def open_(query: str = "", points: Points | None = None, **settings: Any) -> TripletView:
        points_query = "" if points is None else f"&points={json.dumps(points)}"
        page = show_scene("triplet", query + points_query, **settings)
        expect(page.locator(".triplet[data-loss]")).to_be_visible(timeout=60_000)
        expect(page.get_by_text("python sees")).to_be_visible()
        follows = "false" if "server" in query else "true"
        expect(page.locator(".triplet")).to_have_attribute("data-live", follows, timeout=60_000)
        return TripletView(page)

    return open_


def loss_and_forces(points: Points, margin: float, distance: str, circle: bool) -> tuple[float, Points]:
    """Return the mean loss over triplets with a loss, and minus its gradient with respect to each point."""
    z = torch.tensor(points, dtype=torch.float64, requires_grad=True)
    u = z / z.norm(dim=1, keepdim=True) if circle else z
    positive = torch.zeros(1, len(points) - 1, dtype=torch.bool)
    positive[0, 0] = True
    contrast = Contrast(pairwise(u[:1], u[1:], distance), positive, ~positive)
    loss = LOSSES["triplet"](contrast, margin=margin, distance=distance, mining="all_nonzero").mean()
    (gradient,) = torch.autograd.grad(loss, z)
    return loss.item(), (-gradient).tolist()


def expected_kind(data: dict[str, str], k: int) -> str:
    """Return the kind of negative k by the distances in the data attributes."""
    d_ap, d_an, edge = float(data["dAp"]), float(data["dAn"].split()[k]), float(data["edge"])
    return "hard" if d_an - d_ap <= TIE else "semihard" if edge - d_an > TIE else "easy"


TIE = 2**-40  # distances that differ by no more are ties

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
def test_loss_forces_and_rings_equal_those_of_the_python_loss(
    open_scene: Open, distance: str, circle: int, margin: float, points: Points
) -> None:
    view = open_scene(f"plain=1&m={margin}&distance={distance}{'&circle=1' * circle}", points)
    loss, forces = loss_and_forces(points, margin, distance, bool(circle))
    if circle:
        assert [math.hypot(*point) for point in view.pairs("points")] == pytest.approx([1] * len(points))
        _, forces = loss_and_forces(view.pairs("points"), margin, distance, circle=True)
    assert loss > 0
    assert view.number("loss") == pytest.approx(loss, rel=1e-9)
    for shown, expected in zip(view.pairs("forces"), forces, strict=True):
        assert shown == pytest.approx(expected, rel=1e-9, abs=1e-12)
    losses = view.row("losses")
    assert view.number("loss") == pytest.approx(sum(losses) / sum(x > 0 for x in losses), rel=1e-12)
    data = view.next_dataset()
    assert data["kinds"].split() == [expected_kind(data, k) for k in range(len(points) - 2)]
    near, far, other = view.row("rings")
    d_ap = math.dist(*view.pairs("points")[:2])
    radius = {"euclidean": d_ap + margin, "sqeuclidean": math.sqrt(d_ap**2 + margin)}
    radius["cosine"] = math.sqrt(d_ap**2 + 2 * margin)
    assert near == pytest.approx(d_ap, abs=1e-11)
    assert far == pytest.approx(radius[distance], abs=1e-11)
    assert other == pytest.approx(radius["euclidean" if distance == "sqeuclidean" else "sqeuclidean"], abs=1e-11)


def test_kind_of_a_dragged_negative_changes_at_both_rings(open_scene: Open) -> None:
    view = open_scene("m=0.2")
    runs = view.run_count()
    moves = [(-k, -1.73 * k) for k in range(61)]
    states = []  # distance and kind after each move
    for data in view.drag(view.point("n1"), [(20, 50), *moves]):
        distance, kind = float(data["dAn"].split()[0]), data["kinds"].split()[0]
        assert kind == expected_kind(data, 0)
        assert float(view.point("n1").get_attribute("aria-valuenow") or "nan") == distance
        states.append((distance, kind))
        if len(states) > len(moves):  # at the last move: the count never falls
            assert view.run_count() == runs, "nothing is sent during a drag"
    outward = states[states.index(min(states)) :]
    changes = [(a, b) for a, b in neighbours(outward) if a[1] != b[1]]
    assert [(a[1], b[1]) for a, b in changes] == [("hard", "semihard"), ("semihard", "easy")]
    for (a, b), ring in zip(changes, view.row("rings"), strict=False):
        assert a[0] <= ring <= b[0]
        assert b[0] - a[0] < 0.02
    assert view.data("selected") == "0"
    assert "n1 is easy" in view.explanation()
    expect(view.root.locator(".card").first).to_have_text(re.compile("^n1 ○ easy"))
    x, y = view.pairs("points")[2]
    view.expect_python(f"({x}, {y})")
    assert view.run_count() == runs + 1, "one message at the end of the drag"


def test_keys_move_points_to_exact_ties(open_scene: Open) -> None:
    view = open_scene("m=0.2", [[0, 0], [0.6, 0], [0, -0.4], [0.5, 0.5]])
    n1 = view.root.get_by_role("slider", name="negative n1", exact=True)
    for _ in range(40):
        view.page.keyboard.press("Tab")
        if view.root.evaluate("e => e.getRootNode().activeElement?.dataset.point === 'n1'"):
            break
    expect(n1).to_be_focused()

    def press(*keys: str) -> None:
        for key in keys:
            view.page.keyboard.press(key)
        view.wait_two_frames()

    press(*["ArrowDown"] * 3, *["Shift+ArrowDown"] * 6)
    assert view.pairs("points")[2] == [0, -0.61]
    assert view.data("kinds").split()[0] == "semihard"
    press("Shift+ArrowUp")
    assert (view.pairs("points")[2], view.data("kinds").split()[0]) == ([0, -0.6], "hard")
    assert (
        view.explanation()
        == "n1 is hard: exactly as far as the positive (0.60 = 0.60), and a tie counts as hard. It is pushed away."
    )
    press(*["ArrowUp"] * 12, *["ArrowRight"] * 16)
    assert (view.pairs("points")[2], view.data("kinds").split()[0]) == ([0.8, 0], "easy")
    assert "exactly the margin (0.80 = 0.80)" in view.explanation()
    assert view.row("losses")[0] == 0
    expect(n1).to_have_attribute("aria-valuetext", "easy, δₐₙ 0.80, loss 0.00; x 0.80, y 0.00")
    press("Shift+ArrowLeft")
    assert (view.pairs("points")[2], view.data("kinds").split()[0]) == ([0.79, 0], "semihard")
    assert "not by the margin (0.79 < 0.80)" in view.explanation()
    view.expect_python("negatives=((0.79, 0.0), (0.5, 0.5)), selected=0")
    press("Tab")
    expect(view.point("n2")).to_be_focused()
    press("Tab")
    expect(view.dot("n2")).to_be_focused()
    press("ArrowUp")
    assert view.row("d-an")[1] == pytest.approx(0.76, abs=1e-11)
    press("ArrowLeft")
    expect(view.dot("n1")).to_be_focused()
    press("Shift+ArrowUp")
    assert view.row("d-an")[0] == pytest.approx(0.8, abs=1e-11)
    assert view.data("kinds").split()[0] == "easy"
    view.expect_python("selected=0")


def test_touch_drags_a_negative(open_scene: Open) -> None:
    view = open_scene("plain=1", phone=True, width=390, height=1300)
    session = view.page.context.new_cdp_session(view.page)
    x, y = view.position(view.point("n2"))

    def touch(kind: str, *at: tuple[float, float]) -> None:
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": a, "y": b} for a, b in at]})

    touch("touchStart", (x, y))
    for k in (10, 30, 60):
        touch("touchMove", (x, y - k))
    data = view.next_dataset()
    assert data["kinds"].split()[1] == "hard" == expected_kind(data, 1)
    assert view.data("selected") == "1"
    touch("touchEnd")
    view.expect_python("selected=1")
    assert view.page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("query", ["distance=sqeuclidean", "distance=cosine&circle=1"])
def test_dot_dragged_on_the_distance_axis_keeps_the_direction_of_its_negative(open_scene: Open, query: str) -> None:
    view = open_scene(f"{query}&m=0.3&plain=1", [[1, 0], [0.8, 0.6], [0.96, -0.28], [-0.6, 0.8]])
    anchor, _, before, _ = view.pairs("points")
    kinds_seen = []
    for data in view.drag(view.dot("n1"), [(9, -4 * k) for k in range(30)]):
        kind = data["kinds"].split()[0]
        assert kind == expected_kind(data, 0)
        kinds_seen.append(kind)
    assert list(dict.fromkeys(kinds_seen)) == ["hard", "semihard", "easy"]
    _, _, after, other = view.pairs("points")
    turn = [math.atan2(p[1] - anchor[1], p[0] - anchor[0]) for p in (before, after)]
    if "circle" in query:
        assert math.hypot(*after) == pytest.approx(1)
        assert after[1] < 0, "on the same side as before"
    else:
        assert turn[1] == pytest.approx(turn[0])
    assert other == pytest.approx([-0.6, 0.8])
    view.expect_python(f"({after[0]}, {after[1]})")


def test_coinciding_points_have_finite_forces(open_scene: Open) -> None:
    for query in ("distance=euclidean", "distance=sqeuclidean", "distance=cosine&circle=1"):
        view = open_scene(f"{query}&plain=1", [[0.6, 0.8], [0.6, 0.8], [0.6, 0.8], [-0.6, -0.8]])
        assert view.data("kinds") == "hard easy"
        assert view.row("losses") == pytest.approx([0.2, 0], abs=1e-11)
        assert view.row("forces") == pytest.approx([0] * 8, abs=1e-9)
        assert "its gradient is 0" in view.explanation()
        markup = view.root.evaluate("e => e.outerHTML")
        assert "NaN" not in markup
        assert "Infinity" not in markup
        view.dot("n1").press("ArrowUp")
        view.wait_two_frames()
        assert view.row("d-an")[0] == pytest.approx(0.05, abs=1e-9)


def test_distances_that_differ_by_rounding_are_ties(open_scene: Open) -> None:
    # in floating point 0.3 + 0.1 is not 0.4, and 0.09 + 0.07 is not 0.16
    view = open_scene("distance=euclidean&m=0.1&plain=1", [[0, 0], [0.3, 0], [0, -0.3], [0.4, 0]])
    assert view.data("kinds") == "hard easy"
    assert view.row("losses") == pytest.approx([0.1, 0])
    view = open_scene("distance=sqeuclidean&m=0.07&plain=1", [[0, 0], [0.3, 0], [0, -0.3], [0, 0.4]])
    assert view.data("kinds") == "hard easy"


def test_settings_move_the_rings_but_not_the_points(open_scene: Open) -> None:
    view = open_scene("m=0.2&server=1", motion=True)
    view.advance_time_by_frames()
    list(view.drag(view.point("positive"), [(5, -5), (10, -20)]))
    points = view.pairs("points")
    view.expect_python(f"({points[1][0]}, {points[1][1]})")
    view.root.evaluate(
        """e => {
            const ring = e.querySelector('[data-part="ring-far"]');
            window.radii = [];
            new MutationObserver(() => radii.push(Number(ring.dataset.radius))).observe(
                ring, { attributes: true, attributeFilter: ['data-radius'] });
        }"""
    )
    view.press_margin_slider("ArrowRight")
    expect(view.root).to_have_attribute("data-edge", re.compile(f"^{view.row('rings')[0] + 0.25:.9f}"[:-3]))
    view.wait_until_still()
    radii = view.page.evaluate("radii")
    assert len(radii) > 2, "the ring moves gradually"
    assert radii == sorted(radii)
    assert view.pairs("points") == points
    view.page.get_by_text("circle", exact=True).click()
    expect(view.root).to_have_attribute("data-circle", "true")
    view.wait_until_still()
    unit = [[x / math.hypot(x, y), y / math.hypot(x, y)] if x or y else [1, 0] for x, y in points]
    assert view.pairs("points") == [pytest.approx(point) for point in unit]
    view.expect_python("anchor=(1.0, 0.0)")
    view.page.get_by_text("circle", exact=True).click()
    expect(view.root).to_have_attribute("data-circle", "false")
    assert view.pairs("points") == [pytest.approx(point) for point in unit], "leaving the circle keeps the points"
    box = view.page.get_by_text("show", exact=True)
    box.click()
    expect(view.page.locator(".triplet")).to_have_count(0)
    box.click()
    expect(view.page.locator(".triplet[data-loss]")).to_be_visible()
    assert view.pairs("points") == [pytest.approx(point) for point in unit], "a remount keeps the points"
    view.page.get_by_label("stream").fill("two")
    view.page.keyboard.press("Enter")
    expect(view.root).to_have_attribute("data-points", re.compile(r"^0 0 0\.6 0 "))
    view.expect_python("anchor=(0.0, 0.0)")


def test_held_slider_moves_the_rings_at_once(open_scene: Open) -> None:
    view = open_scene("m=0.2", motion=True)
    view.watch_motion()
    points = view.pairs("points")
    for key, margin in (("ArrowRight", 0.25), ("ArrowRight", 0.3), ("ArrowLeft", 0.25)):
        view.press_margin_slider(key)
        expect(view.page.get_by_role("slider", name=re.compile(r"^m\b"))).to_have_value(str(margin))
        data = view.next_dataset()
        assert float(data["edge"]) == pytest.approx(0.6 + margin)
        assert [float(ring) for ring in data["rings"].split()][:2] == pytest.approx([0.6, 0.6 + margin])
    view.expect_python("runs: 4")
    view.wait_until_still()
    assert view.pairs("points") == points
    assert not view.has_moved(), "what the server sends is what is shown"


def test_late_answer_to_an_earlier_value_does_not_move_the_rings_back(browser: Browser, harness_server: Server) -> None:
    page = browser.new_page(reduced_motion="no-preference")  # of its own: its messages are held back
    held: list[Callable[[], None]] = []
    holding: set[str] = set()

    def connect(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(to: WebSocketRoute, name: str) -> Callable[[str | bytes], None]:
            return lambda text: held.append(lambda: to.send(text)) if name in holding else to.send(text)

        socket.on_message(pass_on(server, "asked"))
        server.on_message(pass_on(socket, "answered"))

    page.route_web_socket(re.compile("/_stcore/stream"), connect)
    page.goto(f"{harness_server.url}/?component=triplet&m=0.2")
    view = TripletView(page)
    expect(view.root).to_have_attribute("data-live", "true", timeout=60_000)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    view.watch_motion()
    holding.add("answered")
    view.press_margin_slider("ArrowRight")
    wait_for(page, lambda: len(held) > 2)
    page.wait_for_timeout(1000)  # until the whole answer is there
    holding.add("asked")
    view.press_margin_slider("ArrowRight")
    wait_for(page, lambda: view.number("edge") == pytest.approx(0.9))
    first = held.copy()
    for runs, name, answer in ((2, "answered", lambda: first), (3, "asked", lambda: held[len(first) :])):
        holding.remove(name)
        for send in answer():
            send()
        view.expect_python(f"runs: {runs}")
        view.wait_two_frames()
        assert view.number("edge") == pytest.approx(0.9)
        assert not view.has_moved()
    page.close()


def test_points_follow_the_server_where_there_is_no_engine(open_scene: Open) -> None:
    view = open_scene("m=0.2&server=1")
    before = view.row("d-an")
    list(view.drag(view.point("n1"), [(5, 0), (20, 0)]))
    x, y = view.pairs("points")[2]
    view.expect_python(f"({x}, {y})")
    expect(view.root).not_to_have_class(re.compile("stale"))
    assert view.row("d-an")[0] == pytest.approx(math.hypot(x, y)) != before[0]
    assert view.row("d-an")[1:] == before[1:]
    point = view.position(view.dot("n1"))
    list(view.drag(view.dot("n1"), [(0, -20)]))
    assert view.position(view.dot("n1")) == point, "where a distance lies is the program's to say"


def test_new_settings_wait_for_the_end_of_a_drag(open_scene: Open) -> None:
    view = open_scene("m=0.2&server=1")
    view.watch_motion()
    moves = view.drag(view.point("n2"), [(10, 10), (20, 20)])
    next(moves)
    held = view.position(view.point("n2"))
    view.press_margin_slider("ArrowRight")
    expect(view.page.get_by_text("python sees")).to_contain_text(re.compile("runs: [2-9]"), timeout=30_000)
    view.wait_two_frames()
    assert view.number("edge") == pytest.approx(0.8), "the new margin waits"
    assert view.position(view.point("n2")) == held
    list(moves)
    expect(view.root).to_have_attribute("data-edge", re.compile(r"^0\.85"))
    assert not view.has_moved(), "with reduced motion the rings jump"


def test_hint_names_theme_and_selection_of_cards(open_scene: Open) -> None:
    view = open_scene("m=1.95&distance=euclidean&circle=1")
    expect(view.root.locator(".hint")).to_have_text(
        re.compile("No negative can be easy here: on the circle d is at most 2")
    )
    fill = "e => getComputedStyle(e).fill"
    before = view.root.locator("text.name").first.evaluate(fill)
    view.page.emulate_media(color_scheme="dark")
    expect(view.root).to_have_css("color-scheme", "dark")
    assert view.root.locator("text.name").first.evaluate(fill) != before
    for name in ("anchor a", "positive p", "negative n1"):
        expect(view.root.get_by_role("slider", name=name, exact=True)).to_have_count(1)
    view.root.locator(".card").nth(2).click()
    expect(view.root).to_have_attribute("data-selected", "2")
    expect(view.root.locator(".card.selected")).to_have_text(re.compile("^n3"))
