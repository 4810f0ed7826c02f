"""The training page, with real workers and real digits."""

import os
import re
import signal
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.servers import Server, worker_times
from tests.browser.training_page import SMALL, TrainingPage

pytestmark = pytest.mark.browser

Open = Callable[..., TrainingPage]


@pytest.fixture
def open_training(open_page: Callable[..., Page]) -> Open:
    """`open_training("loss=triplet") -> training`, each in a window of its own."""

    def open_(query: str = SMALL, **settings: bool) -> TrainingPage:
        return TrainingPage(open_page(f"training?{query}", height=800, **settings))

    return open_


def test_start_pause_scrub_step_and_reset_on_digits(open_training: Open) -> None:
    training = open_training("engine=server&batch=64&points=500&pace=flat-out", motion=True).ready()
    first = training.coordinates()
    training.train(12)
    assert abs(training.coordinates() - first).max() > 1e-3
    training.wait(lambda: training.metric("kNN") > 95)

    paused_at = training.pause()
    training.page.wait_for_timeout(1200)
    assert training.step() == paused_at

    newest = training.metric("kNN")  # of the newest frame; the numbers follow the time slider
    training.scrubber.focus()
    training.page.keyboard.press("Home")
    training.until("d.step === '0' && d.live === 'false'")
    training.wait(lambda: training.metric("kNN") < newest)
    training.root.get_by_role("button", name="Live").click()
    training.wait(lambda: training.metric("kNN") == newest)

    training.click("Step")
    training.wait(lambda: training.step() == paused_at + 1)
    training.until(f"d.step === '{paused_at + 1}'")

    training.click("Reset")
    training.wait(lambda: training.step() == 0)
    training.until("d.step === '0' && d.frames === '1' && d.moving === 'false'")
    assert (training.coordinates() == first).all()


def test_keyboard_starts_a_run_and_zoom_survives_its_frames(open_training: Open) -> None:
    training = open_training(SMALL.replace("flat-out", "fast"), motion=True).ready()
    training.button("Start").focus()
    training.page.keyboard.press("Enter")
    training.until("Number(d.frames) > 2")
    for _ in range(3):
        training.root.get_by_role("button", name="Zoom in (+)").click()
    training.wait_until_drawn()
    zoom = training.number("zoom")
    assert zoom > 1.3
    frames = training.number("frames")
    training.until(f"Number(d.frames) > {frames + 4}")
    assert training.number("zoom") == zoom
    training.pause()
    assert training.number("zoom") == zoom


def test_reload_restores_every_control(open_training: Open) -> None:
    query = (
        "engine=server&dataset=blobs&loss=triplet&margin=0.5&mining=batch_hard&batch=64&rate=0.003&dim=3&seed=5"
        "&view=3D&pace=fast"
    )
    training = open_training(query).ready()
    training.until("d.dims === '3'")
    training.page.get_by_role("radio", name="2D").or_(training.page.get_by_text("2D", exact=True)).first.click()
    training.page.wait_for_function("() => !location.search.includes('view=')")
    training.page.reload()
    training.ready()
    address = training.page.url
    for part in query.replace("&view=3D", "").split("&"):
        assert part in address
    training.until("d.dims === '2'")
    sidebar = training.page.get_by_test_id("stSidebar")
    expect(sidebar.get_by_text("Triplet margin")).to_be_visible()
    expect(sidebar.get_by_role("slider", name=re.compile("margin"))).to_have_value("0.5")
    training.train(1)


def test_invalid_settings_in_the_link_are_reported(open_training: Open) -> None:
    training = open_training("engine=server&loss=bogus&batch=9999999&temperature=abc&%3Cscript%3E=1").ready()
    for text in (
        "loss must be one of",
        "batch must be one of",
        "temperature must be a number",
        "not a setting of this page",
    ):
        expect(training.page.get_by_text(text).first).to_be_visible()


def test_run_survives_a_killed_worker(open_training: Open, app_server: Server) -> None:
    training = open_training(f"{SMALL}&seed=2").ready()
    training.train(8)
    frames = training.number("frames")
    os.kill(next(iter(worker_times(app_server))), signal.SIGKILL)
    expect(training.page.get_by_text("A worker process died")).to_be_visible(timeout=60_000)
    training.until(f"Number(d.frames) > {frames + 3}")


def test_paused_run_is_still_there_after_visiting_another_page(open_training: Open) -> None:
    training = open_training(f"{SMALL}&loss=triplet&margin=0.5").ready()
    training.train(4)
    step = training.pause()
    training.page.get_by_role("link", name="Start").click()
    expect(training.page.get_by_role("heading", name="Contrastive Loss Lab")).to_be_visible()
    training.page.get_by_role("link", name="Live training").click()
    training.until(f"d.step === '{step}'")
    expect(training.button("Start")).to_be_visible()  # and not "Start with these settings"
    expect(training.page.get_by_test_id("stSidebar").get_by_text("Triplet margin")).to_be_visible()
    expect(training.page.get_by_role("slider", name=re.compile("margin"))).to_have_value("0.5")


def card_link(page: Page, title: str) -> Locator:
    """Return the link of the card with that title on the start page."""
    return page.get_by_role("link", name=title, exact=True)


def test_card_on_the_start_page_overrides_earlier_settings(open_training: Open) -> None:
    training = open_training(
        "engine=server&dataset=blobs&loss=contrastive&dim=2&unit_norm=false&seed=5&pace=fast"
    ).ready()
    training.train(2)
    page = training.page
    page.get_by_role("link", name="Start").click()
    card_link(page, "Without labels").click()
    page.wait_for_url(re.compile("nt_xent"))
    training.ready()
    training.wait(lambda: page.url.endswith("loss=nt_xent&batch=256"))
    page.wait_for_timeout(1000)
    assert page.url.endswith("loss=nt_xent&batch=256")
    training.until("d.step === '0' && d.frames === '1'")
    expect(page.get_by_test_id("stSidebar").get_by_text("NT-Xent (SimCLR)")).to_be_visible()
    page.get_by_role("link", name="Start").click()
    card_link(page, "Ten digits separate").click()  # of the default loss, which the address need not name
    expect(page.get_by_test_id("stSidebar").get_by_text("Supervised NT-Xent (SupCon)")).to_be_visible()


def test_two_visitors_train_at_once_and_a_closed_tab_ends_its_run(open_training: Open, app_server: Server) -> None:
    """A run without a page must not use the time of the other visitors."""
    first = open_training(f"{SMALL}&loss=contrastive".replace("flat-out", "fast")).ready()
    second = open_training(f"{SMALL}&seed=9").ready()
    for training in (first, second):
        training.click("Start")
    for training in (first, second):
        training.until("Number(d.frames) > 6")
    first.pause()
    second.page.close()
    used = []
    for _ in range(12):
        before = sum(worker_times(app_server).values())
        first.page.wait_for_timeout(1000)
        used.append(sum(worker_times(app_server).values()) - before)
        if used[-1] < 0.1:
            return
    raise AssertionError(f"workers went on: {used} CPU seconds in each second after the tab was closed")
