"""Pictures follow their sliders while these are held, without a message to the server."""

import json
import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from playwright.sync_api import Locator, Page, Route, WebSocket, expect

from cl_core.analysis.triplet_scene import TripletScene, triplet_scene
from cl_core.losses.miners import KINDS
from tests.browser.app_page import wait_for
from tests.browser.servers import Server

pytestmark = pytest.mark.browser

SLOW = 60_000


@pytest.fixture
def messages() -> list[str | bytes]:
    """What the page has sent to the server."""
    return []


@pytest.fixture
def open_live(
    open_window: Callable[..., Page], app_server: Server, messages: list[str | bytes]
) -> Callable[[str, str], tuple[Page, Locator]]:
    """`open_live("batch", ".batch") -> page, picture`: a page, once its picture follows the sliders."""

    def open_(address: str, picture: str) -> tuple[Page, Locator]:
        page = open_window()

        def watch(socket: WebSocket) -> None:
            socket.on("framesent", lambda frame: messages.append(frame))

        page.on("websocket", watch)
        page.goto(f"{app_server.url}/{address}")
        plane = page.locator(picture).first
        expect(plane).to_have_attribute("data-live", "true", timeout=SLOW)
        expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=SLOW)
        page.wait_for_timeout(500)  # until what the page sends after its start has been sent
        return page, plane

    return open_


def weight_of(scene: Locator) -> float:
    """Return the weight of the pair that the pinned image of a scene has with its strongest partner."""
    return float(scene.get_attribute("data-w") or "nan")


def shapes(plane: Locator) -> dict:
    plane.dispatch_event("describe")
    return json.loads(plane.get_attribute("data-shapes") or "")


def curve(plane: Locator, role: str) -> np.ndarray:
    (found,) = [each for each in shapes(plane)["curves"] if each["role"] == role]
    points = np.array([math.nan if number is None else number for number in found["points"]], float).reshape(-1, 2)
    return points[np.isfinite(points).all(1)]


def slider(page: Page, key: str) -> Locator:
    return page.locator(f".st-key-{key} input[type=range]")


def hold(page: Page, key: str) -> tuple[float, float]:
    """Press the mouse on the thumb of a slider, and return where it is."""
    thumb = slider(page, key).locator("xpath=../..")
    for _ in range(SLOW // 500):
        thumb.scroll_into_view_if_needed()  # what opens above it may push it out again
        before = thumb.bounding_box()
        page.wait_for_timeout(500)  # a part of the sidebar that opens may begin to move late
        box = thumb.bounding_box()
        if box and box == before:
            x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
            page.mouse.move(x, y)
            page.mouse.down()
            if slider(page, key).evaluate("input => input === document.activeElement"):
                return x, y
            page.mouse.up()
    raise AssertionError(f"the slider {key} cannot be pressed")


def weights_while_held(page: Page, scene: Locator, key: str) -> list[float]:
    """Press the mouse on a slider of a batch and move it, and return what the scene shows before and at each place."""
    weights = [weight_of(scene)]
    x, y = hold(page, key)
    for step in (2, 4, 6):
        page.mouse.move(x + 12 * step, y)
        wait_for(page, lambda: weight_of(scene) != weights[-1])  # another one at each place
        weights.append(weight_of(scene))
    return weights


def held_margins(page: Page) -> Iterator[float]:
    """Move the thumb of the margin without letting it go, and yield the margin of each place."""
    x, y = hold(page, "margin")
    for step in range(-6, 12):
        page.mouse.move(x + 8 * step, y)
        margin = float(slider(page, "margin").input_value())
        page.wait_for_timeout(20)
        yield margin


def test_circle_follows_the_margin_while_the_button_is_held(open_live, messages) -> None:
    page, plane = open_live("boundaries?loss=circle", ".plane")
    before = len(messages)
    margins = []
    for margin in held_margins(page):
        margins.append(margin)
        circle = curve(plane, "guide")
        radii = np.hypot(circle[:, 0], circle[:, 1] - 1)
        np.testing.assert_allclose(radii, math.sqrt(2) * margins[-1], atol=1e-5)
        boundary = curve(plane, "boundary")
        arc = boundary[boundary[:, 0] > -margins[-1] + 1e-6]
        np.testing.assert_allclose(np.hypot(arc[:, 0], arc[:, 1] - 1), math.sqrt(2) * margins[-1], atol=1e-5)
    assert len(set(margins)) > 10
    assert len(messages) == before  # nothing was sent
    page.mouse.up()
    page.wait_for_url(lambda url: f"margin={margins[-1]:g}" in url)
    expect(page.get_by_text(f"{math.sqrt(2) * margins[-1]:.4f}").first).to_be_visible(timeout=SLOW)
    assert len(messages) > before


def test_plane_of_angles_and_the_second_loss_follow_their_own_sliders(open_live, messages) -> None:
    page, plane = open_live("boundaries?loss=arcface&plane=angles&two=true&loss_2=am_softmax", ".plane")
    second = page.locator(".plane").nth(1)
    expect(second).to_have_attribute("data-live", "true", timeout=SLOW)
    still = curve(second, "boundary")
    before = len(messages)
    x, y = hold(page, "margin")
    page.mouse.move(x + 30, y)
    page.wait_for_timeout(100)
    margin = float(slider(page, "margin").input_value())
    line = curve(plane, "boundary")
    np.testing.assert_allclose(line[:, 0] - line[:, 1], math.degrees(margin), atol=1e-3)
    np.testing.assert_array_equal(curve(second, "boundary"), still)
    wedge = page.locator(".wedge").first
    expect(wedge).to_have_attribute("data-live", "true")
    between = float(wedge.get_attribute("data-between") or "nan")
    asked = float(wedge.get_attribute("data-wedge") or "nan")
    assert asked == pytest.approx((between - math.degrees(margin)) / 2, abs=1e-6)
    assert len(messages) == before
    page.mouse.up()


def test_frozen_batch_follows_the_temperature_while_the_button_is_held(open_live, messages) -> None:
    page, scene = open_live("batch?loss=supcon&images=32&anchor=3", ".batch")
    matrix = scene.locator(".matrix")
    label = matrix.get_attribute("aria-label")
    before = len(messages)
    weights = weights_while_held(page, scene, "temperature")
    assert len(set(weights)) == 4
    assert len(messages) == before
    page.mouse.up()
    temperature = slider(page, "temperature").input_value()
    page.wait_for_url(lambda url: f"temperature={float(temperature):g}" in url)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=SLOW)
    page.wait_for_timeout(1000)  # the picture moves to what the server has computed, which is the same
    assert weight_of(scene) == pytest.approx(weights[-1], rel=1e-5)
    assert matrix.get_attribute("aria-label") == label


