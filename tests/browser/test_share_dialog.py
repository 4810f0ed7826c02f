"""Sharing a view: a new browser shows what was chosen in the dialog."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from cl_core.ui.link import share
from tests.browser.servers import Server

pytestmark = pytest.mark.browser

SLOW = 60_000


@pytest.fixture
def open_view(open_window: Callable[..., Page], app_server: Server) -> Callable[[str, str], Page]:
    """`open_view("boundaries?loss=circle", ".plane") -> page`: an address or a link, once such a picture shows."""

    def open_(address: str, picture: str) -> Page:
        page = open_window()
        page.goto(address if address.startswith("http") else f"{app_server.url}/{address}")
        page.locator(picture).first.wait_for(timeout=SLOW)
        return page

    return open_


def choose(dialog: Locator, label: str, *names: str) -> None:
    """Choose entries of a list of the dialog with the keyboard only."""
    for name in names:
        box = dialog.get_by_role("combobox", name=label)
        box.focus()
        box.press_sequentially(name)
        dialog.page.get_by_role("option", name=name, exact=True).wait_for(timeout=SLOW)
        box.press("Enter")
        expect(dialog.get_by_text(name, exact=True).first).to_be_visible()
        box.press("Escape")


def shared_link(page: Page) -> str:
    return page.get_by_role("dialog").locator("code").first.inner_text().replace("\n", "")


def test_shared_link_opens_the_view_as_it_was_prepared(open_view: Callable[[str, str], Page]) -> None:
    page = open_view("boundaries?loss=circle&place=0.2,0.6", ".plane")
    margin = page.get_by_role("slider", name="margin")
    for value in ("0.27", "0.29"):
        margin.press("ArrowRight")
        margin.press("ArrowRight")
        expect(margin).to_have_value(value)
    expect(page.locator(".plane")).to_have_attribute("data-kept", "true", timeout=SLOW)
    page.wait_for_url(lambda url: "margin=0.29" in url)
    expect(page.get_by_text("0.4101").first).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Share", exact=True).click()
    dialog = page.get_by_role("dialog")
    choose(dialog, "Hide", "real pairs")
    choose(dialog, "Lock", "scale")
    expect(dialog.locator("code").first).to_contain_text("lock=scale", timeout=SLOW)
    link = shared_link(page)
    assert link.endswith("boundaries?place=0.2,0.6&margin=0.29&hide=pairs&lock=scale")
    # the QR code encodes this link
    code = share.qr_code(link)
    assert code is not None
    expect(dialog.get_by_text("QR code of the link")).to_be_visible()
    expect(dialog.locator("img")).to_have_attribute("src", code)

    fresh = open_view(link, ".plane")
    plane = fresh.locator(".plane")
    expect(plane).to_have_attribute("data-kept", "true", timeout=SLOW)
    for name in ("x", "y", "loss", "dx", "dy"):
        assert plane.get_attribute(f"data-{name}") == page.locator(".plane").get_attribute(f"data-{name}")
    expect(fresh.get_by_text("0.4101").first).to_be_visible()
    expect(fresh.get_by_role("slider", name="margin")).to_have_value("0.29")
    expect(fresh.get_by_role("slider", name="scale")).to_be_disabled()
    expect(fresh.get_by_text("Real pairs")).to_have_count(0)
    expect(fresh.get_by_role("radio", name="half-trained")).to_have_count(0)
    # what the link hides and locks stays so, on the way back by the app's own links and by the browser's Back
    fresh.get_by_role("link", name="Triplets", exact=True).click()
    fresh.locator(".triplet").first.wait_for(timeout=SLOW)
    expect(fresh.get_by_role("slider", name="margin")).to_have_value("0.2")
    for come_back in (fresh.get_by_role("link", name="Boundaries", exact=True).click, fresh.go_back):
        come_back()
        fresh.locator(".plane").first.wait_for(timeout=SLOW)
        expect(fresh.get_by_role("slider", name="scale")).to_be_disabled(timeout=SLOW)
        expect(fresh.get_by_role("slider", name="margin")).to_have_value("0.29")
        expect(fresh.get_by_role("radio", name="half-trained")).to_have_count(0)
        fresh.wait_for_url(lambda url: "margin=0.29" in url)
        fresh.get_by_role("link", name="Start", exact=True).click()
        expect(fresh.locator(".film")).to_be_visible(timeout=SLOW)


def test_dragged_points_are_in_the_address_and_in_an_embedded_view(open_view: Callable[[str, str], Page]) -> None:
    page = open_view("triplets?scene=semi-hard", ".triplet")
    point = page.locator('.triplet [data-point="n1"]')
    box = point.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 41, y - 23, steps=3)
    page.mouse.up()
    page.wait_for_url(lambda url: "at=" in url)
    distance = page.locator(".triplet").get_attribute("data-d-an")

    embedded = open_view(f"{page.url}&embed=true&big=true&hide=part,scene&lock=margin,distance,space", ".triplet")
    expect(embedded.locator(".triplet")).to_have_attribute("data-d-an", str(distance), timeout=SLOW)
    expect(embedded.get_by_test_id("stSidebar")).to_be_hidden()
    expect(embedded.get_by_role("link", name="Glossary")).to_have_count(0)
    expect(embedded.get_by_role("button", name="Share", exact=True)).to_have_count(0)
    expect(embedded.get_by_text("Try it")).to_be_visible()
    assert embedded.evaluate("getComputedStyle(document.documentElement).fontSize") == "20px"
    # points at their initial positions are not in the address
    page.get_by_role("button", name="Reset the points").click()
    page.wait_for_url(lambda url: "at=" not in url)
