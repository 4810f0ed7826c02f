"""The main flow in a real browser, with real workers and real digits."""

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_embedding_component import Cloud

pytestmark = pytest.mark.browser

OWN = "--server.maxUploadSize=199"  # the server of these tests: no others ask for one with this option
Open = Callable[..., "Stage"]


class Stage(Cloud):
    """The training page as its visitor sees it."""

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name, exact=True)

    def click(self, name: str) -> None:
        self.button(name).click()

    def ready(self) -> "Stage":
        expect(self.button("Start")).to_be_enabled(timeout=60_000)
        self.until("Number(d.frames) > 0")
        return self

    def pause(self) -> int:
        """Pause, and wait until what was under way has come; the step at which the run rests."""
        self.click("Pause")
        expect(self.button("Start")).to_be_visible()
        self.wait(lambda: self.data("step") == str(self.step()) and self.data("moving") == "false")
        self.page.wait_for_timeout(600)  # longer than a chunk: a frame that was still to come has come
        self.wait(lambda: self.data("step") == str(self.step()) and self.data("moving") == "false")
        return self.step()

    def step(self) -> int:
        found = re.search(r"step ([\d,]+)", self.page.get_by_text(re.compile(r"^\w+ ?step [\d,]+ ·")).inner_text())
        assert found
        return int(found[1].replace(",", ""))

    def metric(self, name: str) -> float:
        tile = self.page.get_by_test_id("stMetric").filter(has_text=name)
        return float(tile.get_by_test_id("stMetricValue").inner_text().rstrip("%"))

    def wait(self, seen: Callable[[], Any], seconds: float = 60.0) -> None:
        """Wait until Python says that something is seen."""
        for _ in range(int(seconds / 0.1)):
            if seen():
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"not seen in {seconds} s: {self.page.inner_text('body')[:2000]}")


@pytest.fixture
def open_page(window: Callable[..., Page], serve: Callable[..., str]) -> Open:
    """`open_page("loss=triplet") -> Stage`, each in a window of its own."""

    def open_(link: str = "") -> Stage:
        page = window(height=800)
        page.goto(f"{serve('app.py', OWN)}/training?{link}")
        return Stage(page)

    return open_


def test_a_link_to_the_page_opens_inside_the_course(open_page: Open) -> None:
    """The first visitor of a new server comes by a link to a page, not to the start: Streamlit's old rules for a
    folder called pages/ must not apply. (This test stands first in its file, on a server nobody has seen.)"""
    stage = open_page().ready()
    expect(stage.page.get_by_role("link", name="Live training")).to_be_visible()
    expect(stage.page.get_by_role("link", name="app", exact=True)).to_have_count(0)


def test_start_pause_step_reset(open_page: Open) -> None:
    stage = open_page("pace=flat-out").ready()
    first = stage.coordinates()
    stage.click("Start")
    stage.until("Number(d.frames) > 3")
    assert abs(stage.coordinates() - first).max() > 1e-3
    stage.wait(lambda: stage.metric("kNN") > 95)

    held = stage.pause()
    stage.page.wait_for_timeout(1200)
    assert stage.step() == held

    stage.click("Step")
    stage.wait(lambda: stage.step() == held + 1)
    stage.until(f"d.step === '{held + 1}'")

    stage.click("Reset")
    stage.wait(lambda: stage.step() == 0)
    stage.until("d.step === '0' && d.frames === '1' && d.moving === 'false'")
    assert (stage.coordinates() == first).all()


def test_zoom_survives_new_frames(open_page: Open) -> None:
    stage = open_page("pace=fast").ready()
    stage.click("Start")
    stage.until("Number(d.frames) > 2")
    for _ in range(3):
        stage.root.get_by_role("button", name="Zoom in (+)").click()
    stage.drawn()
    zoom = stage.number("zoom")
    assert zoom > 1.3
    seen = stage.number("frames")
    stage.until(f"Number(d.frames) > {seen + 4}")
    assert stage.number("zoom") == zoom
    stage.pause()
    assert stage.number("zoom") == zoom


def test_reload_restores_every_control(open_page: Open) -> None:
    link = "loss=triplet&margin=0.5&mining=batch_hard&batch=64&rate=0.003&dim=3&seed=5&view=3D&pace=fast"
    stage = open_page(link).ready()
    stage.page.get_by_role("radio", name="2D").or_(stage.page.get_by_text("2D", exact=True)).first.click()
    stage.page.wait_for_function("() => !location.search.includes('view=')")
    stage.page.reload()
    stage.ready()
    address = stage.page.url
    for part in link.replace("&view=3D", "").split("&"):
        assert part in address
    stage.until("d.dims === '2'")
    sidebar = stage.page.get_by_test_id("stSidebar")
    expect(sidebar.get_by_text("Triplet margin")).to_be_visible()
    expect(sidebar.get_by_role("slider", name=re.compile("margin"))).to_have_value("0.5")
    stage.click("Start")
    stage.until("Number(d.frames) > 1")


def test_nonsense_in_the_address_is_said(open_page: Open) -> None:
    stage = open_page("loss=bogus&batch=9999999&temperature=abc&%3Cscript%3E=1").ready()
    for words in ("loss must be one of", "batch must be one of", "temperature must be a number", "not a setting here"):
        expect(stage.page.get_by_text(words).first).to_be_visible()