def assert_follows_like_the_server(page: Page, scene: Locator, key: str, before: int, messages: list) -> None:
    """Hold a slider of a batch, and compare what it shows then with what the server makes of the same value."""
    pinned = weights_while_held(page, scene, key)
    assert len(set(pinned)) == 4
    held = described(scene)
    assert len(messages) == before
    page.mouse.up()
    value = float(slider(page, key).input_value())
    page.wait_for_url(lambda url: f"{key}={value:g}" in url)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=SLOW)
    page.wait_for_timeout(1000)  # the picture moves to what the server has computed, which is the same
    assert weight_of(scene) == pytest.approx(pinned[-1], rel=1e-4)
    assert described(scene)["s"] == pytest.approx(held["s"], abs=1e-5)


def described(scene: Locator) -> dict[str, float]:
    return {name: float(scene.get_attribute(f"data-{name}") or "nan") for name in ("s", "w")}


@pytest.mark.parametrize(("loss", "key"), [("supcon", "temperature"), ("arcface", "margin"), ("supcon", "reach")])
def test_frozen_batch_follows_its_sliders_after_steps(open_live, messages, loss, key) -> None:
    page, scene = open_live(f"batch?loss={loss}&two=false&images=32&anchor=3&steps=4&reach=0.2", ".batch")
    if key == "reach":
        page.get_by_text("Steps and arrows").click()
    assert_follows_like_the_server(page, scene, key, len(messages), messages)


@pytest.mark.parametrize("mining", ["semihard", "batch_hard", "semihard_near"])
def test_ranking_follows_the_margin_while_the_button_is_held(open_live, messages, mining) -> None:
    address = f"triplets?part=a+real+batch&images=32&embedding=pixels&distance=euclidean&mining={mining}"
    page, ranking = open_live(address, ".ranking")

    def shown() -> dict[str, str]:
        parts = ("anchor", "positive", "hard", "semihard", "easy", "picked", "elsewhere")
        return {name: ranking.get_attribute(f"data-{name}") or "" for name in parts}

    edge = ranking.locator(".ruler .far")
    before = len(messages)
    edges = []
    counts = []
    for _ in held_margins(page):
        edges.append(edge.text_content())
        counts.append(shown()["easy"])
    assert len(set(edges)) > 10
    assert len(set(counts)) > 1 or mining == "batch_hard"  # whose positive is the farthest, with no easy negative
    assert len(messages) == before  # nothing was sent
    held, at_edge, margin = shown(), edge.text_content(), float(slider(page, "margin").input_value())
    page.mouse.up()
    page.wait_for_url(lambda url: f"margin={margin:g}" in url)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=SLOW)
    page.wait_for_timeout(500)
    assert len(messages) > before
    assert (shown(), edge.text_content()) == (held, at_edge)  # what the server says of the same margin


