"""The start page in a browser: its film plays by itself, and its cards open their pages."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.app_page import wait_for

pytestmark = pytest.mark.browser

Open = Callable[..., Page]


def film_of(page: Page) -> Locator:
    film = page.locator(".film")
    expect(film).to_have_attribute("data-runs", "4")
    return film


def width_of(element: Locator) -> float:
    return float(element.evaluate("element => element.getBoundingClientRect().width"))


def data(film: Locator, name: str) -> str:
    return film.get_attribute(f"data-{name}") or ""


def test_film_plays_by_itself_pauses_and_replays(open_page: Open) -> None:
    page = open_page("", motion=True)
    film = film_of(page)
    wait_for(page, lambda: int(data(film, "frame")) > 0)
    film.get_by_role("button", name="Pause").or_(film.get_by_role("button", name="Replay")).wait_for()
    wait_for(page, lambda: data(film, "phase") == "ended")
    film.get_by_role("button", name="Replay").click()
    film.get_by_role("button", name="Pause").click()
    expect(film).to_have_attribute("data-phase", "paused")
    held = data(film, "frame")
    page.wait_for_timeout(700)
    assert data(film, "frame") == held
    assert "500 handwritten digits" in (film.get_by_role("img").get_attribute("aria-label") or "")


def test_reduced_motion_shows_the_end_and_waits(open_page: Open) -> None:
    film = film_of(open_page(""))
    expect(film).to_have_attribute("data-phase", "paused")
    assert int(data(film, "step")) == 600


def test_slider_changes_the_film_without_the_server(open_page: Open) -> None:
    page = open_page("", motion=True)
    film = film_of(page)
    page.context.set_offline(True)
    ruler = film.locator(".ruler i")
    width = width_of(ruler)
    film.get_by_role("slider", name="Margin").focus()
    page.keyboard.press("End")
    expect(film).to_have_attribute("data-value", "2")
    expect(film.locator(".value")).to_have_text("2")
    wait_for(page, lambda: width_of(ruler) > 1.3 * width)  # from 1.5 to 2
    page.context.set_offline(False)


def test_whole_card_opens_its_page_and_shows_the_focus(open_page: Open) -> None:
    page = open_page("")
    card = page.locator(".st-key-card_boundaries")
    link = card.get_by_role("link", name="Decision boundaries", exact=True)
    expect(card.get_by_role("link")).to_have_count(1)
    link.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(link).to_be_focused()
    outline = "element => getComputedStyle(element, '::after').outlineStyle"
    assert link.evaluate(outline) == "solid"
    image = card.locator("img.light")
    image.scroll_into_view_if_needed()
    wait_for(page, lambda: image.evaluate("image => image.complete && image.naturalWidth === 400"))
    page.evaluate("() => { window.sameSession = true; }")
    image.click(force=True)  # below the link, which is what receives it
    page.wait_for_url(re.compile("/boundaries[?].*pairs=half-trained"))
    assert page.evaluate("() => window.sameSession"), "opened without loading the app again"


def test_pictures_follow_the_theme(open_page: Open) -> None:
    page = open_page("")
    card = page.locator(".st-key-card_boundaries")
    expect(card.locator("img.light")).to_be_visible()
    expect(card.locator("img.dark")).to_be_hidden()
    page.emulate_media(color_scheme="dark")
    expect(card.locator("img.dark")).to_be_visible()
    expect(card.locator("img.light")).to_be_hidden()
