"""The page of triplets in a real browser: its four parts, and a census that others do not feel."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

SLOW = 90_000


@pytest.fixture
def part(visit: Callable[..., Page]) -> Callable[[str], Page]:
    """`part(query) -> page`: the page of triplets with that link."""

    def opened(query: str) -> Page:
        page = visit("app.py", "")
        page.goto(page.url.split("?")[0].rstrip("/") + f"/triplets?{query}")
        expect(page.get_by_text("which triplets teach?")).to_be_visible(timeout=SLOW)
        return page

    return opened


def test_one_triplet_from_preset_to_task_by_keys_alone(part: Callable[[str], Page]) -> None:
    page = part("scene=semi-hard")
    scene = page.locator(".triplet")
    expect(scene).to_have_attribute("data-kinds", "semihard", timeout=SLOW)
    n1 = scene.locator('[data-point="n1"]')
    n1.focus()
    before = float(scene.get_attribute("data-d-an") or "nan")
    edge = float(scene.get_attribute("data-edge") or "nan")
    while float(scene.get_attribute("data-d-an") or "nan") < edge:
        assert scene.get_attribute("data-kinds") == "semihard"
        page.keyboard.press("ArrowUp")
        page.wait_for_timeout(30)
    assert float(scene.get_attribute("data-d-an") or "nan") > before
    expect(scene).to_have_attribute("data-kinds", "easy")
    # Python hears of it, and a task is noticed as done once n1 is back within the margin
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(scene).to_have_attribute("data-kinds", "semihard")
    expect(page.get_by_text("check_circle Drag a negative into")).to_be_visible(timeout=SLOW)
    # a preset sets margin, distance and space, and says so in the address
    page.get_by_role("radio", name="margin too large").click()
    expect(scene).to_have_attribute("data-distance", "euclidean", timeout=SLOW)
    expect(scene).to_have_attribute("data-circle", "true")
    expect(page.get_by_role("slider", name="margin")).to_have_value("1.2")
    page.wait_for_url(re.compile("scene=margin\\+too\\+large"))
    assert "margin=1.2" in page.url
    expect(page.get_by_text("no triplet with d_ap > 0.8")).to_be_visible()


def test_a_census_of_everything_is_stopped_goes_on_and_leaves_others_alone(
    part: Callable[[str], Page], visit: Callable[..., Page]
) -> None:
    page = part("part=every+triplet&embedding=trained&embedded_by=supcon&counted=10000")
    start = page.get_by_role("button", name="Count all 90,154,177,426")
    start.click(timeout=SLOW)
    progress = page.get_by_text(re.compile(r"[\d,]+ of 10,000 anchors"))
    expect(progress).to_be_visible(timeout=SLOW)
    # another visitor opens a page, moves a slider and is answered, while this one counts
    other = visit("app.py", "")
    other.get_by_role("link", name="Boundaries").first.click()
    plane = other.locator(".plane").first
    expect(plane).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped; what was counted is kept.")).to_be_visible(timeout=SLOW)
    reached = progress.inner_text()
    page.wait_for_timeout(1000)
    assert progress.inner_text() == reached
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_text("90,154,177,426, each counted")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text(re.compile("of the anchors own"))).to_be_visible()
    # who asks the same again is answered at once
    again = part("part=every+triplet&embedding=trained&embedded_by=supcon&counted=10000")
    expect(again.get_by_text("90,154,177,426, each counted")).to_be_visible(timeout=SLOW)


def test_other_parts_and_links_with_nonsense(part: Callable[[str], Page]) -> None:
    page = part("part=every+triplet&counted=1000000&margin=minus")
    expect(page.get_by_text("counted must be one of 500, 1000")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text("margin must be a number from 0 to 2")).to_be_visible()
    page.get_by_role("radio", name="a real batch").click()
    expect(page.locator(".ranking")).to_be_visible(timeout=SLOW)
    page.get_by_role("radio", name="over a run").click()
    expect(page.locator(".shares")).to_be_visible(timeout=SLOW)
    expect(page.locator(".embedding")).to_be_visible()