def numbers(picture: Locator, name: str) -> list[float]:
    return [float(number) for number in (picture.get_attribute(f"data-{name}") or "nan").split()]


def scene_of(picture: Locator) -> TripletScene:
    """Return what the library makes of the points and the margin that the picture of a triplet shows."""
    points = torch.tensor(numbers(picture, "points"), dtype=torch.float64).view(-1, 2)
    margin = numbers(picture, "edge")[0] - numbers(picture, "d-ap")[0]
    return triplet_scene(points, margin, picture.get_attribute("data-distance") or "", circle=False)


def assert_drawn_as_measured(picture: Locator) -> None:
    scene = scene_of(picture)
    for name, value in {
        "d-an": scene.d_an,
        "losses": scene.losses,
        "rings": scene.rings,
        "forces": scene.forces,
    }.items():
        assert numbers(picture, name) == pytest.approx(value.flatten().tolist(), abs=1e-9), name
    kinds = [tuple(KINDS)[kind] for kind in scene.kinds.tolist()]
    assert (picture.get_attribute("data-kinds") or "").split() == kinds
    for part, radius in zip(("near", "far"), scene.rings.tolist(), strict=False):
        drawn = picture.locator(f'[data-part="ring-{part}"]').get_attribute("data-radius")
        assert float(drawn or "nan") == pytest.approx(radius, abs=1e-9)


def test_triplet_follows_the_margin_while_the_button_is_held(open_live, messages) -> None:
    page, picture = open_live("triplets?distance=euclidean", ".triplet")
    points = numbers(picture, "points")
    before = len(messages)
    margins = []
    for margin in held_margins(page):
        margins.append(margin)
        assert numbers(picture, "edge")[0] - numbers(picture, "d-ap")[0] == pytest.approx(margins[-1], abs=1e-9)
        assert_drawn_as_measured(picture)
    assert len(set(margins)) > 10
    assert len(messages) == before  # nothing was sent
    page.mouse.up()
    page.wait_for_url(lambda url: f"margin={margins[-1]:g}" in url)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=SLOW)
    assert_drawn_as_measured(picture)
    assert numbers(picture, "points") == points
    assert len(messages) > before


def test_triplet_follows_a_dragged_point(open_live, messages) -> None:
    page, picture = open_live("triplets?distance=sqeuclidean", ".triplet")
    box = picture.locator('[data-point="n1"] .disc').bounding_box()
    assert box is not None
    before, places = len(messages), []
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 12):
        page.mouse.move(x - 9 * step, y - 6 * step)
        page.wait_for_timeout(20)
        places.append(tuple(numbers(picture, "points")[4:6]))
        assert_drawn_as_measured(picture)
    assert len(set(places)) > 10
    assert len(messages) == before  # nothing was sent
    page.mouse.up()
    page.wait_for_url(lambda url: f"{places[-1][0]:g}" in url)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=SLOW)
    assert_drawn_as_measured(picture)
    assert tuple(numbers(picture, "points")[4:6]) == places[-1]


def test_picture_changes_on_release_where_the_engine_cannot_be_loaded(browser, app_server) -> None:
    page = browser.new_page()  # of its own: the engine is refused there

    def refuse(route: Route) -> None:
        route.fulfill(status=200, content_type="application/wasm", body=b"no engine")

    page.route("**/engine*.wasm*", refuse)
    page.goto(f"{app_server.url}/boundaries?loss=circle")
    plane = page.locator(".plane").first
    plane.wait_for(timeout=SLOW)
    page.wait_for_timeout(1000)
    expect(plane).to_have_attribute("data-live", "false")
    slider(page, "margin").press("ArrowRight")
    page.wait_for_url(lambda url: "margin=0.26" in url)
    expect(page.get_by_text(f"{math.sqrt(2) * 0.26:.4f}").first).to_be_visible(timeout=SLOW)
    page.wait_for_timeout(1000)
    circle = curve(plane, "guide")
    np.testing.assert_allclose(np.hypot(circle[:, 0], circle[:, 1] - 1), math.sqrt(2) * 0.26, atol=1e-4)
    page.close()
