"""Lessons in a real browser: two visitors of a room see each other's answers, and a step notices when it was done."""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from cl_core.teaching import lessons
from cl_core.ui.pages.lesson_bar import link_of

pytestmark = pytest.mark.browser

SLOW = 60_000
LESSONS = lessons.available()[0]


@pytest.fixture
def opened(window: Callable[..., Page], serve: Callable[..., str]) -> Callable[..., Page]:
    """`opened("fifty-minutes", 4, "room")`: that step in a fresh window, as soon as it has its bar."""

    def open_(key: str, number: int, room: str = "", **size: int) -> Page:
        page = window(**size)
        step = LESSONS[key].steps[number - 1]
        path = "" if step.page == "start" else step.page
        page.goto(f"{serve('app.py')}/{path}?{urlencode(link_of(LESSONS[key], number, room))}")
        page.locator(".st-key-lesson").get_by_text(step.title, exact=True).wait_for(timeout=SLOW)
        return page

    return open_


INK = "(button) => getComputedStyle(button).color"


def test_two_browsers_in_one_room_see_each_others_answers(opened: Callable[..., Page]) -> None:
    first, second = opened("fifty-minutes", 4, "two-browsers"), opened("fifty-minutes", 4, "two-browsers")
    expect(second.get_by_text("0 answers")).to_be_visible(timeout=SLOW)
    # by keys alone: a choice, Commit
    choice = first.get_by_role("radio", name="An arc of a circle")
    choice.focus()
    choice.press("Enter")
    commit = first.get_by_role("button", name="Commit")
    commit.focus()
    commit.press("Enter")
    answers = first.get_by_role("list", name="Answers of the room")
    expect(answers).to_contain_text("An arc of a circle ✓ right · you1", timeout=SLOW)
    # the other one sees how many, and no more
    expect(second.get_by_text("1 answer", exact=True)).to_be_visible(timeout=SLOW)
    expect(second.get_by_role("list", name="Answers of the room")).to_have_count(0)
    second.get_by_role("radio", name="A wedge").click()
    second.get_by_role("button", name="Commit").click()
    expect(second.get_by_role("list", name="Answers of the room")).to_contain_text(
        "A wedge with its tip in the corner · you1", timeout=SLOW
    )
    # and the first one, without a click, the other's
    expect(answers).to_contain_text("A wedge with its tip in the corner1", timeout=SLOW)
    expect(first.locator(".st-key-lesson_tick")).to_contain_text("done")
    # the room goes along to the next step, on the same page, where the plane is covered again
    first.get_by_role("link", name="Next").click()
    expect(first.get_by_text("Where exactly?")).to_be_visible(timeout=SLOW)
    expect(first.get_by_text("room two-browsers")).to_be_visible(timeout=SLOW)
    expect(first.get_by_text("Predict first")).to_be_visible(timeout=SLOW)
    waiting = first.get_by_role("button", name="Commit")
    expect(waiting).to_be_disabled()
    assert waiting.evaluate(INK) != "rgb(255, 255, 255)"  # it can be read before it can be pressed
    expect(first.locator(".plane .hint")).to_contain_text("Click on a place to choose it", timeout=SLOW)
    sheet = first.locator(".plane .sheet")
    sheet.focus()
    sheet.press("ArrowUp")
    sheet.press("Enter")
    expect(first.get_by_role("button", name="Commit")).to_be_enabled(timeout=SLOW)
    first.get_by_role("button", name="Commit").click()
    expect(first.get_by_text("from the boundary as it is now")).to_be_visible(timeout=SLOW)
    expect(first.locator(".plane")).to_have_count(1, timeout=SLOW)
    expect(first.locator('.plane [data-do="pairs"]')).to_have_text("Answers")


def test_a_step_is_ticked_without_a_click(opened: Callable[..., Page]) -> None:
    page = opened("ten-minutes-alone", 4)
    bar = page.locator(".st-key-lesson")
    expect(page.locator(".st-key-lesson_tick")).to_have_text("to do", timeout=SLOW)
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator(".st-key-lesson_tick")).to_contain_text("done", timeout=2 * SLOW)
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Leave", exact=True).click()
    expect(bar).to_have_count(0, timeout=SLOW)
    page.wait_for_url(lambda url: "lesson=" not in url)
