"""Sweeps, found from the start page: a click on a mark chooses a run, and one's own sweep runs, stops and opens."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app_page import TIMEOUT

pytestmark = pytest.mark.browser

CHART = '[data-testid="stVegaLiteChart"]'


@pytest.mark.parametrize(
    ("card", "verdict"),
    [
        ("Which temperature is best?", "The best temperature varies with batch size and number of epochs"),
        ("Five images of each digit", "PCCL's temperature ratio improves training on few images"),
    ],
)
def test_card_leads_to_curves_and_a_verdict(open_page: Callable[..., Page], card: str, verdict: str) -> None:
    page = open_page("")
    page.get_by_role("link", name=card, exact=True).click()
    page.wait_for_url(re.compile("/sweep[?]"))
    expect(page.get_by_text(verdict)).to_be_visible(timeout=TIMEOUT)
    expect(page.locator("figure")).to_have_count(5)
    expect(page.locator(CHART).locator("canvas, svg").first).to_be_visible()


def test_click_on_a_mark_chooses_its_run(open_page: Callable[..., Page]) -> None:
    page = open_page("sweep?sweep=scale-margin-circle&shape=map")
    chart = page.locator(CHART).locator("canvas, svg").first
    expect(page.locator("figure")).to_have_count(7, timeout=TIMEOUT)
    box = chart.bounding_box()
    assert box is not None
    page.wait_for_timeout(1000)
    page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    page.wait_for_url(re.compile(r"[?&]picked=\d+(%2C|,)[012]"), timeout=TIMEOUT)
    page.get_by_role("link", name="Open this run in live training").click()
    page.wait_for_url(re.compile("/training.*loss=circle"), timeout=TIMEOUT)
    expect(page.locator(".trainer .embedding[data-frames]")).to_be_attached(timeout=2 * TIMEOUT)


def test_own_sweep_runs_beside_its_progress_and_opens_a_run(open_page: Callable[..., Page]) -> None:
    page = open_page("")
    page.get_by_role("link", name="Tune a parameter").first.click()
    page.get_by_text("Your own sweep").click()
    expect(page.get_by_text("21 runs of 400")).to_be_visible(timeout=TIMEOUT)
    values = page.get_by_role("textbox", name="values of temperature")
    values.fill("0.1, cold")
    values.press("Enter")
    expect(page.get_by_text("must be numbers with commas between")).to_be_visible(timeout=TIMEOUT)
    values.fill("0.1, 0.5")
    values.press("Enter")
    expect(page.get_by_text(re.compile("^6 runs of 400 training steps"))).to_be_visible(timeout=TIMEOUT)
    start = page.get_by_role("button", name="Start the sweep")
    start.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile(r"\d of 6 runs are finished"))).to_be_visible(timeout=TIMEOUT)
    expect(page.locator("figure")).to_have_count(2, timeout=2 * TIMEOUT)
    expect(page.get_by_text(re.compile("best temperature .* cannot be told apart|all others are worse|no other value"))
           ).to_be_visible(timeout=TIMEOUT)  # fmt: skip
    expect(page.get_by_role("button", name="Stop", exact=True)).to_have_count(0, timeout=2 * TIMEOUT)
    page.reload()
    expect(page.locator("figure")).to_have_count(2, timeout=TIMEOUT)
