"""Lessons: two visitors of a room see each other's answers, and a step notices when it has been done."""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Locator, Page, expect

from cl_core.teaching import lessons
from cl_core.ui.pages.lesson_bar import link_of

pytestmark = pytest.mark.browser

SLOW = 60_000
LESSONS = lessons.available()[0]


@pytest.fixture
def open_step(open_page: Callable[..., Page]) -> Callable[..., Page]:
    """`open_step("fifty-minutes", 4, "room") -> page`: that step in a window of its own, as soon as its bar shows."""

    def open_(key: str, number: int, room: str = "") -> Page:
        step = LESSONS[key].steps[number - 1]
        path = "" if step.page == "start" else step.page
        page = open_page(f"{path}?{urlencode(link_of(LESSONS[key], number, room))}")
        page.locator(".st-key-lesson").get_by_text(step.title, exact=True).wait_for(timeout=SLOW)
        return page

    return open_


TEXT_COLOUR = "(button) => getComputedStyle(button).color"


def test_two_browsers_in_one_room_see_each_others_answers(open_step: Callable[..., Page]) -> None:
    first, second = (open_step("fifty-minutes", 4, "two-browsers") for _ in range(2))
    expect(second.get_by_text("0 answers")).to_be_visible(timeout=SLOW)
    # choose and commit with the keyboard only
    choice = first.get_by_role("radio", name="An arc of a circle")
    choice.focus()
    choice.press("Enter")
    commit = first.get_by_role("button", name="Submit")
    commit.focus()
    commit.press("Enter")
    answers = first.get_by_role("list", name="Answers of the room")
    expect(answers).to_contain_text("An arc of a circle ✓ correct · you1", timeout=SLOW)
    # before its own answer, the second browser sees only the number of answers
    expect(second.get_by_text("1 answer", exact=True)).to_be_visible(timeout=SLOW)
    expect(second.get_by_role("list", name="Answers of the room")).to_have_count(0)
    second.get_by_role("radio", name="A wedge").click()
    second.get_by_role("button", name="Submit").click()
    expect(second.get_by_role("list", name="Answers of the room")).to_contain_text(
        "A wedge with its tip in the corner · you1", timeout=SLOW
    )
    # the first browser gets the new answer without a click
    expect(answers).to_contain_text("A wedge with its tip in the corner1", timeout=SLOW)
    expect(first.locator(".st-key-lesson_tick")).to_contain_text("done")
    # the next step, on the same page, keeps the room and hides the plane again
    first.get_by_role("link", name="Next").click()
    expect(first.get_by_text("Where exactly?")).to_be_visible(timeout=SLOW)
    expect(first.get_by_text("room two-browsers")).to_be_visible(timeout=SLOW)
    expect(first.get_by_text("Predict first")).to_be_visible(timeout=SLOW)
    disabled_commit = first.get_by_role("button", name="Submit")
    expect(disabled_commit).to_be_disabled()
    assert disabled_commit.evaluate(TEXT_COLOUR) != "rgb(255, 255, 255)"  # readable while it is disabled
    expect(first.locator(".plane .hint")).to_contain_text("Click on a place to choose it", timeout=SLOW)
    sheet = first.locator(".plane .sheet")
    sheet.focus()
    sheet.press("ArrowUp")
    sheet.press("Enter")
    expect(first.get_by_role("button", name="Submit")).to_be_enabled(timeout=SLOW)
    first.get_by_role("button", name="Submit").click()
    expect(first.get_by_text("away from the current boundary")).to_be_visible(timeout=SLOW)
    expect(first.locator(".plane")).to_have_count(1, timeout=SLOW)
    expect(first.locator('.plane [data-do="pairs"]')).to_have_text("Answers")


def test_lesson_step_is_marked_done_without_a_click(open_step: Callable[..., Page]) -> None:
    page = open_step("ten-minutes-alone", 4)
    bar = page.locator(".st-key-lesson")
    expect(page.locator(".st-key-lesson_tick")).to_have_text("to do", timeout=SLOW)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator(".st-key-lesson_tick")).to_contain_text("done", timeout=2 * SLOW)
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Exit lesson", exact=True).click()
    expect(bar).to_have_count(0, timeout=SLOW)
    page.wait_for_url(lambda url: "lesson=" not in url)


HAS_FOCUS = """element => {
    let focused = document.activeElement;
    while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
    return focused === element;
}"""
STOPS = 80  # presses of Tab after which a target counts as out of reach


def tab_to(target: Locator, key: str = "Tab") -> Page:
    """Press Tab, or another key, until a target has the focus; return its page, whose keyboard acts on it then."""
    expect(target).to_be_visible(timeout=SLOW)
    for _ in range(STOPS):
        if target.evaluate(HAS_FOCUS):
            return target.page
        target.page.keyboard.press(key)
    raise AssertionError(f"{target} is not reached with {key}")


def press_until(page: Page, key: str, condition: Callable[[], bool], presses: int = STOPS) -> None:
    """Press a key until a condition holds."""
    for _ in range(presses):
        if condition():
            return
        page.keyboard.press(key)
        page.wait_for_timeout(40)
    raise AssertionError(f"{presses} times {key} changed nothing")


def test_keyboard_alone_goes_through_a_whole_lesson(open_page: Callable[..., Page]) -> None:
    page = open_page("lessons")
    tick, following = page.locator(".st-key-lesson_tick"), page.get_by_role("link", name="Next", exact=True)
    start = page.get_by_role("button", name="Start", exact=True)
    first_step = page.get_by_role("link", name=LESSONS["ten-minutes-alone"].steps[0].title)
    tab_to(first_step).keyboard.press("Enter")

    # a negative is moved away from the anchor
    tab_to(page.locator(".triplet").get_by_role("slider", name="negative n1", exact=True))
    triplet = page.locator(".triplet")
    press_until(page, "ArrowRight", lambda: (triplet.get_attribute("data-kinds") or "").startswith("easy"))
    expect(tick).to_contain_text("done", timeout=SLOW)
    tab_to(following, "Shift+Tab").keyboard.press("Enter")

    # a place in the plane is chosen and submitted
    sheet = page.locator(".plane .sheet")
    expect(page.locator(".plane .hint")).to_contain_text("Click on a place to choose it", timeout=SLOW)
    tab_to(sheet).keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    submit = page.get_by_role("button", name="Submit", exact=True)
    expect(submit).to_be_enabled(timeout=SLOW)
    tab_to(submit, "Shift+Tab").keyboard.press("Enter")
    expect(tick).to_contain_text("done", timeout=SLOW)
    tab_to(following, "Shift+Tab").keyboard.press("Enter")

    # one of several answers is chosen and submitted, and a run is started
    tab_to(page.get_by_role("radio", name="0", exact=True))
    tab_to(page.get_by_role("radio", name="1, its margin"), "ArrowRight").keyboard.press("Enter")
    expect(submit).to_be_enabled(timeout=SLOW)
    tab_to(submit).keyboard.press("Enter")
    tab_to(start).keyboard.press("Enter")
    expect(tick).to_contain_text("done", timeout=2 * SLOW)
    tab_to(following, "Shift+Tab").keyboard.press("Enter")

    # the last run
    expect(page.get_by_text(LESSONS["ten-minutes-alone"].steps[-1].title, exact=True)).to_be_visible(timeout=SLOW)
    tab_to(start).keyboard.press("Enter")
    expect(tick).to_contain_text("done", timeout=2 * SLOW)
    expect(following).to_have_count(0)
