"""The page of triplets: its four parts, and a count of all triplets that does not block other visitors."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app_page import TIMEOUT, wait_until_steady

pytestmark = pytest.mark.browser


@pytest.fixture
def open_triplets(open_page: Callable[..., Page]) -> Callable[[str], Page]:
    """`open_triplets(query) -> page`: the page of triplets with that query string."""

    def open_(query: str) -> Page:
        page = open_page(f"triplets?{query}")
        expect(page.get_by_text("Easy, semi-hard and hard triplets")).to_be_visible(timeout=TIMEOUT)
        return page

    return open_


def test_keyboard_moves_a_point_and_completes_a_task(open_triplets: Callable[[str], Page]) -> None:
    page = open_triplets("scene=semi-hard")
    scene = page.locator(".triplet")
    expect(scene).to_have_attribute("data-kinds", "semihard", timeout=TIMEOUT)
    n1 = scene.locator('[data-point="n1"]')
    n1.focus()
    initial = float(scene.get_attribute("data-d-an") or "nan")
    edge = float(scene.get_attribute("data-edge") or "nan")
    while float(scene.get_attribute("data-d-an") or "nan") < edge:
        assert scene.get_attribute("data-kinds") == "semihard"
        page.keyboard.press("ArrowUp")
        page.wait_for_timeout(30)
    assert float(scene.get_attribute("data-d-an") or "nan") > initial
    expect(scene).to_have_attribute("data-kinds", "easy")
    # the server is told, and marks a task as done once n1 is back within the margin
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(scene).to_have_attribute("data-kinds", "semihard")
    expect(page.get_by_text("check_circle Drag a negative into")).to_be_visible(timeout=TIMEOUT)
    # a preset sets margin, distance and space, and is in the address
    page.get_by_role("radio", name="Margin too large").click()
    expect(scene).to_have_attribute("data-distance", "euclidean", timeout=TIMEOUT)
    expect(scene).to_have_attribute("data-circle", "true")
    expect(page.get_by_role("slider", name="margin")).to_have_value("1.2")
    page.wait_for_url(re.compile("scene=margin\\+too\\+large"))
    expect(page).to_have_url(re.compile("margin=1.2"))
    expect(page.get_by_text("no triplet with d_ap > 0.8")).to_be_visible()


def test_count_of_all_triplets_stops_resumes_and_does_not_block_other_visitors(
    open_triplets: Callable[[str], Page], open_page: Callable[..., Page]
) -> None:
    other = open_page()  # another visitor, who opens another page during the count
    boundaries = other.get_by_role("link", name="Boundaries").first
    expect(boundaries).to_be_visible(timeout=TIMEOUT)
    page = open_triplets("part=every+triplet&embedding=trained&embedded_by=supcon&counted=10000")
    start = page.get_by_role("button", name="Count all 90,154,177,426")
    start.click(timeout=TIMEOUT)
    progress = page.get_by_text(re.compile(r"[\d,]+ of 10,000 anchors"))
    expect(progress).to_be_visible(timeout=TIMEOUT)
    boundaries.click()
    page.get_by_role("button", name="Stop").click()  # at once: the whole count takes some ten seconds
    expect(other.locator(".plane").first).to_be_visible(timeout=TIMEOUT)
    expect(page.get_by_text("Stopped. You can resume where it stopped.")).to_be_visible(timeout=TIMEOUT)
    stopped_at = progress.inner_text()
    page.wait_for_timeout(1000)
    assert progress.inner_text() == stopped_at
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("90,154,177,426 in total")).to_be_visible(timeout=3 * TIMEOUT)
    expect(page.get_by_text(re.compile("of the anchors have"))).to_be_visible()
    # the same count is cached for other visitors
    second_count = open_triplets("part=every+triplet&embedding=trained&embedded_by=supcon&counted=10000")
    expect(second_count.get_by_text("90,154,177,426 in total")).to_be_visible(timeout=TIMEOUT)


def test_invalid_settings_are_reported_and_the_other_parts_open(open_triplets: Callable[[str], Page]) -> None:
    page = open_triplets("part=every+triplet&counted=1000000&margin=minus")
    expect(page.get_by_text("counted must be one of 500, 1000")).to_be_visible(timeout=TIMEOUT)
    expect(page.get_by_text("margin must be a number from 0 to 2")).to_be_visible()
    wait_until_steady(page)  # the server deletes images of a part that is left, so they must not be loading
    page.get_by_role("radio", name="A real batch").click()
    expect(page.locator(".ranking")).to_be_visible(timeout=TIMEOUT)
    page.get_by_role("radio", name="Over a run").click()
    expect(page.locator(".shares")).to_be_visible(timeout=TIMEOUT)
    expect(page.locator(".embedding")).to_be_visible()
