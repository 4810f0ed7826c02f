"""What breaks between a visitor and the server, in a real browser: the line, the laptop's lid, the server itself."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Locator, Page, expect

from cl_core.runtime.playback import LEASE
from tests.browser.test_training_page import Stage

if TYPE_CHECKING:
    from tests.browser.conftest import Server

pytestmark = pytest.mark.browser

LINK = "training?dataset=blobs&encoder=mlp&dim=8&batch=64&pace=flat-out&seed=3"
FRAME = 5  # the one that is held against itself
LINES = """(() => {
    const Real = WebSocket;
    window.lines = [];
    window.WebSocket = class extends Real {
        constructor(...given) { super(...given); window.lines.push(this); }
    };
})()"""
Open = Callable[[], Stage]


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser with nothing open. Its console may complain of broken lines, but no script may throw."""
    made = browser.new_context(viewport={"width": 1280, "height": 800})
    made.add_init_script(LINES)
    thrown: list[Error] = []

    def threw(error: Error) -> None:
        thrown.append(error)

    def listen(page: Page) -> None:
        page.on("pageerror", threw)

    made.on("page", listen)
    yield made
    made.close()
    assert not thrown


@pytest.fixture
def open_tab(context: BrowserContext, server: "Server") -> Open:
    """`open_tab() -> stage`: the same link in a new tab of the same browser, a run that plays."""

    def opened() -> Stage:
        page = context.new_page()
        page.goto(f"{server.url}/{LINK}")
        stage = Stage(page).ready()
        stage.click("Start")
        stage.until(f"Number(d.frames) > {FRAME + 1}")
        return stage

    return opened


def drawn(stage: Stage) -> np.ndarray:
    """Where the points of one frame stand; the run is paused for that, and looked at live again after it."""
    stage.pause()
    stage.scrub(FRAME)
    stage.until(f"Number(d.frame) === {FRAME} && d.moving === 'false'")
    points = stage.coordinates()
    stage.root.get_by_role("button", name="Live").click()
    stage.until("d.live === 'true'")
    return points


def play_on(stage: Stage) -> float:
    """Play until something new is seen; how many frames there are then."""
    frames = stage.number("frames")
    stage.click("Start")
    stage.until(f"Number(d.frames) > {frames}")
    return stage.number("frames")


def trouble(stage: Stage) -> Locator:
    """What Streamlit says when its server does not answer."""
    return stage.page.get_by_role("dialog").get_by_text("Connection error")


def test_a_line_that_breaks_is_said_and_the_run_goes_on_where_it_was(open_tab: Open, context: BrowserContext) -> None:
    stage = open_tab()
    before = drawn(stage)
    frames = play_on(stage)
    context.set_offline(True)
    stage.page.evaluate("() => lines.at(-1).close()")
    expect(trouble(stage)).to_be_visible()
    context.set_offline(False)
    expect(trouble(stage)).to_have_count(0)
    stage.until(f"Number(d.frames) > {frames + 2}")
    assert (drawn(stage) == before).all()


def test_a_laptop_that_sleeps_finds_its_run_again(open_tab: Open, browser: Browser) -> None:
    """It rests meanwhile, as nobody looks, and goes on by itself."""
    stage = open_tab()
    frames = stage.number("frames")
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    asleep = [each["id"] for each in processes if each["type"] == "renderer"]
    assert asleep
    for pid in asleep:
        os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(LEASE + 1)
    finally:
        for pid in asleep:
            os.kill(pid, signal.SIGCONT)
    stage.until(f"Number(d.frames) > {frames + 2}")
    expect(stage.button("Pause")).to_be_visible()
    expect(trouble(stage)).to_have_count(0)


def test_two_tabs_of_one_browser_train_the_same_run_each_its_own(open_tab: Open) -> None:
    first, second = open_tab(), open_tab()
    assert (drawn(first) == drawn(second)).all()
    held = first.step()
    second.click("Start")
    second.until(f"Number(d.frames) > {second.number('frames') + 2}")
    assert first.step() == held
    first.page.close()
    second.until(f"Number(d.frames) > {second.number('frames') + 2}")


def test_a_server_that_ends_is_said_and_its_link_makes_the_same_run_again(open_tab: Open, server: "Server") -> None:
    stage = open_tab()
    before = drawn(stage)
    play_on(stage)
    server.kill()
    expect(trouble(stage)).to_be_visible()
    server.start()
    expect(trouble(stage)).to_have_count(0)
    stage.until("d.frames === '1' && d.step === '0'")
    stage.click("Start")
    stage.until(f"Number(d.frames) > {FRAME + 1}")
    assert (drawn(stage) == before).all()
