"""The page of retrieval, from the start page, by mouse and by keyboard."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app_page import TIMEOUT

pytestmark = pytest.mark.browser


def test_wrongly_retrieved_image_and_threshold_are_found_from_the_start_page(open_page: Callable[..., Page]) -> None:
    page = open_page("")
    page.get_by_role("link", name="Classified correctly, retrieved wrongly").click()
    nearest = page.locator(".nearest")
    expect(nearest).to_have_count(2, timeout=TIMEOUT)
    expect(nearest.first.get_by_role("img")).to_have_count(11)
    expect(nearest.first.locator("img").first).to_have_attribute("alt", re.compile("^image 247, a 4$"))
    expect(nearest.last.locator(".wrong")).to_have_count(10)
    expect(nearest.last.get_by_role("img", name=re.compile("another class")).first).to_be_visible()
    # the next one by keyboard; the link and both networks follow
    page.get_by_role("button", name="Next image that is retrieved wrongly").press("Enter")
    page.wait_for_url(re.compile("image=(?!247)[0-9]+"))
    number = re.findall("image=([0-9]+)", page.url)[0]
    expect(nearest.first.locator("img").first).to_have_attribute("alt", re.compile(f"^image {number},"))
    expect(nearest.last.locator("img").first).to_have_attribute("alt", re.compile(f"^image {number},"))
    page.get_by_role("radio", name="A threshold").click()
    rates = page.get_by_test_id("stMetricValue")
    expect(rates).to_have_count(4, timeout=TIMEOUT)
    before = rates.all_inner_texts()
    page.get_by_role("slider", name="threshold").press("End")
    page.wait_for_url(re.compile("threshold=1"))
    expect(rates.first).not_to_have_text(before[0], timeout=TIMEOUT)
    expect(rates.first).to_have_text("0.000%")
