"""The page that compares runs, with real workers and real digits."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app_page import wait_for
from tests.browser.servers import Server, worker_times

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
        text = self.page.get_by_text(re.compile(r"all runs at step [\d,]+")).inner_text()
        return re.sub(r"\D", "", text.partition("at step")[2].partition("·")[0])


def test_race_on_the_server_is_there_after_a_reload(open_page: Callable[..., Page]) -> None:
    page = open_page("compare?engine=server&dataset=blobs&pace=flat-out&batch=32&batch_2=32")
    comparison = ComparePage(page, 2)
    comparison.click("Start")
    comparison.wait(lambda: min(map(int, comparison.data("frames"))) > 5)
    comparison.click("Pause")
    expect(page.get_by_text("paused")).to_be_visible()
    step, frames = None, None
    while (step, frames) != (comparison.step(), comparison.data("frames")):  # the steps under way are still finished
        step, frames = comparison.step(), comparison.data("frames")
        page.wait_for_timeout(2000)
    comparison.wait(lambda: comparison.data("step") == 2 * [comparison.step()])
    assert comparison.step() == step
    page.reload()
    comparison = ComparePage(page, 2)
    comparison.wait(lambda: (comparison.data("frames"), comparison.step()) == (frames, step))


def test_pictures_show_the_same_step_and_one_slider_moves_them(open_page: Callable[..., Page]) -> None:
    address = "compare?engine=server&contenders=3&pace=flat-out&batch=32&batch_2=32&batch_3=32"
    page = open_page(address, height=800, motion=True)
    comparison = ComparePage(page, 3)
    expect(page.get_by_role("img", name=re.compile("^B Triplet margin: PCA view"))).to_be_visible()
    comparison.click("Start")
    comparison.wait(lambda: min(map(int, comparison.data("frames"))) > 5)
    comparison.click("Pause")
    expect(page.get_by_text("paused")).to_be_visible()
    comparison.wait(
        lambda: set(comparison.data("moving")) == {"false"} and comparison.data("step") == 3 * [comparison.step()]
    )
    expect(page.get_by_role("table")).to_contain_text("C Circle loss")

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


def test_race_in_the_browser_keeps_all_at_one_step_and_costs_the_server_nothing(
    open_page: Callable[..., Page], app_server: Server
) -> None:
    address = "compare?contenders=3&pace=flat-out&batch=32&batch_2=32&batch_3=32&training_images=1000"
    page = open_page(address, height=800, motion=True)
    arena = page.locator(".arena")
    expect(arena).to_have_attribute("data-phase", "paused", timeout=120_000)
    comparison = ComparePage(page, 3)
    expect(page.get_by_role("img", name=re.compile("^B Triplet margin.*: PCA view"))).to_be_visible()
    used = sum(worker_times(app_server).values())  # so far: by compiling the programs
    comparison.click("Start")
    comparison.wait(lambda: min(map(int, comparison.data("frames"))) > 12)
    comparison.click("Pause")
    expect(arena).to_have_attribute("data-phase", "paused")
    comparison.wait(
        lambda: set(comparison.data("moving")) == {"false"} and comparison.data("step") == 3 * [comparison.step()]
    )
    assert sum(worker_times(app_server).values()) - used < 0.1
    scores = page.get_by_role("table").locator("td").all_inner_texts()
    assert len(scores) == 3 * 5
    assert len([score for score in scores if re.fullmatch(r"\d+\.\d%", score)]) == 3 * 4, "all scores, as on the server"
    step = int(comparison.step())
    expect(page.get_by_role("table")).to_contain_text("C Circle loss")
    expect(page.get_by_text(f"At step {step:,}", exact=True)).to_be_visible()

    slider = page.get_by_role("slider", name="Frame")
    slider.focus()
    slider.press("Home")
    comparison.wait(lambda: comparison.data("step") == ["0", "0", "0"])
    slider.press("ArrowRight")
    comparison.wait(lambda: comparison.data("step") == ["1", "1", "1"])
    expect(page.get_by_text("At step 1", exact=True)).to_be_visible()  # the table of numbers follows the slider
    comparison.timeline.get_by_role("button", name="Live").click()

    comparison.click("Step")
    comparison.wait(lambda: comparison.data("step") == 3 * [str(step + 1)])
    expect(page.get_by_text(f"At step {step + 1:,}", exact=True)).to_be_visible()
    comparison.click("Reset")
    comparison.wait(lambda: comparison.data("frames") == ["1", "1", "1"])
    comparison.wait(lambda: comparison.data("step") == ["0", "0", "0"])
    expect(page.get_by_text("Curves appear with the second frame.")).to_be_visible()


def test_race_in_the_browser_is_still_there_after_visiting_another_page(open_page: Callable[..., Page]) -> None:
    page = open_page("compare?pace=flat-out&dataset=blobs&dim=8&batch=32&batch_2=32&seeds=2&play=true", height=800)
    expect(page.locator(".arena")).to_have_attribute("data-phase", "running", timeout=120_000)
    comparison = ComparePage(page, 2)
    comparison.wait(lambda: min(map(int, comparison.data("frames"))) > 5)
    expect(page.get_by_text(re.compile("2 seeds each; one is shown"))).to_be_visible()
    page.get_by_role("link", name="Start").click()
    expect(page.get_by_role("heading", name="Contrastive Loss Lab")).to_be_visible()
    page.get_by_role("link", name="Race").click()
    expect(page.locator(".arena")).to_have_attribute("data-phase", "paused")
    comparison.wait(lambda: min(map(int, comparison.data("frames"))) > 5)
    step = comparison.step()
    page.wait_for_timeout(1000)
    assert comparison.step() == step  # it has not started again by itself
    expect(page.get_by_role("button", name="Resume", exact=True)).to_be_visible()
    page.get_by_role("slider", name="seeds").press("ArrowRight")
    expect(page.get_by_text("Settings changed")).to_be_visible()
    comparison.click("Restart")
    expect(page.get_by_text(re.compile("3 seeds each; one is shown"))).to_be_visible()
    expect(page.get_by_text("Settings changed")).to_be_hidden()
