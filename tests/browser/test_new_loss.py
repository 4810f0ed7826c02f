"""A loss that is added by the guide in CONTRIBUTING is drawn and trained in the browser, for nothing but its file."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.browser.browser_training import SMALL, BrowserTraining
from tests.browser.servers import Server
from tests.browser.test_live_pictures import curve, held_margins
from tests.docs.example_loss import KEY, app_with_example

pytestmark = pytest.mark.browser

SEED, STEPS = 4, 3
LOSSES_OF_THE_LIBRARY = f"""
import json
from dataclasses import asdict
from cl_core.losses import LOSSES
from cl_core.training import RunSpec, advance, start
settings = asdict(LOSSES["{KEY}"].recipe) | dict(batch=32, dim=8, training_images=1000, seed={SEED})
print(json.dumps(advance(start(RunSpec(loss="{KEY}", **settings)), steps={STEPS}).losses.tolist()))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app with the example, on a server."""
    root = app_with_example(tmp_path_factory.mktemp("copy"))
    server = Server("app.py", tmp_path_factory.mktemp("app") / "log", root)
    yield server
    server.stop()


def test_plane_of_a_new_loss_follows_its_slider(open_window: Callable[..., Page], server: Server) -> None:
    page = open_window()
    messages: list[str | bytes] = []

    def watch(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: messages.append(frame))

    page.on("websocket", watch)
    page.goto(f"{server.url}/boundaries?loss={KEY}")
    plane = page.locator(".plane").first
    expect(plane).to_have_attribute("data-live", "true", timeout=120_000)  # its program is compiled
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0, timeout=60_000)
    page.wait_for_timeout(500)
    before = len(messages)
    margins = []
    for margin in held_margins(page):
        margins.append(margin)
        d_an, d_ap = np.sqrt(2 - 2 * curve(plane, "boundary").clip(-1, 1)).T
        np.testing.assert_allclose(d_an - d_ap, margin, atol=1e-3)
    assert len(set(margins)) > 10
    assert len(messages) == before
    page.mouse.up()


def test_new_loss_trains_in_the_browser_as_in_the_library(open_window: Callable[..., Page], server: Server) -> None:
    page = open_window(height=800)
    page.goto(f"{server.url}/training?loss={KEY}&{SMALL}&seed={SEED}")
    training = BrowserTraining(page)
    training.train(20)
    training.pause()
    run = training.run()
    command = [sys.executable, "-c", LOSSES_OF_THE_LIBRARY]
    printed = subprocess.run(command, cwd=server.root, check=True, capture_output=True, text=True).stdout
    np.testing.assert_allclose(run["losses"][:STEPS], json.loads(printed), rtol=1e-4)
    assert np.mean(run["losses"][-5:]) < np.mean(run["losses"][:5])
    assert run["references"]["floor"] < run["references"]["collapse"]
    assert training.measure("kNN") > 50
