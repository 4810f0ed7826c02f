"""The race in a real browser, with real workers and real digits."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


class Race:
    """The race page as its visitor sees it."""

    def __init__(self, page: Page, contenders: int) -> None:
        self.page = page
        self.pictures = page.locator(".embedding")
        self.time = page.locator(".timeline")
        expect(self.pictures).to_have_count(contenders)
        self.wait(lambda: all(int(frames) > 0 for frames in self.data("frames")))

    def click(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def data(self, name: str) -> list[str]:
        """What each picture says of itself, all at one moment."""
        return self.pictures.evaluate_all("(all, name) => all.map((e) => e.dataset[name] ?? '0')", name)

    def wait(self, seen: Callable[[], Any], seconds: float = 90.0) -> None:
        for _ in range(int(seconds / 0.1)):
            if seen():
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"not seen in {seconds} s: {self.page.inner_text('body')[:2000]}")

    def step(self) -> str:
        """The step that the page says all are at."""
        said = self.page.get_by_text(re.compile(r"all at step [\d,]+")).inner_text()
        return re.sub(r"\D", "", said.partition("all at")[2].partition("·")[0])


def test_all_pictures_show_one_step_and_one_slider_moves_them(
    window: Callable[..., Page], serve: Callable[..., str]
) -> None:
    page = window(height=800)
    page.goto(f"{serve('app.py')}/compare?contenders=3&pace=flat-out&batch=32&batch_2=32&batch_3=32")
    race = Race(page, 3)
    expect(page.get_by_role("img", name=re.compile("^B triplet: PCA view"))).to_be_visible()
    race.click("Start")
    race.wait(lambda: min(map(int, race.data("frames"))) > 5)
    race.click("Pause")
    expect(page.get_by_text("paused")).to_be_visible()
    race.wait(lambda: set(race.data("moving")) == {"false"} and race.data("step") == 3 * [race.step()])
    expect(page.get_by_role("table")).to_contain_text("C circle")

    slider = page.get_by_role("slider", name="Frame")
    slider.focus()
    slider.press("Home")
    race.wait(lambda: race.data("step") == ["0", "0", "0"])
    slider.press("ArrowRight")
    race.wait(lambda: race.data("step") == ["1", "1", "1"])
    expect(page.get_by_text("At step 1", exact=True)).to_be_visible()  # the numbers follow

    race.click("Reset")
    race.wait(lambda: race.data("frames") == ["1", "1", "1"])
    race.click("Step")
    race.wait(lambda: race.data("step") == ["1", "1", "1"])  # what is new is followed
    expect(race.time).to_have_attribute("data-live", "true")
