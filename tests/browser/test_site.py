"""The static site in a browser, served by a plain file server."""

import functools
import gzip
import http.server
import json
import math
import re
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from cl_core.components.envelope import pack, unpack
from cl_core.site import build
from cl_core.training import RunSpec
from cl_core.training.collapse_values import collapse_and_floor
from tests.browser.test_live_pictures import curve

pytestmark = pytest.mark.browser


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    build.build(folder, ("supcon", "am_softmax"))
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def points(page: Page) -> list[dict[str, object]]:
    """Return the first points of the moving picture."""
    page.locator(".embedding").dispatch_event("describe")
    found: list[dict[str, object]] = json.loads(page.locator(".embedding").get_attribute("data-positions") or "[]")
    return found


def open_training(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_role("button", name="Start")).to_be_enabled(timeout=30_000)


def radius(page: Page) -> float:
    circle = curve(page.locator(".plane"), "guide")
    radii = np.hypot(circle[:, 0], circle[:, 1] - 1)
    assert np.ptp(radii) < 1e-5
    return float(radii.mean())


def test_link_opens_a_loss_and_its_sliders_move_the_picture(open_window: Callable[..., Page], address: str) -> None:
    page = open_window()
    page.goto(f"{address}?loss=circle&margin=0.4")
    plane = page.locator(".plane")
    expect(plane).to_have_attribute("data-live", "true")
    page.wait_for_timeout(200)
    assert radius(page) == pytest.approx(math.sqrt(2) * 0.4, abs=1e-5)
    margin = page.get_by_role("slider", name="margin")
    margin.press("ArrowLeft")
    assert radius(page) == pytest.approx(math.sqrt(2) * 0.39, abs=1e-5)
    number = page.get_by_role("spinbutton", name="margin, as a number")
    number.fill("0.123")
    number.press("Enter")
    assert radius(page) == pytest.approx(math.sqrt(2) * 0.123, abs=1e-5)
    assert page.url.endswith("?loss=circle&margin=0.123")
    page.get_by_role("combobox", name="loss").select_option("arcface")
    expect(page.locator(".plane .title")).to_have_text("ArcFace")
    expect(plane).to_have_attribute("data-live", "true")
    assert page.url.endswith("?loss=arcface")
    page.get_by_role("button", name="Defaults").click()


def test_nonsense_in_a_link_shows_defaults_and_lost_files_a_message(
    open_window: Callable[..., Page], address: str
) -> None:
    page = open_window(dark=True)
    page.goto(f"{address}?loss=nothing&margin=banana&pool=%00")
    expect(page.locator(".plane .title")).to_have_text("Circle loss")
    expect(page.get_by_role("slider", name="margin")).to_have_value("0.25")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(17, 20, 27)"
    page.route("**/planes/*", lambda route: route.fulfill(status=200, body=b"\1\0\0\0"))
    page.get_by_role("combobox", name="loss").select_option("triplet")
    expect(page.get_by_text("The picture could not be loaded")).to_be_visible()
    page.unroute("**/planes/*")
    page.get_by_role("combobox", name="loss").select_option("supcon")
    expect(page.locator(".plane .title")).to_have_text("Supervised NT-Xent (SupCon)")


def test_training_starts_pauses_steps_and_begins_anew(open_window: Callable[..., Page], address: str) -> None:
    page = open_window()
    open_training(page, f"{address}training.html")
    cloud, state = page.locator(".embedding"), page.locator(".state")
    expect(cloud).to_have_attribute("data-step", "0")
    expect(page.get_by_role("img", name="loss of the batch: no steps yet")).to_be_visible()
    page.get_by_role("button", name="One step").click()
    expect(cloud).to_have_attribute("data-step", "1")
    expect(page.get_by_role("img", name="loss of the batch: 4.")).to_be_visible()
    after_one = points(page)
    page.get_by_role("button", name="Go on").click()
    expect(state).to_contain_text("steps a second in your browser")
    page.wait_for_function(
        "Number(document.querySelector('.picture > div').shadowRoot.querySelector('.embedding').dataset.step) > 20"
    )
    page.get_by_role("button", name="Pause").click()
    expect(state).to_contain_text("Paused")
    step = cloud.get_attribute("data-step")
    page.wait_for_timeout(300)
    assert cloud.get_attribute("data-step") == step
    page.get_by_role("button", name="Reset").click()
    expect(cloud).to_have_attribute("data-step", "0")
    expect(page.get_by_role("button", name="Start")).to_be_enabled()
    page.get_by_role("button", name="One step").click()
    expect(cloud).to_have_attribute("data-step", "1")
    assert points(page) == after_one  # equal runs have equal frames


