"""Menus in a browser: titles in the menu, keys in the address, and one entry of the history for each choice."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app_page import wait_until_steady

pytestmark = pytest.mark.browser

SLOW = 30_000  # ms


def choose(page: Page, label: str, title: str) -> None:
    """Choose an option of a menu by its title."""
    wait_until_steady(page)
    menu = page.get_by_test_id("stSelectbox").filter(has_text=label).get_by_role("combobox")
    menu.scroll_into_view_if_needed()
    page.wait_for_timeout(300)  # scrolling closes a list
    menu.click()
    page.get_by_role("option", name=title, exact=True).click()


def entries(page: Page) -> int:
    """Return the length of the browser's history."""
    return int(page.evaluate("history.length"))


def test_choices_are_entries_of_the_history_that_back_undoes(open_page: Callable[..., Page]) -> None:
    page = open_page("boundaries?margin=0.4")
    page.locator(".plane").first.wait_for(timeout=SLOW)
    margin = page.get_by_role("slider", name="margin")
    expect(margin).to_have_value("0.4")
    before = entries(page)
    choose(page, "loss", "Triplet margin")
    page.wait_for_url(re.compile(r"boundaries\?loss=triplet$"))
    choose(page, "mining", "batch-hard")
    page.wait_for_url(re.compile(r"boundaries\?loss=triplet&mining=batch_hard$"))
    assert entries(page) == before + 2
    menu = page.get_by_test_id("stSelectbox").filter(has_text="mining").get_by_role("combobox")
    expect(menu).to_have_value("batch-hard")
    page.go_back()
    expect(menu).to_have_value("semi-hard", timeout=SLOW)
    page.go_back()
    expect(menu).to_have_count(0, timeout=SLOW)
    expect(margin).to_have_value("0.4", timeout=SLOW)
    page.wait_for_url(re.compile(r"boundaries\?margin=0.4$"))
    page.go_forward()
    expect(menu).to_have_value("semi-hard", timeout=SLOW)
    page.wait_for_url(re.compile(r"boundaries\?loss=triplet$"))
