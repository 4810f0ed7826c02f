"""The failure gallery, with real workers and real digits."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.servers import Server, worker_times

pytestmark = pytest.mark.browser


def test_failure_card_trains_both_runs_until_the_failure_shows(open_page: Callable[..., Page]) -> None:
    page = open_page("break_it?engine=server&pace=flat-out")
    page.get_by_role("button", name="Hard mining collapses").click()
    expect(page.get_by_text(re.compile(r"spread 0\.0\d\d < 0\.050: collapsed"))).to_be_visible(timeout=90_000)
    expect(page.get_by_text("What happened")).to_be_visible(timeout=90_000)
    expect(page.get_by_text("both at step 40")).to_be_visible()
    expect(page.get_by_text(re.compile(r"spread 0\.9\d\d: healthy"))).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("^Fails: PCA view"))).to_be_visible()
    expect(page).to_have_url(re.compile("failure=hard_collapse"))  # the link opens this failure again

    page.get_by_role("link", name="Open the failing run live").click()
    expect(page.get_by_text("Triplet margin", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("mining=hard"))
    expect(page.get_by_role("button", name="Start")).to_be_visible()


def test_cure_of_batches_without_positives_opens_on_the_training_page(open_page: Callable[..., Page]) -> None:
    page = open_page("break_it?engine=server&pace=flat-out")
    page.get_by_role("button", name="A batch without positives").click()
    expect(page.get_by_text(re.compile(r"images with a positive 2\d% < 50%: too few"))).to_be_visible(timeout=90_000)
    expect(page.get_by_text("What happened")).to_be_visible(timeout=90_000)
    expect(page.get_by_text("images with a positive 100%: healthy")).to_be_visible()
    expect(page.get_by_text(re.compile("of the batches have no valid term"))).to_be_visible()
    page.get_by_role("link", name="Open the cured run live").click()
    expect(page.get_by_role("slider", name="images of each class")).to_be_visible()
    expect(page.get_by_text("the settings have changed")).to_have_count(0)
    expect(page).to_have_url(re.compile("images_per_class=2"))
    expect(page).to_have_url(re.compile("batch=16"))
    expect(page.get_by_role("button", name="Start")).to_be_visible()


def test_failure_card_trains_both_runs_in_the_browser_until_the_failure_shows(
    open_page: Callable[..., Page], app_server: Server
) -> None:
    page = open_page("break_it?pace=slow")
    page.get_by_role("button", name="Hard mining collapses").click()
    arena = page.locator(".arena")
    expect(arena).to_have_attribute("data-phase", "running", timeout=120_000)
    used = sum(worker_times(app_server).values())  # so far: by compiling the programs
    page.get_by_text("max speed", exact=True).click()
    expect(arena.get_by_text(re.compile(r"spread 0\.0\d\d < 0\.050: collapsed"))).to_be_visible(timeout=90_000)
    expect(page.get_by_text("What happened")).to_be_visible(timeout=90_000)
    expect(page.get_by_text("both at step 40")).to_be_visible()
    expect(arena).to_have_attribute("data-phase", "paused")
    expect(arena.get_by_text(re.compile(r"spread 0\.9\d\d: healthy"))).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("^Fails: PCA view"))).to_be_visible()
    assert sum(worker_times(app_server).values()) - used < 0.1

    page.get_by_role("button", name="Resume").click()  # without a limit from here on
    expect(page.get_by_text(re.compile(r"both at step (5\d|[6-9]\d|\d{3,})"))).to_be_visible()
    page.get_by_role("button", name="All failures").click()
    page.get_by_role("button", name="Hard mining collapses").click()  # begins anew
    expect(page.get_by_text("both at step 40")).to_be_visible(timeout=90_000)

    page.get_by_role("link", name="Open the failing run live").click()
    expect(page.get_by_text("Triplet margin", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile("mining=hard"))
