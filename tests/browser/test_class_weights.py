"""Class weights in two dimensions, from the start page: rays, regions and wedges that move with the training."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app_page import wait_for

pytestmark = pytest.mark.browser


def shown(page: Page, name: str) -> list[str | None]:
    """Return a data attribute of each cloud."""
    return page.locator(".embedding").evaluate_all("(all, name) => all.map((e) => e.dataset[name] ?? null)", name)


def share_words(page: Page) -> list[str]:
    return page.locator(".embedding .region-shares").all_inner_texts()


def test_race_in_the_plane_is_reached_from_its_card(open_page: Callable[..., Page]) -> None:
    page = open_page("", motion=True)
    page.get_by_role("link", name="Margins in the plane", exact=True).click()
    page.wait_for_url(re.compile("/compare[?].*contenders=5"))
    clouds = page.locator(".embedding")
    expect(clouds).to_have_count(5, timeout=60_000)
    wait_for(page, lambda: shown(page, "regions") == 5 * ["true"], 120)
    first = shown(page, "right")
    page.get_by_role("button", name="Step", exact=True).click()
    wait_for(page, lambda: shown(page, "step") == 5 * ["1"], 120)
    assert shown(page, "right") != first
    assert "margin met" not in share_words(page)[0], "softmax has none"
    assert all(re.fullmatch(r"in own region [\d.]+ % · margin met [\d.]+ %", text) for text in share_words(page)[1:])
    expect(page.locator(".arena > .regions")).to_contain_text("class weight")
    described = clouds.nth(2).locator("canvas.cloud")
    expect(described).to_have_attribute("aria-label", re.compile("Rays are the class weights.*the margin is met"))

    page.get_by_role("slider", name="Frame").fill("0")  # back in time
    wait_for(page, lambda: shown(page, "right") == first)

    page.get_by_text("class weights", exact=True).click()
    wait_for(page, lambda: shown(page, "regions") == 5 * ["false"])
    page.wait_for_url(re.compile("regions=false"))
    expect(page.locator(".arena > .regions")).to_be_hidden()


def test_class_weights_are_drawn_on_the_training_page_and_hidden_by_keyboard(open_page: Callable[..., Page]) -> None:
    page = open_page("training?loss=am_softmax&margin=0.1&dataset=blobs&dim=2&batch=32&points=500")
    wait_for(page, lambda: shown(page, "regions") == ["true"], 120)
    expect(page.locator(".embedding .regions")).to_contain_text("margin met")
    coloured = """canvas => {
      const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let i = 0; i < data.length; i += 4) {
        const [red, green, blue] = data.subarray(i, i + 3);
        count += Math.max(red, green, blue) - Math.min(red, green, blue) > 8;
      }
      return count / (canvas.width * canvas.height);
    }"""
    canvas = page.locator("canvas.cloud")
    assert canvas.evaluate(coloured) > 0.5, "regions cover the picture"
    page.get_by_role("switch", name="class weights").or_(
        page.get_by_role("checkbox", name="class weights")
    ).first.focus()
    page.keyboard.press("Space")
    wait_for(page, lambda: shown(page, "regions") == ["false"])
    wait_for(page, lambda: canvas.evaluate(coloured) < 0.3)
    expect(page.locator(".embedding .regions")).to_be_hidden()
