"""A page that stays where it is while something runs: notices, steps, keys and focus."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Locator, Page, expect

from cl_core.ui.pages.lesson_bar import link_of
from tests.browser.app_page import wait_for, wait_until_steady
from tests.browser.browser_training import SMALL, BrowserTraining
from tests.browser.test_lesson import LESSONS
from tests.browser.training_page import SMALL as SMALL_ON_SERVER
from tests.browser.training_page import TrainingPage

pytestmark = pytest.mark.browser

Open = Callable[..., BrowserTraining]
WIDE = {"width": 1440, "height": 900}
MAX_SHIFT = 0.1  # "good" by https://web.dev/articles/cls
SLOW = SMALL.replace("flat-out", "slow")
WATCH_SHIFTS = """() => {  // from now on, also of what follows an action of the visitor
    window.shifts = [];
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) shifts.push([entry.startTime, entry.value]);
    }).observe({ type: 'layout-shift', buffered: false });
}"""
OPENING_SHIFTS = """() => new Promise((resolve) => {  // of the whole window since the first paint
    const shifts = [];
    const shift = ({ startTime, value, sources }) => [
        startTime, value, sources.map(({ node }) => node?.dataset?.testid ?? node?.className ?? ''),
    ];
    new PerformanceObserver((list) => shifts.push(...list.getEntries().map(shift)))
        .observe({ type: 'layout-shift', buffered: true });
    setTimeout(() => resolve(shifts), 100);
})"""
WATCH_STEPS = """() => {  // what each painted frame says of the step
    const hosts = [...document.querySelectorAll('[data-testid="stBidiComponentIsolated"]')];
    const shadow = hosts.map((host) => host.shadowRoot).find((each) => each?.querySelector('.trainer'));
    const number = (text) => Number(/step ([\\d,]+)/i.exec(text)?.[1].replaceAll(',', '') ?? -1);
    window.steps = [];
    const look = () => {
        steps.push([
            Number(shadow.querySelector('.embedding').dataset.step),
            number(shadow.querySelector('.state .numbers').textContent),
            number(shadow.querySelector('.embedding .readout').textContent),
            number(shadow.querySelector('[data-reading="step"] b').textContent),
            Number(shadow.querySelector('.knob').getAttribute('aria-valuenow')),
        ]);
    };
    const tick = () => {
        setTimeout(look);  // after the callbacks of this animation frame
        requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
}"""


PAGES = ("", "training", "compare", "triplets", "boundaries", "batch", "lessons")
OPENED = [(name, width) for name in PAGES for width in (1440, 390)]


@pytest.mark.parametrize(("page_name", "width"), OPENED)
def test_nothing_moves_while_a_page_opens(open_page: Callable[..., Page], page_name: str, width: int) -> None:
    page = open_page(page_name, width=width, height=900, motion=True)
    wait_until_steady(page)
    shifts = page.evaluate(OPENING_SHIFTS)
    assert sum(value for _, value, _ in shifts) < MAX_SHIFT, shifts


@pytest.fixture
def open_training(open_page: Callable[..., Page]) -> Open:
    """`open_training("loss=triplet") -> training`, each in a window of its own."""

    def open_(query: str = SLOW, **settings: Any) -> BrowserTraining:
        return BrowserTraining(open_page(f"training?{query}", **{**WIDE, **settings}))

    return open_


def sidebar_slider(page: Page, name: str) -> Locator:
    return page.get_by_test_id("stSidebar").get_by_role("slider", name=re.compile(name))


def shift_of(page: Page, act: Callable[[], Any], settle: int = 1200) -> float:
    """Return by how much the page has shifted in all because of an action."""
    page.evaluate(WATCH_SHIFTS)
    act()
    page.wait_for_timeout(settle)
    return sum(value for _, value in page.evaluate("shifts"))


def test_pause_stays_and_changed_settings_can_be_applied_or_begin_anew(open_training: Open) -> None:
    training = open_training()
    training.train(2)
    page = training.page
    sidebar_slider(page, "temperature").press("ArrowRight")
    expect(training.run_button("Apply")).to_be_visible()
    expect(training.run_button("Restart")).to_be_visible()
    expect(training.run_button("Pause")).to_be_enabled()
    assert training.run()["changes"] == []  # not before the visitor says so
    training.run_button("Apply").click()
    training.wait(lambda: [change["theta"]["temperature"] for change in training.run()["changes"]] == [0.11])
    expect(training.root.locator(".changed")).to_be_hidden()
    (change,) = training.run()["changes"]
    page.wait_for_url(f"**changed={change['step']}**")  # a link to such a run says so
    sidebar_slider(page, "batch size").press("ArrowRight")
    expect(training.run_button("Restart")).to_be_visible()
    expect(training.run_button("Apply")).to_be_hidden()  # a batch of another size needs other programs
    step = training.pause()
    expect(training.run_button("Resume")).to_be_enabled()
    training.page.wait_for_timeout(300)
    assert training.number("step") == step
    expect(training.run_button("Restart")).to_be_visible()
    before = training.run()["id"]
    training.run_button("Restart").click()
    training.wait(lambda: training.run()["id"] != before)
    training.until("d.phase === 'running'")
    expect(training.root.locator(".changed")).to_be_hidden()
    page.wait_for_url(lambda url: "changed=" not in url)


def test_notices_and_buttons_of_a_run_move_nothing(open_training: Open) -> None:
    training = open_training()
    page = training.page
    bar, curves = training.root.locator(".bar"), training.root.locator(".curves")
    row = bar.bounding_box()
    assert shift_of(page, training.start) < MAX_SHIFT
    charts = curves.bounding_box()
    assert shift_of(page, lambda: sidebar_slider(page, "temperature").press("ArrowRight")) < MAX_SHIFT
    expect(training.run_button("Apply")).to_be_visible()
    assert bar.bounding_box() == row
    assert shift_of(page, training.run_button("Pause").click) < MAX_SHIFT
    assert shift_of(page, training.run_button("Restart").click) < MAX_SHIFT
    assert curves.bounding_box() == charts


def test_all_that_names_a_step_names_the_same_at_every_painted_frame(open_training: Open) -> None:
    training = open_training(SMALL.replace("flat-out", "fast"), motion=True)
    training.train(3)
    training.page.evaluate(WATCH_STEPS)
    training.until("Number(d.frames) > 20")
    seen = training.page.evaluate("steps")
    assert len({step for step, *_ in seen}) > 5
    assert [each for each in seen if len(set(each)) > 1] == []


def test_space_starts_and_pauses_and_arrows_step_through_frames(open_training: Open) -> None:
    training = open_training()
    page = training.page
    page.keyboard.press("Space")
    training.until("d.phase === 'running' && Number(d.frames) > 3")
    page.keyboard.press("Space")
    training.until("d.phase === 'paused'")
    training.cloud.wait_until_still()
    newest = int(training.cloud.number("frame"))
    page.keyboard.press("ArrowLeft")
    training.cloud.until(f"d.frame === '{newest - 1}'")
    page.keyboard.press("ArrowRight")
    training.cloud.until(f"d.frame === '{newest}'")
    slider = sidebar_slider(page, "temperature")
    slider.press("ArrowRight")  # which has the focus: its key moves it alone
    page.wait_for_timeout(300)
    assert training.cloud.number("frame") == newest


def test_focus_stays_on_the_pressed_button(open_training: Open) -> None:
    training = open_training()
    play = training.run_button("Start|Resume|Pause")
    play.focus()
    play.press("Enter")
    training.until("d.phase === 'running'")
    expect(training.run_button("Pause")).to_be_focused()
    play.press("Space")
    training.until("d.phase === 'paused'")
    expect(training.run_button("Resume")).to_be_focused()
    sidebar_slider(training.page, "temperature").press("ArrowRight")
    training.run_button("Apply").press("Enter")
    expect(training.root.locator(".changed")).to_be_hidden()
    expect(training.run_button("Resume")).to_be_focused()  # in the place of the button that has gone


def test_focus_stays_on_the_button_that_starts_and_pauses_on_the_server(open_page: Callable[..., Page]) -> None:
    training = TrainingPage(open_page(f"training?{SMALL_ON_SERVER}", **WIDE)).ready()
    training.button("Start").focus()
    training.button("Start").press("Enter")
    expect(training.button("Pause")).to_be_focused()
    training.button("Pause").press("Enter")
    expect(training.button("Start")).to_be_focused()
    training.page.locator("body").evaluate("() => document.activeElement.blur()")
    training.page.keyboard.press("Space")
    expect(training.button("Pause")).to_be_visible()


def test_run_on_the_server_is_there_after_a_reload(open_page: Callable[..., Page]) -> None:
    training = TrainingPage(open_page(f"training?{SMALL_ON_SERVER}", **WIDE)).ready()
    training.train(5)
    step, frames, knn = training.pause(), training.data("frames"), training.metric("kNN")
    training.page.reload()
    training = TrainingPage(training.page)
    training.until(f"d.step === '{step}' && d.frames === '{frames}'")
    training.wait(lambda: training.metric("kNN") == knn)
    assert training.step() == step
    training.click("Step")
    training.until(f"d.step === '{step + 1}'")


def test_one_thing_done_is_one_entry_of_the_history(open_page: Callable[..., Page]) -> None:
    lesson = LESSONS["ten-minutes-alone"]
    steps = lesson.steps
    page = open_page(f"{steps[0].page}?{urlencode(link_of(lesson, 1, ''))}", **WIDE)

    def shown(number: int) -> None:
        page.locator(".st-key-lesson").get_by_text(steps[number - 1].title, exact=True).wait_for(timeout=60_000)
        # the address is written when the page has been run, for which programs may have to be compiled
        page.wait_for_url(re.compile(rf"[?&]step={number}(&|$)"), timeout=120_000)
        page.wait_for_timeout(1500)

    shown(1)
    entries = page.evaluate("history.length")
    for number in (2, 3, 4):
        page.get_by_role("link", name="Next").click()
        shown(number)
        entries += 1
        assert page.evaluate("history.length") == entries, number
    page.go_back()
    shown(3)
    page.go_back()
    shown(2)
    page.go_forward()
    shown(3)


def test_slider_adds_no_entry_to_the_history(open_page: Callable[..., Page]) -> None:
    page = open_page("boundaries?loss=triplet", **WIDE)
    slider = sidebar_slider(page, "margin")
    slider.wait_for()
    page.wait_for_timeout(1500)
    entries = page.evaluate("history.length")
    box = slider.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 80, box["y"] + box["height"] / 2, steps=6)
    page.mouse.up()
    slider.press("ArrowRight")
    page.wait_for_url("**margin=**")
    page.wait_for_timeout(1000)
    assert page.evaluate("history.length") == entries


def test_start_is_the_second_thing_that_the_keyboard_reaches(open_training: Open) -> None:
    training = open_training()
    page = training.page
    page.keyboard.press("Tab")  # the link that skips the sidebar
    page.keyboard.press("Enter")
    expect(training.run_button("Start")).to_be_focused()
    page.keyboard.press("Enter")
    training.until("d.phase === 'running'")
    expect(training.run_button("Pause")).to_be_focused()


def test_race_in_the_browser_is_there_after_a_reload(open_page: Callable[..., Page]) -> None:
    page = open_page("compare?pace=flat-out&dataset=blobs&dim=8&batch=32&batch_2=32", **WIDE)
    arena = page.locator(".arena")
    expect(arena).to_have_attribute("data-phase", "paused", timeout=120_000)
    page.locator("[data-run=play]").click()
    wait_for(page, lambda: int(arena.get_attribute("data-step") or 0) > 20)
    page.locator("[data-run=play]").click()
    expect(arena).to_have_attribute("data-phase", "paused")
    step = arena.get_attribute("data-step")
    page.reload()
    expect(arena).to_have_attribute("data-step", str(step), timeout=120_000)
    expect(arena).to_have_attribute("data-phase", "paused")
