"""The static site in a browser, served by a plain file server."""

import functools
import gzip
import http.server
import math
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from cl_core.components.envelope import pack, unpack
from cl_core.site import build
from cl_core.training import RunSpec
from cl_core.training.collapse_values import collapse_and_floor
from cl_core.training.frames import knn_of_pixels
from tests.browser.browser_training import BrowserTraining
from tests.browser.test_live_pictures import curve

pytestmark = pytest.mark.browser

Open = Callable[..., BrowserTraining]


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    build.build(folder, ("supcon", "am_softmax", "nt_xent"))
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture
def open_training(open_window: Callable[..., Page], address: str) -> Callable[..., BrowserTraining]:
    """`open_training("?loss=am_softmax") -> training`, each in a window of its own."""

    def open_(query: str = "", **settings: bool) -> BrowserTraining:
        page = open_window(**settings)
        page.goto(f"{address}training.html{query}")
        return BrowserTraining(page)

    return open_


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
    number = page.get_by_role("spinbutton", name=re.compile("^margin.*, as a number$"))
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


def test_training_starts_pauses_steps_and_begins_anew(open_training: Open) -> None:
    training = open_training("?pace=flat-out")
    training.until("d.step === '0' && d.phase === 'paused'")
    training.run_button("Step").click()
    training.until("d.step === '1' && d.phase === 'paused'")
    after_one = training.run()
    training.start()
    training.until("Number(d.step) > 20")
    training.expect_state("steps/s in your browser")
    assert training.pause() > 20
    training.expect_state("Paused")
    training.run_button("Reset").click()
    training.until("d.step === '0' && d.frames === '1'")
    training.run_button("Step").click()
    training.until("d.step === '1' && d.phase === 'paused'")
    again = training.run()
    assert again["losses"] == after_one["losses"]
    assert again["frames"] == after_one["frames"]
    assert again["id"] != after_one["id"]


def test_two_browsers_that_open_a_link_show_the_same_frames(open_training: Open) -> None:
    shown = []
    for dark in (False, True):
        training = open_training("?loss=am_softmax&margin=0.2&dim=2&seed=7&pace=flat-out", dark=dark)
        assert training.page.get_by_role("slider", name="margin").input_value() == "0.2"
        expect(training.root.get_by_role("img", name="kNN accuracy").first).to_be_visible()
        for step in range(1, 4):
            training.run_button("Step").click()
            training.until(f"d.step === '{step}'")
        shown.append([frame["codes"] for frame in training.run()["frames"]])
    assert shown[0] == shown[1]
    assert np.ptp(np.array(shown[0][-1]).reshape(-1, 2), axis=0).min() > 0


def test_changes_of_a_running_run_and_nonsense_in_its_link(open_training: Open) -> None:
    training = open_training("?loss=nothing&dim=7&rate=x&seed=-1&pace=hurry&temperature=9e9")
    page = training.page
    expect(page.get_by_role("combobox", name="loss")).to_have_value("supcon")
    dim, pace = page.get_by_role("combobox", name="dimensions"), page.get_by_role("combobox", name="speed")
    expect(dim).to_have_value("128")
    expect(pace).to_have_value("slow")
    rate = page.get_by_role("spinbutton", name="learning rate")
    expect(rate).to_have_value("0.001")
    expect(page.get_by_role("spinbutton", name="seed")).to_have_value("0")
    expect(page).to_have_url(re.compile(r"\?loss=supcon$"))
    training.run_button("Step").click()
    training.until("d.step === '1' && d.phase === 'paused'")
    before = training.run()
    assert compared(before) == pytest.approx(lines(0.1), rel=0.01)
    rate.fill("10")
    rate.press("Enter")
    temperature = page.get_by_role("slider", name="temperature")
    temperature.press("End")
    value = float(temperature.input_value())
    training.run_button("Apply").click()
    training.wait(lambda: compared(training.run()) == pytest.approx(lines(value), rel=0.01))
    expect(page).to_have_url(re.compile(rf"temperature={value:g}&rate=10$"))
    training.run_button("Step").click()
    training.until("d.step === '2' && d.phase === 'paused'")
    after = training.run()
    assert (after["id"], after["frames"][:2]) == (before["id"], before["frames"])  # the same run went on
    assert after["changes"] == [{"step": 1, "rate": 10, "theta": {"temperature": value}}]

    dim.select_option("2")
    expect(training.root.locator(".changed")).to_be_visible()
    training.run_button("Restart").click()
    training.until("d.phase === 'running' && Number(d.step) > 0")
    assert training.run()["id"] != before["id"]
    expect(training.root.locator(".changed")).to_be_hidden()
    page.get_by_role("button", name="Defaults").click()
    expect(page).to_have_url(re.compile(r"\?loss=supcon$"))
    expect(dim).to_have_value("128")


def test_new_seed_stands_in_form_and_address_and_begins_another_run(open_training: Open) -> None:
    training = open_training("?seed=4")
    training.run_button("Step").click()
    training.until("d.step === '1' && d.phase === 'paused'")
    first = training.run()["frames"][0]
    training.run_button("New seed").click()
    training.until("d.step === '0' && d.frames === '1'")
    expect(training.page.get_by_role("spinbutton", name="seed")).to_have_value("5")
    expect(training.page).to_have_url(re.compile(r"\?loss=supcon&seed=5$"))
    assert training.run()["frames"][0]["codes"] != first["codes"]


