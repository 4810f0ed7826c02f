"""The static site in a browser, served by a plain file server."""

import functools
import http.server
import math
import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from cl_core.site import build
from tests.browser.test_live_pictures import curve

pytestmark = pytest.mark.browser


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    build.build(folder)
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


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
