"""The page that compares runs, with real workers and real digits."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app_page import wait_for

pytestmark = pytest.mark.browser


class ComparePage:
    """Page object of the comparison.

    Args:
        page: the page.
        runs: number of runs that are compared.
    """

    def __init__(self, page: Page, runs: int) -> None:
        self.page = page
        self.pictures = page.locator(".embedding")
        self.timeline = page.locator(".timeline")
        expect(self.pictures).to_have_count(runs)
        self.wait(lambda: all(int(frames) > 0 for frames in self.data("frames")))

    def click(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def data(self, name: str) -> list[str]:
        """Return a data attribute of each picture, all read at the same moment."""
        return self.pictures.evaluate_all("(all, name) => all.map((e) => e.dataset[name] ?? '0')", name)

    def wait(self, condition: Callable[[], Any], seconds: float = 90.0) -> None:
        wait_for(self.page, condition, seconds)

    def step(self) -> str:
        """Return the step that the page names for all runs, as digits."""
        text = self.page.get_by_text(re.compile(r"all at step [\d,]+")).inner_text()
        return re.sub(r"\D", "", text.partition("all at")[2].partition("·")[0])


def test_pictures_show_the_same_step_and_one_slider_moves_them(open_page: Callable[..., Page]) -> None:
    address = "compare?contenders=3&pace=flat-out&batch=32&batch_2=32&batch_3=32"
    page = open_page(address, height=800, motion=True)
    comparison = ComparePage(page, 3)
    expect(page.get_by_role("img", name=re.compile("^B triplet: PCA view"))).to_be_visible()
    comparison.click("Start")
    comparison.wait(lambda: min(map(int, comparison.data("frames"))) > 5)
    comparison.click("Pause")
    expect(page.get_by_text("paused")).to_be_visible()
    comparison.wait(
        lambda: set(comparison.data("moving")) == {"false"} and comparison.data("step") == 3 * [comparison.step()]
    )
    expect(page.get_by_role("table")).to_contain_text("C circle")

    slider = page.get_by_role("slider", name="Frame")
    slider.focus()
    slider.press("Home")
    comparison.wait(lambda: comparison.data("step") == ["0", "0", "0"])
    slider.press("ArrowRight")
    comparison.wait(lambda: comparison.data("step") == ["1", "1", "1"])
    expect(page.get_by_text("At step 1", exact=True)).to_be_visible()  # the table of numbers follows the slider

    comparison.click("Reset")
    comparison.wait(lambda: comparison.data("frames") == ["1", "1", "1"])
    comparison.click("Step")
    comparison.wait(lambda: comparison.data("step") == ["1", "1", "1"])  # new frames are shown as they arrive
    expect(comparison.timeline).to_have_attribute("data-live", "true")