def test_scrubbing_back_moves_the_curves_cursor(open_page: Open) -> None:
    stage = open_page("pace=flat-out").ready()
    stage.click("Start")
    stage.until("Number(d.frames) > 12")
    stage.pause()
    newest = stage.metric("kNN")
    stage.scrubber.focus()
    stage.page.keyboard.press("Home")
    stage.until("d.step === '0' && d.live === 'false'")
    stage.wait(lambda: stage.metric("kNN") < newest)
    stage.root.get_by_role("button", name="Live").click()
    stage.wait(lambda: stage.metric("kNN") == newest)


def test_a_killed_worker_is_said_and_the_run_goes_on(open_page: Open) -> None:
    stage = open_page("pace=flat-out&seed=2").ready()
    stage.click("Start")
    stage.until("Number(d.frames) > 8")
    frames = stage.number("frames")
    os.kill(next(iter(_workers())), signal.SIGKILL)
    expect(stage.page.get_by_text("A worker process died")).to_be_visible(timeout=60_000)
    stage.until(f"Number(d.frames) > {frames + 3}")


def _workers() -> dict[int, float]:
    """The training workers below this test's server: process id -> CPU seconds used so far."""
    parents, commands, used = {}, {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            pid = int(folder.name)
            try:
                fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
                commands[pid] = (folder / "cmdline").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            parents[pid] = int(fields[1])
            used[pid] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    servers = {pid for pid in parents if parents[pid] == os.getpid() and OWN in commands.get(pid, "")}
    return {pid: used[pid] for pid in parents if parents[pid] in servers and "popen_loky" in commands[pid]}


def test_the_run_is_still_there_when_one_comes_back(open_page: Open) -> None:
    stage = open_page("loss=triplet&margin=0.5&pace=flat-out").ready()
    stage.click("Start")
    stage.until("Number(d.frames) > 4")
    step = stage.pause()
    stage.page.get_by_role("link", name="Start").click()
    expect(stage.page.get_by_role("heading", name="Contrastive Loss Lab")).to_be_visible()
    stage.page.get_by_role("link", name="Live training").click()
    stage.until(f"d.step === '{step}'")
    expect(stage.button("Start")).to_be_visible()  # and not "Start with these settings"
    expect(stage.page.get_by_test_id("stSidebar").get_by_text("Triplet margin")).to_be_visible()
    expect(stage.page.get_by_role("slider", name=re.compile("margin"))).to_have_value("0.5")


def card(page: Page, title: str) -> Locator:
    """The link of the card with that title on the start page."""
    block = page.get_by_test_id("stVerticalBlock").filter(has=page.get_by_text(title, exact=True)).last
    return block.get_by_role("link", name="Open")


def test_a_link_on_the_start_page_opens_what_it_says_whatever_was_set_before(open_page: Open) -> None:
    stage = open_page("loss=contrastive&dim=2&unit_norm=false&seed=5&pace=fast").ready()
    stage.click("Start")
    stage.until("Number(d.frames) > 2")
    stage.page.get_by_role("link", name="Start").click()
    card(stage.page, "Without labels").click()
    stage.page.wait_for_url(re.compile("nt_xent"))
    stage.ready()
    stage.wait(lambda: stage.page.url.endswith("loss=nt_xent&batch=256"))
    stage.page.wait_for_timeout(1000)
    assert stage.page.url.endswith("loss=nt_xent&batch=256")
    stage.until("d.step === '0' && d.frames === '1'")
    expect(stage.page.get_by_test_id("stSidebar").get_by_text("NT-Xent (SimCLR)")).to_be_visible()
    stage.page.get_by_role("link", name="Start").click()
    card(stage.page, "Ten digits come apart").click()  # of the default loss, which the address need not name
    expect(stage.page.get_by_test_id("stSidebar").get_by_text("Supervised NT-Xent (SupCon)")).to_be_visible()


def test_two_visitors_train_at_once(open_page: Open) -> None:
    stages = [open_page("pace=flat-out").ready(), open_page("pace=flat-out&loss=contrastive").ready()]
    for stage in stages:
        stage.click("Start")
    for stage in stages:
        stage.until("Number(d.frames) > 6")


def test_a_closed_tab_ends_its_run(open_page: Open) -> None:
    """Its workers fall idle: what is left running would eat the next visitor's time."""
    stage = open_page("pace=flat-out&seed=9").ready()
    stage.click("Start")
    stage.until("Number(d.frames) > 3")
    stage.page.close()
    other = open_page("seed=1")
    other.ready()
    used = []
    for _ in range(12):
        before = sum(_workers().values())
        other.page.wait_for_timeout(1000)
        used.append(sum(_workers().values()) - before)
        if used[-1] < 0.1:
            return
    raise AssertionError(f"workers went on: {used} CPU seconds in each second after the tab was closed")


def test_the_keyboard_reaches_start(open_page: Open) -> None:
    stage = open_page().ready()
    stage.button("Start").focus()
    stage.page.keyboard.press("Enter")
    stage.until("Number(d.frames) > 1")


@pytest.mark.parametrize("view", ["3D", "density"])
def test_the_other_views_show(open_page: Open, view: str) -> None:
    stage = open_page(f"view={view}")
    expect(stage.button("Start")).to_be_enabled(timeout=60_000)
    if view == "3D":
        stage.until("d.dims === '3' && Number(d.frames) > 0")
    else:
        expect(stage.page.locator(".js-plotly-plot")).to_be_visible(timeout=30_000)