def test_two_browsers_that_open_a_link_show_the_same_frames(open_window: Callable[..., Page], address: str) -> None:
    shown = []
    for dark in (False, True):
        page = open_window(dark=dark)
        open_training(page, f"{address}training.html?loss=am_softmax&margin=0.2&dim=2&seed=7&pace=flat-out")
        assert page.get_by_role("slider", name="margin").input_value() == "0.2"
        for step in range(1, 4):
            page.get_by_role("button", name="One step").click()
            expect(page.locator(".embedding")).to_have_attribute("data-step", str(step))
        shown.append([point["data"] for point in points(page)])
    assert shown[0] == shown[1]
    assert np.ptp(np.array(shown[0]), axis=0).min() > 0


def test_changes_of_a_running_run_and_nonsense_in_its_link(open_window: Callable[..., Page], address: str) -> None:
    page = open_window()
    open_training(page, f"{address}training.html?loss=nothing&dim=7&rate=x&seed=-1&pace=hurry&temperature=9e9")
    expect(page.get_by_role("combobox", name="loss")).to_have_value("supcon")
    expect(page.get_by_role("combobox", name="dimensions of the embedding")).to_have_value("128")
    expect(page.get_by_role("spinbutton", name="learning rate")).to_have_value("0.001")
    expect(page.get_by_role("spinbutton", name="seed")).to_have_value("0")
    cloud = page.locator(".embedding")
    rate = page.get_by_role("spinbutton", name="learning rate")
    page.get_by_role("button", name="One step").click()
    expect(cloud).to_have_attribute("data-step", "1")
    rate.fill("10")
    rate.press("Enter")
    chart = page.get_by_role("img", name="loss of the batch")
    label = chart.get_attribute("aria-label") or ""
    assert compared(chart) == pytest.approx(lines(0.1), rel=0.01)
    page.get_by_role("slider", name="temperature").press("End")
    expect(chart).not_to_have_accessible_name(label)
    value = float(page.get_by_role("slider", name="temperature").input_value())
    assert compared(chart) == pytest.approx(lines(value), rel=0.01)
    expect(page).to_have_url(re.compile(r"rate=10"))
    assert cloud.get_attribute("data-step") == "1"  # neither begins a new run
    page.get_by_role("button", name="One step").click()
    expect(cloud).to_have_attribute("data-step", "2")
    page.get_by_role("combobox", name="dimensions of the embedding").select_option("2")
    expect(cloud).to_have_attribute("data-step", "0")
    page.get_by_role("button", name="Defaults").click()
    expect(page).to_have_url(re.compile(r"\?loss=supcon$"))
    expect(page.get_by_role("combobox", name="dimensions of the embedding")).to_have_value("128")


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("**/runs/*", "runs/supcon-out-128.bin could not be loaded (404)."),
        ("**/probes*", "A file of images is incomplete."),
        ("**/images*", "A file of images is incomplete."),
        ("**/engine.wasm", "The engine could not be loaded: 404"),
    ],
)
def test_lost_or_cut_files_have_a_message_and_reset_tries_again(
    pattern: str, text: str, open_window: Callable[..., Page], address: str
) -> None:
    page = open_window()
    cut = gzip.compress(bytes(100))
    status = 200 if "images" in pattern or "probes" in pattern else 404
    page.route(pattern, lambda route: route.fulfill(status=status, body=cut))
    page.goto(f"{address}training.html")
    expect(page.locator(".notice")).to_contain_text(text)
    expect(page.locator(".state")).to_contain_text("Stopped")
    expect(page.get_by_role("button", name="Start")).to_be_disabled()
    page.unroute(pattern)
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_role("button", name="Start")).to_be_enabled(timeout=30_000)
    expect(page.locator(".notice")).to_be_hidden()


def test_run_that_leaves_the_range_of_numbers_stops_with_a_message(
    open_window: Callable[..., Page], address: str
) -> None:
    page = open_window()
    page.route("**/runs/*", lambda route: route.fulfill(body=with_infinite_weights(route.fetch().body())))
    page.goto(f"{address}training.html")
    expect(page.locator(".notice")).to_contain_text("The numbers ran out of range (NaN or infinity).")
    expect(page.locator(".state")).to_contain_text("Stopped")


def lines(temperature: float) -> tuple[float, float]:
    return collapse_and_floor(RunSpec(theta={"temperature": temperature}))


def compared(chart: Locator) -> tuple[float, ...]:
    """Return the values that the loss is compared with, as its chart says them."""
    found = re.search(
        r"all in one point: ([\d.]+); perfect classes: ([\d.]+)$", chart.get_attribute("aria-label") or ""
    )
    assert found
    return tuple(map(float, found.groups()))


def with_infinite_weights(file: bytes) -> bytes:
    """Return a run whose first weights are so large that its embedding is not finite."""
    header, buffers = unpack(file)
    for draw in header["weights"]["draws"]:
        draw["scale"] = 1e38
    del header["buffers"]
    return pack(header, buffers)