def test_reload_comes_back_to_the_run(open_training: Open) -> None:
    training = open_training("?pace=flat-out&temperature=0.2")
    training.train(6)
    paused_at = training.pause()
    run = training.run()
    training = training.reload()
    training.until(f"d.step === '{paused_at}' && d.phase === 'paused'")
    expect(training.run_button("Resume")).to_be_visible()
    assert training.run() == run
    training.run_button("Step").click()
    training.until(f"d.step === '{paused_at + 1}'")


def test_loss_of_two_views_trains_and_raw_pixels_are_compared(open_training: Open) -> None:
    training = open_training("?loss=nt_xent")
    training.run_button("Step").click()
    training.until("d.step === '1' && d.phase === 'paused'")
    (loss,) = training.run()["losses"]
    assert 0 < loss < 10
    share = knn_of_pixels("mnist", 1000)
    expect(training.root.locator(".curves")).to_contain_text(f"raw pixels {share:.1%}")


@pytest.mark.parametrize(
    ("pattern", "status", "text"),
    [
        ("**/runs/*", 300, "A file could not be loaded (300). Press Reset to try again."),
        ("**/runs/*", 200, "The run could not be opened ("),
        ("**/probes*", 200, "A file of examples is incomplete or damaged."),
        ("**/engine.wasm*", 404, "The engine could not be loaded: 404"),
        ("**/cloud.bin*", 300, "A file could not be loaded (300). Press Reset to try again."),
    ],
)
def test_lost_or_cut_files_have_a_message_and_reset_tries_again(
    pattern: str, status: int, text: str, open_window: Callable[..., Page], address: str
) -> None:
    page = open_window()
    cut = gzip.compress(bytes(100))  # and 300 is no success, but nothing that browsers write to the console either
    page.route(pattern, lambda route: route.fulfill(status=status, body=cut))
    page.goto(f"{address}training.html")
    notice = page.locator(".trainer .notice").first
    expect(notice).to_contain_text(text)
    if "cloud" not in pattern:  # without it a run can train all the same
        expect(page.locator(".state")).to_contain_text("Stopped")
        expect(page.get_by_role("button", name="Start")).to_be_disabled()
    page.unroute(pattern)
    page.get_by_role("button", name="Reset").click()
    training = BrowserTraining(page)
    training.cloud.until("d.step === '0'")
    expect(training.run_button("Start")).to_be_enabled()
    expect(notice).to_be_hidden()


def test_run_rests_when_the_file_of_the_next_one_is_lost(open_training: Open) -> None:
    training = open_training()
    page = training.page
    training.run_button("Step").click()
    training.until("d.step === '1' && d.phase === 'paused'")
    page.route("**/runs/am*", lambda route: route.fulfill(status=300))
    page.get_by_role("combobox", name="loss").select_option("am_softmax")
    training.run_button("Restart").click()
    notice = training.root.locator(".notice").first
    expect(notice).to_have_text("A file could not be loaded (300). Press Reset to try again.")
    page.wait_for_timeout(300)
    training.until("d.step === '1' && d.phase === 'paused'")
    page.unroute("**/runs/am*")
    training.run_button("Restart").click()
    training.until("d.phase === 'running' && Number(d.step) > 0")
    expect(notice).to_be_hidden()


def test_training_images_that_were_cut_are_loaded_again_by_start(
    open_window: Callable[..., Page], address: str
) -> None:
    page = open_window()
    page.route("**/images*", lambda route: route.fulfill(status=200, body=gzip.compress(bytes(100))))
    page.goto(f"{address}training.html")
    notice = page.locator(".trainer .notice").first
    expect(notice).to_have_text("A file of examples is incomplete or damaged. Press Start to try again.")
    training = BrowserTraining(page)
    training.expect_state("Paused")
    page.unroute("**/images*")
    training.start()
    training.until("Number(d.step) > 0")
    expect(notice).to_be_hidden()


def test_run_that_leaves_the_range_of_numbers_stops_with_a_message(
    open_window: Callable[..., Page], address: str
) -> None:
    page = open_window()
    page.route("**/runs/*", lambda route: route.fulfill(body=with_infinite_weights(route.fetch().body())))
    page.goto(f"{address}training.html")
    notice = page.locator(".trainer .notice").first
    expect(notice).to_contain_text("At step 0 the numbers ran out of range (NaN or infinity).")
    expect(page.locator(".state")).to_contain_text("Stopped")


def lines(temperature: float) -> tuple[float, float]:
    return collapse_and_floor(RunSpec(theta={"temperature": temperature}))


def compared(run: dict[str, Any]) -> tuple[float, float]:
    """Return the values that the loss of a run is compared with."""
    return run["references"]["collapse"], run["references"]["floor"]


def with_infinite_weights(file: bytes) -> bytes:
    """Return a run whose first weights are so large that its embedding is not finite."""
    header, buffers = unpack(file)
    for draw in header["weights"]["draws"]:
        draw["scale"] = 1e38
    del header["buffers"]
    return pack(header, buffers)
