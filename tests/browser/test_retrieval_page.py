"""The page of retrieval, from the start page, by mouse and by keyboard."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app_page import TIMEOUT, wait_for

pytestmark = pytest.mark.browser


def test_neighbours_follow_pointer_keys_and_numbers_from_the_start_page(open_page: Callable[..., Page]) -> None:
    page = open_page("")
    page.get_by_role("link", name="Classified correctly, retrieved wrongly").click()
    root = page.locator(".neighbours[data-first]")
    expect(root).to_have_attribute("data-image", "247", timeout=TIMEOUT)
    tiles = root.locator(".tiles")
    expect(tiles).to_have_count(2)
    expect(tiles.last.get_by_role("button")).to_have_count(10)
    expect(tiles.first.get_by_role("img", name="image 247, a 4")).to_be_visible()
    expect(tiles.last.locator(".wrong")).to_have_count(10)
    expect(tiles.last.get_by_role("button", name=re.compile("another class")).first).to_be_visible()
    # pointing shows an image without choosing it; nothing is sent
    cloud = page.get_by_role("application").first
    box = cloud.bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.45 * box["height"])
    expect(root).not_to_have_attribute("data-image", "247")
    expect(root).to_have_attribute("data-chosen", "247")
    pointed = root.get_attribute("data-image")
    assert pointed
    expect(tiles.first.get_by_role("img")).to_have_attribute("aria-label", re.compile(f"^image {pointed},"))
    expect(tiles.last.get_by_role("img")).to_have_attribute("aria-label", re.compile(f"^image {pointed},"))
    page.mouse.move(box["x"] - 40, box["y"])
    expect(root).to_have_attribute("data-image", "247")
    # a click keeps it, and the link has it
    page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 0.45 * box["height"])
    expect(root).to_have_attribute("data-chosen", pointed)
    page.wait_for_url(re.compile(f"image={pointed}"))
    page.mouse.move(0, 0)
    # keys: the next image, and the next that is retrieved wrongly, as the button says
    cloud.focus()
    page.keyboard.press("ArrowRight")
    expect(root).to_have_attribute("data-image", str(int(pointed) + 1))
    page.keyboard.press("ArrowDown")
    wrong = [tiles.nth(i).get_by_role("button").first for i in range(2)]
    wait_for(page, lambda: any("another class" in (each.get_attribute("aria-label") or "") for each in wrong))
    down = root.get_attribute("data-image")
    page.keyboard.press("ArrowUp")
    page.get_by_role("button", name="Next image that is retrieved wrongly").press("Enter")
    expect(root).to_have_attribute("data-image", down or "")
    # a neighbour is marked where the keyboard is, and becomes the image when it is pressed
    first = tiles.first.get_by_role("button").first
    first.focus()
    neighbour = (root.get_attribute("data-first") or "").split()[0]
    expect(root).to_have_attribute("data-marked", neighbour)
    first.press("Enter")
    expect(root).to_have_attribute("data-image", neighbour)
    # a number is searched
    number = page.get_by_role("spinbutton", name="test image")
    number.fill("9999")
    expect(root).to_have_attribute("data-image", "9999")
    number.fill("10000")
    expect(root).to_have_attribute("data-image", "9999")
    page.wait_for_url(re.compile("image=9999"))
    page.reload()
    expect(page.locator(".neighbours[data-first]")).to_have_attribute("data-image", "9999", timeout=TIMEOUT)


def test_threshold_is_found_from_the_menu(open_page: Callable[..., Page]) -> None:
    page = open_page("")
    page.get_by_role("link", name="Retrieval").click()
    expect(page.locator(".points[data-points]")).to_be_visible(timeout=TIMEOUT)
    page.get_by_role("radio", name="A threshold").click()
    rates = page.get_by_test_id("stMetricValue")
    expect(rates).to_have_count(4, timeout=TIMEOUT)
    before = rates.all_inner_texts()
    page.get_by_role("slider", name="threshold").press("End")
    page.wait_for_url(re.compile("threshold=1"))
    expect(rates.first).not_to_have_text(before[0], timeout=TIMEOUT)
    expect(rates.first).to_have_text("0.000%")
