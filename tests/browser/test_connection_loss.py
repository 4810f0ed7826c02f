"""What breaks between a visitor and the server: the connection, a laptop that sleeps, the server itself."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Locator, Page, expect

from cl_core.runtime.playback import LEASE
from tests.browser.servers import Server
from tests.browser.training_page import SMALL, TrainingPage

pytestmark = pytest.mark.browser

LINK = f"training?{SMALL.replace('flat-out', 'slow')}&seed=3"
FRAME = 3  # the one that is compared with itself
SOCKETS = """(() => {
    const Real = WebSocket;
    window.sockets = [];
    window.WebSocket = class extends Real {
        constructor(...args) { super(...args); window.sockets.push(this); }
    };
})()"""
Open = Callable[[], TrainingPage]


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser with one empty window, which each test uses anew."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.add_init_script(SOCKETS)
    context.new_page()
    yield context
    context.close()


@pytest.fixture
def open_tab(context: BrowserContext, app_server: Server) -> Iterator[Open]:
    """`open_tab() -> training`: the same link in a tab of the same browser, with a run that plays.

    The console may report broken connections, but no script may throw an error.
    """
    errors: list[Error] = []
    used: list[Page] = []

    def on_error(error: Error) -> None:
        errors.append(error)

    def open_() -> TrainingPage:
        page = context.new_page() if used else context.pages[0]
        used.append(page)
        page.on("pageerror", on_error)
        page.goto(f"{app_server.url}/{LINK}")
        training = TrainingPage(page).ready()
        training.train(FRAME + 1)
        return training

    yield open_
    context.set_offline(False)  # after a test that failed in between
    for page in used[1:]:
        page.close()
    used[0].goto("about:blank")
    used[0].remove_listener("pageerror", on_error)
    assert not errors


def coordinates_of_frame(training: TrainingPage) -> np.ndarray:
    """Return the points of frame `FRAME`; the run is paused for that, and followed again afterwards."""
    training.pause()
    training.scrub(FRAME)
    training.until(f"Number(d.frame) === {FRAME} && d.moving === 'false'")
    points = training.coordinates()
    training.root.get_by_role("button", name="Live").click()
    training.until("d.live === 'true'")
    return points


def resume(training: TrainingPage) -> float:
    """Play until there is a new frame, and return how many there are then."""
    frames = training.number("frames")
    training.click("Start")
    training.until(f"Number(d.frames) > {frames}")
    return training.number("frames")


def connection_error(training: TrainingPage) -> Locator:
    """Return Streamlit's message that its server does not answer."""
    return training.page.get_by_role("dialog").get_by_text("Connection error")


def test_broken_connection_is_reported_and_the_run_continues(open_tab: Open, context: BrowserContext) -> None:
    training = open_tab()
    before = coordinates_of_frame(training)
    frames = resume(training)
    context.set_offline(True)
    training.page.evaluate("() => sockets.at(-1).close()")
    expect(connection_error(training)).to_be_visible()
    context.set_offline(False)
    expect(connection_error(training)).to_have_count(0)
    training.until(f"Number(d.frames) > {frames + 2}")
    assert (coordinates_of_frame(training) == before).all()


def test_sleeping_laptop_finds_its_run_again(open_tab: Open, browser: Browser) -> None:
    """The run pauses when its lease ends, and continues by itself."""
    training = open_tab()
    frames = training.number("frames")
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    asleep = [process["id"] for process in processes if process["type"] == "renderer"]
    assert asleep
    for pid in asleep:
        os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(LEASE + 1)
    finally:
        for pid in asleep:
            os.kill(pid, signal.SIGCONT)
    training.until(f"Number(d.frames) > {frames + 2}")
    expect(training.button("Pause")).to_be_visible()
    expect(connection_error(training)).to_have_count(0)


def test_two_tabs_train_equal_runs_independently(open_tab: Open) -> None:
    first, second = open_tab(), open_tab()
    assert (coordinates_of_frame(first) == coordinates_of_frame(second)).all()
    paused_at = first.step()
    second.click("Start")
    second.until(f"Number(d.frames) > {second.number('frames') + 2}")
    assert first.step() == paused_at
    first.page.goto("about:blank")
    second.until(f"Number(d.frames) > {second.number('frames') + 2}")


def test_link_repeats_the_run_on_a_restarted_server(
    open_tab: Open, context: BrowserContext, open_page: Callable[..., Page], app_server: Server
) -> None:
    training = open_tab()
    before = coordinates_of_frame(training)
    resume(training)
    app_server.kill()
    expect(connection_error(training)).to_be_visible()
    context.set_offline(True)
    app_server.start()
    # The first visitor of a new server comes by a link to a page, not to the start: Streamlit's old rules for a
    # folder called pages/ must not apply.
    visitor = TrainingPage(open_page(f"training?{SMALL}", height=800)).ready().page
    expect(visitor.get_by_role("link", name="Live training")).to_be_visible()
    expect(visitor.get_by_role("link", name="app", exact=True)).to_have_count(0)
    context.set_offline(False)
    expect(connection_error(training)).to_have_count(0)
    training.until("d.frames === '1' && d.step === '0'")
    training.train(FRAME + 1)
    assert (coordinates_of_frame(training) == before).all()
